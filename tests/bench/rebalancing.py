"""How long a plan takes, and how that grows: ``python -m tests.bench.rebalancing``."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

from algorithms.domain import Symbol
from algorithms.instruments import KRX_STOCK, Instrument
from algorithms.rebalancing.holdings import Asset, Fees, Portfolio
from algorithms.rebalancing.plan import Rounding, Settings, make_plan
from algorithms.rebalancing.rounding import floor_targets, nearest_targets
from algorithms.rebalancing.targets import CASH, Targets
from tests.algorithms.rebalancing.allocation import drawn, error_of, greedy

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = 3
SIZES = (100, 1000, 10_000)
CLASSES = 4
PORTFOLIOS = 1000
WHOLE = Decimal(100)
"""All of the cash may be spent, in percent."""


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. ``growth`` is the time of this size over that of a tenth of it."""

    case: str
    tickers: int
    orders: int
    seconds: float
    growth: float | None = None


def _house(size: int) -> tuple[Portfolio, Targets]:
    """A book of ``size`` tickers, half of them held, and even weights in four classes."""
    random = Random(size)
    assets = {}
    for number in range(size):
        ticker = Symbol(f"T{number}")
        instrument = Instrument(
            symbol=ticker, lot=Decimal(1), ticks=KRX_STOCK, type="stock", currency="KRW"
        )
        assets[ticker] = Asset(
            asset_class=f"class{number % CLASSES}",
            instrument=instrument,
            price=Decimal(random.randint(2, 500) * 1000),
            held=Decimal(random.choice((0, random.randint(1, 500)))),
        )
    tickers = [*assets]
    sub_mp = {}
    for number in range(CLASSES):
        members = tickers[number::CLASSES]
        each = (Decimal(100) / len(members)).quantize(Decimal("0.000001"))
        sub_mp[f"class{number}"] = dict.fromkeys(members, each)
    mp = {**dict.fromkeys(sub_mp, Decimal(24)), CASH: Decimal(4)}
    return Portfolio(Decimal(size * 10_000_000), assets), Targets(mp, sub_mp)


def run() -> Iterator[Row]:
    """Measure both roundings at every size; of a few rounds the fastest counts."""
    costly = Settings(fees=Fees(Decimal("0.015"), Decimal("0.18")))
    for rounding in Rounding:
        settings = replace(costly, rounding=rounding)
        before: float | None = None
        for size in SIZES:
            book, targets = _house(size)
            seconds, orders = min(_timed(book, targets, settings) for _ in range(ROUNDS))
            growth = seconds / before if before else None
            yield Row(f"plan, {rounding}", size, orders, seconds, growth)
            before = seconds


def _timed(book: Portfolio, targets: Targets, settings: Settings) -> tuple[float, int]:
    began = perf_counter()
    plan = make_plan(book, targets, settings)
    return perf_counter() - began, len(plan.sells) + len(plan.buys)


def tracking_errors(portfolios: int = PORTFOLIOS) -> tuple[Decimal, Decimal, Decimal]:
    """Return means in percent: rounded down, nearest_cash, the greedy discrete allocation.

    Of the portfolios that ``docs/explanation/rebalancing.md`` tells of.
    """
    sums = [Decimal(0)] * 3
    for book, weights, prices in drawn(portfolios):
        ways = (
            floor_targets(book, weights),
            nearest_targets(book, weights, Fees(), WHOLE),
            greedy(weights, prices, book.cash),
        )
        for way, units in enumerate(ways):
            named = {Symbol(ticker): number for ticker, number in units.items()}
            sums[way] += error_of(book, weights, named)
    down, near, other = (each / portfolios for each in sums)
    return down, near, other


def main() -> dict[str, object]:
    """Print a line for each measurement as it is made; return them all."""
    sys.stdout.write(
        f"{'rebalancing':30} {'tickers':>8} {'orders':>8} {'seconds':>9} {'10n/n':>6}\n"
    )
    rows = []
    for row in run():
        growth = "" if row.growth is None else f"{row.growth:.1f}"
        sys.stdout.write(
            f"{row.case:30} {row.tickers:>8,} {row.orders:>8,} {row.seconds:>9.4f} {growth:>6}\n"
        )
        sys.stdout.flush()
        rows.append(asdict(row))
    return {"rebalancing": rows}


if __name__ == "__main__":
    main()
