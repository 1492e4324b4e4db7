"""How long LOC orders take to become a curve, a ladder, a sheet: ``python -m tests.bench.loc``.

Sizes are orders of one account and symbol. The work is n log n: ten times the orders take 11 to
12 times as long, and up to twice that where so many objects outgrow the processor's caches and
keep Python's collector of garbage busy.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from decimal import Decimal
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

from algorithms.domain import Side
from algorithms.instruments import US_STOCK
from algorithms.loc.curve import LocOrder, curve
from algorithms.loc.ladder import ladder
from algorithms.loc.settlement import settle
from algorithms.loc.sheet import sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LARGEST = 10**5
CLOSE = Decimal("500.00")
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. ``growth`` is the time of this size over that of a tenth of it."""

    case: str
    size: int
    rungs: int
    seconds: float
    growth: float | None = None


def _book(size: int, cents: int) -> list[LocOrder]:
    """Orders at random prices, half buys, ``cents`` different prices from 50 dollars on."""
    random = Random(size)
    return [
        LocOrder(
            str(number),
            random.choice((Side.BUY, Side.SELL)),
            Decimal(5000 + random.randrange(cents)).scaleb(-2),
            Decimal(random.randint(1, 1000)),
        )
        for number in range(size)
    ]


def _curve_and_ladder(orders: list[LocOrder]) -> int:
    return len(ladder(curve(orders), US_STOCK))


def _sheet(orders: list[LocOrder]) -> int:
    return len(sheet(orders, US_STOCK).rows)


def _settlement(orders: list[LocOrder]) -> int:
    return len(settle(orders, CLOSE, Decimal(1), Decimal(0)))


CASES: tuple[tuple[str, int, Callable[[list[LocOrder]], int]], ...] = (
    ("curve and ladder, all prices differ", 10**7, _curve_and_ladder),
    ("curve and ladder, few prices", 1000, _curve_and_ladder),
    ("sheet, all prices differ", 10**7, _sheet),
    ("settlement, auction gave nothing", 10**7, _settlement),
)


def run() -> Iterator[Row]:
    """Measure every case at every size; of a few rounds the fastest counts."""
    for name, cents, work in CASES:
        before: float | None = None
        for size in (10**3, 10**4, LARGEST):
            orders = _book(size, cents)
            rungs, seconds = min((_timed(work, orders) for _ in range(ROUNDS)), key=_seconds)
            yield Row(name, size, rungs, seconds, seconds / before if before else None)
            before = seconds


def _timed(work: Callable[[list[LocOrder]], int], orders: list[LocOrder]) -> tuple[int, float]:
    began = perf_counter()
    found = work(orders)
    return found, perf_counter() - began


def _seconds(measured: tuple[int, float]) -> float:
    return measured[1]


def main() -> dict[str, object]:
    """Print a line for each measurement as it is made; return them all."""
    sys.stdout.write(f"{'LOC':36} {'orders':>8} {'result':>8} {'seconds':>9} {'10n/n':>6}\n")
    rows = []
    for row in run():
        growth = "" if row.growth is None else f"{row.growth:.1f}"
        sys.stdout.write(
            f"{row.case:36} {row.size:>8,} {row.rungs:>8,} {row.seconds:>9.4f} {growth:>6}\n"
        )
        sys.stdout.flush()
        rows.append(asdict(row))
    return {"loc": rows}


if __name__ == "__main__":
    main()
