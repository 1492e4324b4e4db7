"""Sums over everything that was traded and crossed: kept, and brought up to date when looked at.

They are made once after a start, beside everything else, and are never older than the look. Nobody
waits for them: who looks before they are whole is told so, and told again once they are.
The database groups and Python adds: SQLite would add decimals as floats, and fetching a hundred
thousand rows takes longer than both. Ids are in the order of commits (one writer makes them), so
what is new begins after the last one seen.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from operator import mul
from typing import TYPE_CHECKING

from adapters.sqlite.errors import StorageError
from algorithms.decimals import ZERO, add, exactly, subtract

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from daemon.web.page import Fetch, Sources

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 5_000
"""The most that is read in one trip: what takes some milliseconds, so that nobody notices."""
DAYS_KEPT = 400
BREATH_S = 0.02


@dataclass(slots=True)
class Day:
    """What a book traded on a market day. ``gain``: profit of its sales, less all fees."""

    trades: int = 0
    gain: Decimal = ZERO


@dataclass(slots=True)
class Savings:
    """What crossing spared an account so far."""

    pairs: int = 0
    value: Decimal = ZERO
    commission: Decimal = ZERO
    broker_orders: int = 0


class Totals:
    """Sums by account and book, and by account."""

    def __init__(self) -> None:
        self.days: dict[tuple[str, str], dict[str, Day]] = {}
        self.saved: defaultdict[str, Savings] = defaultdict(Savings)
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._last_fill = ""
        self._last_pair = ""

    async def run(self, sources: Sources, tell: Callable[[], None]) -> None:
        """Make whole what is not, little by little, and ``tell`` once it is; until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                while await self._take_some(sources):
                    await sources.clock.sleep(BREATH_S)
            except StorageError as error:
                log.debug("the sums of pages wait for the next look: %s", error)
            else:
                tell()

    async def follow(self, sources: Sources) -> bool:
        """Take in some of what is new; return whether that was all, or the rest is being added."""
        if not await self._take_some(sources):
            return True
        self._wanted.set()
        return False

    async def _take_some(self, sources: Sources) -> bool:
        """Take in some of what is new; return whether there may be more."""
        currencies = {
            str(name): account.currency
            for name, account in sources.engine.registry.accounts.items()
        }
        return await sources.read(lambda fetch: self._take(fetch, currencies))

    def gain_on(self, account: str, book: str, day: str) -> Day:
        """Return what a book did on a day."""
        return self.days.get((account, book), {}).get(day, Day())

    def curve(self, account: str, books: Iterable[str]) -> list[tuple[str, Decimal]]:
        """Return the sum of gains at the end of each day that saw a trade, oldest first."""
        by_day: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for book in books:
            for day, traded in self.days.get((account, book), {}).items():
                by_day[day] = add(by_day[day], traded.gain)
        total, points = ZERO, []
        for day, gain in sorted(by_day.items()):
            total = add(total, gain)
            points.append((day, total))
        return points

    def _take(self, fetch: Fetch, currencies: Mapping[str, str]) -> bool:
        """Take in some of what is new; return whether there may be more."""
        (fills,) = fetch("fills_until", after=self._last_fill, others=ROWS_AT_ONCE - 1)
        until = fills["far"] or fills["newest"]
        if until:
            for row in fetch("fills_between", after=self._last_fill, until=until):
                self._take_fills(row, currencies.get(row["account"], ""))
            self._last_fill = until
        (pairs,) = fetch("pairs_until", after=self._last_pair, others=ROWS_AT_ONCE - 1)
        until = pairs["far"] or pairs["newest"]
        if until:
            for row in fetch("pairs_between", after=self._last_pair, until=until):
                self._take_pairs(row)
            self._last_pair = until
        return bool(fills["far"] or pairs["far"])

    def _take_fills(self, row: sqlite3.Row, currency: str) -> None:
        days = self.days.setdefault((row["account"], row["book"]), {})
        day = days.setdefault(row["market_day"], Day())
        day.trades += row["trades"]
        day.gain = add(day.gain, _total(row["profits"]))
        if row["fee_asset"] == currency:
            day.gain = subtract(day.gain, _total(row["fees"]))
        _fold(days)

    def _take_pairs(self, row: sqlite3.Row) -> None:
        saved = self.saved[row["account"]]
        saved.pairs += row["pairs"]
        saved.broker_orders += row["broker_orders"]
        saved.commission = add(saved.commission, _total(row["commissions"]))
        quantities, prices = (map(Decimal, row[name].split()) for name in ("quantities", "prices"))
        with exactly():
            saved.value = sum(map(mul, quantities, prices), saved.value)


def _total(texts: str | None) -> Decimal:
    """Add decimals that stand in a line."""
    if texts is None:
        return ZERO
    with exactly():
        return sum(map(Decimal, texts.split()), ZERO)


def _fold(days: dict[str, Day]) -> None:
    """Put the two oldest days together if there are too many, so that sums stay right."""
    while len(days) > DAYS_KEPT:
        oldest, second = sorted(days)[:2]
        gone = days.pop(oldest)
        days[second].trades += gone.trades
        days[second].gain = add(days[second].gain, gone.gain)
