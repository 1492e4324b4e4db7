"""How long netting takes, and how its cost grows: ``python -m tests.bench.netting``.

Sizes are orders on each side. The work grows 11 to 12 times for ten times the orders (n log n),
the time somewhat more where the orders outgrow the processor's caches. The plain triple loop's
grows a thousand times.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from decimal import Decimal
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

from algorithms.domain import AccountName, BookName, Measure, ParentId, Side, Symbol
from algorithms.netting import NettingOrder, net_group
from algorithms.pairing import match_lots
from tests.algorithms.triple_loop import triple_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LARGEST = 10**6
LARGE = 10**5
TRIPLE_LOOP_SIZES = (40, 400)
PRICE = Decimal(100)


@dataclass(frozen=True, slots=True)
class Market:
    """Lots and books of both sides, in order of creation."""

    buys: Sequence[int]
    sells: Sequence[int]
    buy_books: Sequence[int] | None = None
    sell_books: Sequence[int] | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. ``growth`` is the time of this size over that of a tenth of it."""

    case: str
    size: int
    pairs: int
    seconds: float
    growth: float | None = None


def _random_sizes(size: int) -> Market:
    random = Random(size)
    return Market(*[[random.randint(1, 10**6) for _ in range(size)] for _ in range(2)])


def _many_ties(size: int) -> Market:
    random = Random(size)
    return Market(*[[random.randint(1, 10) for _ in range(size)] for _ in range(2)])


def _equal_sizes(size: int) -> Market:
    return Market([7] * size, [7] * size)


def _falling_against_rising(size: int) -> Market:
    return Market(range(size, 0, -1), range(1, size + 1))


def _one_giant(size: int) -> Market:
    return Market([*[1] * (size - 1), 10**12], _random_sizes(size).sells)


def _two_books(size: int) -> Market:
    return _in_books(_random_sizes(size), 2)


def _thousand_books(size: int) -> Market:
    return _in_books(_random_sizes(size), 1000)


def _every_book_on_both_sides(size: int) -> Market:
    market = _random_sizes(size)
    return Market(market.buys, market.sells, range(size), range(size))


def _satoshis(size: int) -> Market:
    random = Random(size)
    return Market(*[[random.randint(1, 10**26) for _ in range(size)] for _ in range(2)])


def _in_books(market: Market, books: int) -> Market:
    random = Random(books)
    sides = (market.buys, market.sells)
    return Market(*sides, *[[random.randrange(books) for _ in side] for side in sides])


MARKETS: tuple[tuple[Callable[[int], Market], int], ...] = (
    (_random_sizes, LARGEST),
    (_many_ties, LARGEST),
    (_equal_sizes, LARGEST),
    (_every_book_on_both_sides, LARGEST),
    (_two_books, LARGE),
    (_thousand_books, LARGE),
    (_falling_against_rising, LARGE),
    (_one_giant, LARGE),
    (_satoshis, LARGE),
)


def _pairs(market: Market) -> tuple[int, float]:
    began = perf_counter()
    pairs = match_lots(market.buys, market.sells, market.buy_books, market.sell_books)
    return len(pairs), perf_counter() - began


def _whole_group(market: Market) -> tuple[int, float]:
    """The same with decimals, pairs and remainders: what a netting run calculates."""
    orders = [
        NettingOrder(
            id=ParentId(f"{side}{number}"),
            book=BookName(f"{side}{number}"),
            account=AccountName("main"),
            symbol=Symbol("TQQQ"),
            side=side,
            measure=Measure.CASH if side is Side.BUY else Measure.QUANTITY,
            remain=(value := lots * PRICE if side is Side.BUY else Decimal(lots)),
            free=value,
        )
        for side, sizes in ((Side.BUY, market.buys), (Side.SELL, market.sells))
        for number, lots in enumerate(sizes)
    ]
    began = perf_counter()
    result = net_group(orders, PRICE, Decimal(1))
    return len(result.pairs), perf_counter() - began


def _triple_loop(market: Market) -> tuple[int, float]:
    began = perf_counter()
    pairs = triple_loop(market.buys, market.sells)
    return len(pairs), perf_counter() - began


def run(report: Callable[[Row], None], largest: int = LARGEST) -> list[Row]:
    """Measure every case at every size, smallest first. ``report`` gets each row at once."""
    rows = []
    for row in _rows(largest):
        report(row)
        rows.append(row)
    return rows


def _rows(largest: int) -> Iterator[Row]:
    for make, most in MARKETS:
        sizes = [10**n for n in range(3, 7) if 10**n <= min(most, largest)]
        yield from _growing(make.__name__.strip("_").replace("_", " "), make, _pairs, sizes)
    sizes = [10**3, 10**4, LARGE]
    yield from _growing("all of a group, random sizes", _random_sizes, _whole_group, sizes)
    yield from _growing("plain triple loop", _random_sizes, _triple_loop, TRIPLE_LOOP_SIZES)
    yield from _growing("the same pairs by the rule", _random_sizes, _pairs, TRIPLE_LOOP_SIZES)


def _growing(
    name: str,
    make: Callable[[int], Market],
    measure: Callable[[Market], tuple[int, float]],
    sizes: Sequence[int],
) -> Iterator[Row]:
    before: float | None = None
    for size in sizes:
        pairs, seconds = min((measure(make(size)) for _ in range(_rounds(size))), key=_seconds)
        yield Row(name, size, pairs, seconds, seconds / before if before else None)
        before = seconds


def _rounds(size: int) -> int:
    """How often a size is measured; the fastest counts. Small ones are mostly noise."""
    return max(1, min(5, 3 * LARGE // size)) if size not in TRIPLE_LOOP_SIZES else 1


def _seconds(measured: tuple[int, float]) -> float:
    return measured[1]


def main() -> dict[str, object]:
    """Print a line for each measurement as it is made; return them all."""
    head = f"{'netting':30} {'orders a side':>13} {'pairs':>9} {'seconds':>9} {'10n/n':>6}\n"
    sys.stdout.write(head)
    return {"netting": [asdict(row) for row in run(_print)]}


def _print(row: Row) -> None:
    growth = "" if row.growth is None else f"{row.growth:.1f}"
    sys.stdout.write(
        f"{row.case:30} {row.size:>13,} {row.pairs:>9,} {row.seconds:>9.4f} {growth:>6}\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    main()
