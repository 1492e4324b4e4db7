"""The executions of an account, symbol by symbol, asked for once and then only what is new.

Binance tells trades of one symbol at a time and charges dearly for it, so what was told is kept.
Each question overlaps the last: its answers come from copies that may lag behind.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.binance.fields import integer, text, time_of
from adapters.binance.routes import PAGE
from adapters.fields import rows_of
from algorithms.decimals import ZERO, total

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from adapters.binance.orders import Known, Reader
    from adapters.binance.routes import Routes
    from adapters.binance.wire import Call
    from adapters.broker import BrokerFill
    from adapters.fields import Fields
    from algorithms.domain import Symbol

OVERLAP = timedelta(minutes=1)
AHEAD = timedelta(minutes=1)
"""Questions reach a little beyond our own time: the venue's clock may be ahead."""
MOST_PAGES = 50
MOST_KEPT = 20_000
"""Executions of a symbol that are kept; older ones are asked for again when they are wanted."""


@dataclass(slots=True)
class _Log:
    """Executions of one symbol by trade id, complete from ``since`` to ``until``."""

    since: datetime
    until: datetime
    fills: dict[int, BrokerFill] = field(default_factory=dict)


class Trades:
    """Reads executions.

    ``ask`` sends a question and returns the body of its answer; ``know`` finds out whose order a
    number is.
    """

    def __init__(
        self,
        routes: Routes,
        reader: Reader,
        ask: Callable[[Call], Awaitable[object]],
        know: Callable[[Symbol, str], Awaitable[Known]],
    ) -> None:
        self._routes = routes
        self._reader = reader
        self._ask = ask
        self._know = know
        self._logs: dict[Symbol, _Log] = {}

    async def of_order(self, symbol: Symbol, number: str, known: Known) -> tuple[BrokerFill, ...]:
        """Return every execution of one order, oldest first."""
        rows = rows_of(await self._ask(self._routes.trades_of(symbol, number)))
        return self._in_sequence(rows, known)

    async def since(
        self, symbol: Symbol, since: datetime, now: datetime, *, must_ask: datetime
    ) -> tuple[BrokerFill, ...]:
        """Return the executions of a symbol at or after ``since``, oldest first.

        A log that reaches beyond ``must_ask`` is believed to be complete.
        """
        log = self._logs.get(symbol)
        if log is None or since < log.since:
            log = self._logs[symbol] = _Log(since, since)
        if log.until <= must_ask + OVERLAP:
            await self._catch_up(symbol, log, now)
            self._trim(log)
        wanted = (log.fills[trade] for trade in sorted(log.fills))
        return tuple(fill for fill in wanted if fill.at >= since)

    async def _catch_up(self, symbol: Symbol, log: _Log, now: datetime) -> None:
        """Ask span by span up to now; a question that fails loses none that were answered."""
        end = now + AHEAD
        start = max(log.since, log.until - OVERLAP)
        while True:
            until = min(start + self._routes.longest_span, end)
            rows = await self._span(symbol, start, until)
            for fill, trade in await self._read(symbol, rows, log):
                log.fills[trade] = fill
            log.until = max(log.until, min(until, now))
            if until >= end:
                return
            start = until

    async def _span(self, symbol: Symbol, start: datetime, until: datetime) -> list[Fields]:
        rows = rows_of(await self._ask(self._routes.trades_between(symbol, start, until)))
        page = rows
        for _ in range(MOST_PAGES):
            if len(page) < PAGE:
                break
            last = integer(page[-1], "id")
            page = rows_of(await self._ask(self._routes.trades_from(symbol, last + 1)))
            rows = rows + page
        return rows

    async def _read(
        self, symbol: Symbol, rows: Iterable[Fields], log: _Log
    ) -> list[tuple[BrokerFill, int]]:
        """Read the trades that are news, with what filled of their orders before."""
        news = [row for row in rows if integer(row, "id") not in log.fills]
        news.sort(key=lambda row: integer(row, "id"))
        by_order: dict[str, list[Fields]] = {}
        for row in news:
            by_order.setdefault(text(row, "orderId"), []).append(row)
        found = []
        for number, trades in by_order.items():
            known = await self._known(symbol, number)
            if known.placed_at >= log.since:
                fills = self._in_sequence(trades, known, log)
            else:
                fills = await self.of_order(symbol, number, known)
            wanted = {integer(row, "id") for row in trades}
            found += [
                (fill, int(fill.trade_id))
                for fill in fills
                if fill.trade_id is not None and int(fill.trade_id) in wanted
            ]
        return found

    async def _known(self, symbol: Symbol, number: str) -> Known:
        """Return whose order a trade belongs to, asking the venue where it is not remembered."""
        return self._reader.memory.get(symbol, number) or await self._know(symbol, number)

    def _in_sequence(
        self, rows: Iterable[Fields], known: Known, log: _Log | None = None
    ) -> tuple[BrokerFill, ...]:
        """Read an order's trades one after the other, each with what filled up to it."""
        filled = ZERO
        if log is not None:
            filled = total(
                fill.quantity for fill in log.fills.values() if fill.order_id == known.id
            )
        fills = []
        for row in sorted(rows, key=lambda row: (time_of(row, "time"), integer(row, "id"))):
            fill = self._reader.fill(row, known, filled)
            filled = fill.cumulative
            fills.append(fill)
        return tuple(fills)

    def _trim(self, log: _Log) -> None:
        """Forget the oldest executions of a busy symbol."""
        surplus = len(log.fills) - MOST_KEPT
        if surplus <= 0:
            return
        for trade in sorted(log.fills)[:surplus]:
            dropped = log.fills.pop(trade)
            log.since = max(log.since, dropped.at + timedelta(milliseconds=1))
