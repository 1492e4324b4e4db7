"""Sums over everything that was traded and crossed: kept, and brought up to date when looked at.

Exact sums of a hundred thousand fills take a tenth of a second, too long for each look. Ids are in
the order of commits (one writer makes them), so what is new begins after the last one seen.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, add, multiply, subtract

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from daemon.web.page import Sources

ROWS_AT_ONCE = 4000
"""Between these the event loop has its turn."""
DAYS_KEPT = 400


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


@dataclass(slots=True)
class Totals:
    """Sums by account and book, and by account."""

    days: dict[tuple[str, str], dict[str, Day]] = field(default_factory=dict)
    saved: defaultdict[str, Savings] = field(default_factory=lambda: defaultdict(Savings))
    _last_fill: str = ""
    _last_pair: str = ""

    async def follow(self, sources: Sources) -> None:
        """Take in what is new."""
        currencies = {
            str(name): account.currency
            for name, account in sources.engine.registry.accounts.items()
        }
        while True:
            fills, pairs = await sources.read(
                lambda fetch: (
                    fetch("fills_after", after=self._last_fill, limit=ROWS_AT_ONCE),
                    fetch("pairs_after", after=self._last_pair, limit=ROWS_AT_ONCE),
                )
            )
            self._take_fills(fills, currencies)
            self._take_pairs(pairs)
            if max(len(fills), len(pairs)) < ROWS_AT_ONCE:
                return

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

    def _take_fills(self, rows: Iterable[sqlite3.Row], currencies: dict[str, str]) -> None:
        for row in rows:
            days = self.days.setdefault((row["account"], row["book"]), {})
            day = days.get(row["market_day"])
            if day is None:
                day = days[row["market_day"]] = Day()
                _fold(days)
            day.trades += 1
            if row["profit"] is not None:
                day.gain = add(day.gain, Decimal(row["profit"]))
            if row["fee_asset"] == currencies.get(row["account"]):
                day.gain = subtract(day.gain, Decimal(row["fee"]))
            self._last_fill = row["id"]

    def _take_pairs(self, rows: Iterable[sqlite3.Row]) -> None:
        for row in rows:
            saved = self.saved[row["account"]]
            saved.pairs += 1
            value = multiply(Decimal(row["quantity"]), Decimal(row["price"]))
            saved.value = add(saved.value, value)
            saved.commission = add(saved.commission, Decimal(row["commission_saved"]))
            saved.broker_orders += row["broker_orders_saved"]
            self._last_pair = row["id"]


def _fold(days: dict[str, Day]) -> None:
    """Put the two oldest days together if there are too many, so that sums stay right."""
    if len(days) > DAYS_KEPT:
        oldest, second = sorted(days)[:2]
        gone = days.pop(oldest)
        days[second].trades += gone.trades
        days[second].gain = add(days[second].gain, gone.gain)
