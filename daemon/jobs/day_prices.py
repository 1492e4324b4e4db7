"""What the broker says of symbols on the morning of a day, and the closes remembered of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import BrokerError
from algorithms.decimals import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from adapters.broker import Quote
    from algorithms.domain import AccountName, Symbol
    from algorithms.instruments import Instrument
    from daemon.execution.persistence import Persistence
    from daemon.jobs.runs import JobRun
    from daemon.jobs.timetable import Timetable
    from daemon.market import Market
    from daemon.storage.tx import Tx

ASKED_AT_ONCE = 16
CLOSES_KEPT = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class DayPrice:
    """A symbol today. ``close_before`` is the close of the day before the last one, if known."""

    instrument: Instrument
    quote: Quote
    close_before: Decimal | None


class DayPrices:
    """Asks for prices, and keeps closes from day to day."""

    def __init__(self, market: Market, persistence: Persistence) -> None:
        self._market = market
        self._persistence = persistence

    async def of(
        self, run: JobRun, timetable: Timetable, symbols: Iterable[Symbol]
    ) -> tuple[dict[Symbol, DayPrice], list[str]]:
        """Return the prices of symbols, and why those that are missing are."""
        turns = asyncio.Semaphore(ASKED_AT_ONCE)
        found: dict[Symbol, tuple[Instrument, Quote]] = {}
        problems: list[str] = []

        async def ask(symbol: Symbol) -> None:
            async with turns:
                try:
                    instrument = await self._market.instrument(run.account, symbol)
                    quote = await self._market.quote(run.account, symbol)
                except BrokerError as error:
                    problems.append(f"no price of {symbol}: {error}")
                else:
                    found[symbol] = instrument, quote

        await asyncio.gather(*map(ask, symbols))
        closes = await self._closes(run, timetable, {s: quote for s, (_, quote) in found.items()})
        prices = {
            symbol: DayPrice(instrument, quote, closes.get(symbol))
            for symbol, (instrument, quote) in found.items()
        }
        return prices, sorted(problems)

    async def _closes(
        self, run: JobRun, timetable: Timetable, quotes: Mapping[Symbol, Quote]
    ) -> dict[Symbol, Decimal]:
        """Store the last closes; return those of the trading day before that are known."""
        last = timetable.sessions.day_before(run.day)
        before = None if last is None else timetable.sessions.day_before(last)
        if last is None or before is None:
            return {}

        def keep(tx: Tx) -> dict[Symbol, Decimal]:
            oldest = (run.day - CLOSES_KEPT).isoformat()
            tx.execute("forget_closes", account=run.account, before=oldest)
            for symbol, quote in quotes.items():
                if quote.previous_close is not None:
                    _save(tx, run.account, symbol, last.isoformat(), quote.previous_close)
            known = {s: _close(tx, run.account, s, before.isoformat()) for s in quotes}
            return {symbol: close for symbol, close in known.items() if close is not None}

        return await self._persistence.write(keep)


def _save(tx: Tx, account: AccountName, symbol: Symbol, day: str, close: Decimal) -> None:
    tx.execute("save_close", account=account, symbol=symbol, day=day, close=to_text(close))


def _close(tx: Tx, account: AccountName, symbol: Symbol, day: str) -> Decimal | None:
    row = tx.fetch_one("close_of_day", account=account, symbol=symbol, day=day)
    return None if row is None else Decimal(row["close"])
