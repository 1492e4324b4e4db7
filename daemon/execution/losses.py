"""max_daily_loss: a book that has lost too much on its market day is halted, once, with an alarm.

Looked at again and again while the limit is set, because prices move without any order. A person
who resumes the book has decided: it is not halted again on the same market day.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from adapters.broker import BrokerError
from algorithms.bookkeeping import EventKind, Ratio
from algorithms.decimals import ZERO, add, divide, to_text
from algorithms.domain import AccountName, Side, Symbol
from algorithms.ledger import COST_PLACES
from algorithms.risk import DayTrade, day_result, loses_too_much
from daemon.execution.halts import Scope
from daemon.notices import raise_notice
from daemon.signals import WorkArrived

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Sequence

    from adapters.broker import Quote
    from algorithms.domain import BookName
    from daemon.execution.services import Services
    from daemon.registry import Account
    from daemon.storage.tx import Tx, View


@dataclass(frozen=True, slots=True)
class _Line:
    """One symbol of one book on a market day."""

    book: BookName
    symbol: Symbol
    units: Decimal
    trades: tuple[DayTrade, ...]
    moved: Decimal


class LossWatch:
    """Watches the results of all books."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def run(self) -> None:
        """Look at every account that is connected, side by side: a silent venue delays no other.

        One that does not answer is left for later. Without the limit there is nothing to look at.
        """
        if self._services.current.setup.risk.limits.max_daily_loss is None:
            return
        async with asyncio.TaskGroup() as looks:
            for name in sorted(self._services.brokers):
                looks.create_task(self._look_at(self._services.registry.accounts[name]))

    async def _look_at(self, account: Account) -> None:
        services = self._services
        now = services.clock.now()
        day = services.brokers[account.name].market_day(now).isoformat()
        lines = await services.persistence.read(lambda view: self._lines(view, account, day))
        results: defaultdict[BookName, Decimal] = defaultdict(lambda: ZERO)
        unpriced: set[BookName] = set()
        for line in lines:
            try:
                quote = await services.market.quote(account.name, line.symbol)
            except BrokerError:
                unpriced.add(line.book)
                continue
            results[line.book] = add(results[line.book], _result(line, quote))
        for book, result in sorted(results.items()):
            if book not in unpriced and loses_too_much(services.current.setup.risk.limits, result):
                await self._halt(account, book, day, result)

    def _lines(self, view: View, account: Account, day: str) -> list[_Line]:
        """What every book of an account holds of each symbol, and what it traded that day.

        While a split is carried out its symbol is left out: prices and units do not fit together.
        """
        rows = view.fetch("fills_of_day", account=account.name, market_day=day)
        splits = _splits(view, account.name, rows)
        trades: defaultdict[tuple[BookName, Symbol], list[DayTrade]] = defaultdict(list)
        for row in rows:
            trades[row["book"], Symbol(row["symbol"])].append(_trade(row, account, splits))
        moved: defaultdict[tuple[BookName, Symbol], Decimal] = defaultdict(lambda: ZERO)
        for row in view.fetch("entries_of_day", account=account.name, market_day=day):
            if row["kind"] != EventKind.SPLIT:
                key = (row["book"], Symbol(row["asset"]))
                moved[key] = add(moved[key], Decimal(row["quantity"]))
        held: dict[tuple[BookName, Symbol], Decimal] = dict.fromkeys(trades, ZERO)
        for row in view.fetch("positions_of_account", account=account.name):
            if row["asset"] != account.currency and Decimal(row["quantity"]):
                held[row["book"], Symbol(row["asset"])] = Decimal(row["quantity"])
        ours = {book.name for book in self._services.registry.books_of_account[account.name]}
        resting = {
            row["symbol"] for row in view.fetch("pending_splits") if row["account"] == account.name
        }
        return [
            _Line(book, symbol, units, tuple(trades[book, symbol]), moved[book, symbol])
            for (book, symbol), units in sorted(held.items())
            if book in ours and symbol not in resting
        ]

    async def _halt(self, account: Account, book: BookName, day: str, result: Decimal) -> None:
        services = self._services
        halt = partial(self._halt_in, account=account.name, book=book, day=day, result=result)
        reason = await services.persistence.write(halt)
        if reason is not None:
            services.halts.note(Scope.BOOK, book, reason)

    def _halt_in(
        self, tx: Tx, *, account: AccountName, book: BookName, day: str, result: Decimal
    ) -> str | None:
        """Halt a book unless it was halted for its loss on that day; return the reason."""
        services = self._services
        fact = f"daily_loss:{account}:{book}"
        known = tx.fetch_one("fact", name=fact)
        if known is not None and known["value"] == day:
            return None
        now = services.clock.now()
        most = services.current.setup.risk.limits.max_daily_loss
        assert most is not None  # or nobody would have looked
        reason = f"lost {to_text(result.copy_negate())} on {day}, risk.max_daily_loss is " + (
            to_text(most)
        )
        tx.execute("remember_fact", name=fact, value=day)
        services.halts.halt_in(tx, Scope.BOOK, book, reason, now)
        raise_notice(
            tx,
            services.ids.new(),
            "daily_loss",
            now,
            account=account,
            book=book,
            loss=to_text(result.copy_negate()),
            limit=to_text(most),
            day=day,
        )
        for symbol in self._symbols(tx, account, book):
            tx.signal(WorkArrived(account, symbol))
        return reason

    def _symbols(self, view: View, account: AccountName, book: BookName) -> Iterable[Symbol]:
        rows = view.fetch("live_parents_of_account", account=account)
        return {Symbol(row["symbol"]) for row in rows if row["book"] == book}


def _splits(
    view: View, account: AccountName, fills: Sequence[sqlite3.Row]
) -> list[tuple[int, Symbol, Ratio]]:
    """Return the splits since the first of these fills: when, of what, by how much."""
    if not fills:
        return []
    since = min(row["booked_at"] for row in fills)
    return [
        (row["applied_at"], Symbol(row["symbol"]), Ratio(row["new_units"], row["old_units"]))
        for row in view.fetch("splits_since", account=account, since=since)
    ]


def _trade(
    row: sqlite3.Row, account: Account, splits: Sequence[tuple[int, Symbol, Ratio]]
) -> DayTrade:
    """A fill in the units of now: what was traded before a split counts in those after it."""
    units, price = Decimal(row["quantity"]), Decimal(row["price"])
    for at, symbol, ratio in splits:
        if symbol == row["symbol"] and row["booked_at"] <= at:
            units = divide(units * ratio.new, Decimal(ratio.old), COST_PLACES)
            price = divide(price * ratio.old, Decimal(ratio.new), COST_PLACES)
    fee = Decimal(row["fee"]) if row["fee_asset"] == account.currency else ZERO
    return DayTrade(units if row["side"] == Side.BUY else units.copy_negate(), price, fee)


def _result(line: _Line, quote: Quote) -> Decimal:
    return day_result(
        line.units,
        last=quote.last,
        previous_close=quote.previous_close,
        trades=line.trades,
        moved=line.moved,
    )
