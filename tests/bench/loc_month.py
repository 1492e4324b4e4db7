"""What the ladder saves in a month of evenings: ``python -m tests.bench.loc_month [EVENINGS]``.

The same evenings are lived twice under virtual time, at the paper broker and at the simulated KIS:
each book's orders sent as they are, and the account's ladder in their place. When the auction
fills at-limit orders fully, every book must hold the same and have paid the same for it; the
ladder pays less commission and sends fewer orders. With an auction that cuts orders the invariants
must hold every evening.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from algorithms.decimals import ZERO, round_to, to_text, total
from algorithms.domain import OrderType, Symbol
from tests.support.books import all_is_well, fills, paper, parents, select
from tests.support.loops import in_virtual_time
from tests.support.world import START, THREE_BOOKS, buy, sell, world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from daemon.execution.commands import Place
    from tests.support.world import World

TQQQ = Symbol("TQQQ")
STRATEGIES = {"alpha": "a", "beta": "b", "gamma": "c"}
BEFORE = timedelta(minutes=6)
"""The evening begins so long before the close, at midnight."""
CUTTING = '[accounts.main.paper]\nfill = "partial"\n'
MONTH = 22
COST_STEP = Decimal("1e-15")


@dataclass(frozen=True, slots=True)
class Evening:
    """How an evening ended: units and cost of each book; fees and broker orders so far."""

    books: dict[str, tuple[str, str]]
    fees: Decimal
    sent: int


def config(mode: str, *, cuts: bool) -> str:
    text = f'[loc]\nmode = "{mode}"\n{THREE_BOOKS}'
    return text.replace("[accounts.main.paper]\n", CUTTING) if cuts else text


def orders_of(
    random: Random, held: dict[str, int], last: Decimal, *, moc_buys: bool = True
) -> Iterator[tuple[str, Place]]:
    """Make an evening's orders: dips bought, lots sold, some at any price, in a mixed order.

    ``held``: units of each book, in the order of ``STRATEGIES``.
    """
    made: list[tuple[str, Place]] = []
    for strategy, units_held in zip(STRATEGIES, held.values(), strict=True):
        left = units_held
        made += (
            (strategy, _order(random, buy, random.randint(1, 40), last, moc=moc_buys))
            for _ in range(random.randint(0, 2))
        )
        while left and random.random() < 0.7:
            units = random.randint(1, left)
            left -= units
            made.append((strategy, _order(random, sell, units, last)))
    random.shuffle(made)
    yield from made


def _order(random: Random, make: object, units: int, last: Decimal, *, moc: bool = True) -> Place:
    assert callable(make)
    if random.random() < 0.15 and moc:
        place: Place = make("TQQQ", str(units), kind=OrderType.MOC)
    else:
        price = near(random, last)
        place = make("TQQQ", str(units), kind=OrderType.LOC, price=str(price))
    return place


def near(random: Random, last: Decimal) -> Decimal:
    return (last * Decimal(random.randint(970, 1030)) / 1000).quantize(Decimal("0.01"))


def close_of(random: Random, prices: Sequence[Decimal], last: Decimal) -> Decimal:
    """Choose where an evening closes: half of the time at an order's own limit."""
    at_limit = prices and random.random() < 0.5
    return random.choice(prices) if at_limit else near(random, last)


async def live(folder: Path, mode: str, evenings: int, seed: int, *, cuts: bool) -> list[Evening]:
    """Live some evenings; each is a restart of the daemon on the files of the one before."""
    random, last, story = Random(seed), Decimal(100), []
    for number in range(evenings):
        close = START.replace(hour=0) + timedelta(days=number + 1)
        async with world(
            folder, config(mode, cuts=cuts), clock=clock_at(close - BEFORE), seed=number + 1
        ) as here:
            held = {book: int(await here.held(book, "TQQQ")) for book in STRATEGIES.values()}
            made = list(orders_of(random, held, last))
            for at, (strategy, place) in enumerate(made):
                await here.submit(strategy, place, key=f"{number}:{at}")
            prices = [place.price for _, place in made if place.price is not None]
            last = close_of(random, prices, last)
            await here.advance_to(close - timedelta(seconds=1))
            await paper(here).exchange.set_price(TQQQ, last)
            await here.advance(6)
            await all_is_well(here)
            assert not parents(here, "ended_at IS NULL"), "an order outlived its close"
            story.append(ended(here))
    return story


def clock_at(time: datetime) -> LoopClock:
    """Return a clock that shows this time now, however long the loop has run."""
    return LoopClock(time - timedelta(seconds=asyncio.get_running_loop().time()))


def ended(here: World) -> Evening:
    """Look at how an evening ended."""
    rows = select(here, "SELECT * FROM positions WHERE asset = 'TQQQ' AND book NOT LIKE '@%'")
    held = {
        row["book"]: (row["quantity"], _rounded(row["cost"]))
        for row in rows
        if Decimal(row["quantity"])
    }
    (count,) = select(here, "SELECT COUNT(*) AS n FROM child_orders WHERE sent_at IS NOT NULL")
    fees = total(Decimal(row["fee"]) for row in fills(here, "source = 'broker'")) or ZERO
    return Evening(held, fees, count["n"])


def _rounded(cost: str) -> str:
    """Leave out digits in which a sale in two parts rounds another way than one in one part."""
    return to_text(round_to(Decimal(cost), COST_STEP))


def month(mode: str, evenings: int, seed: int = 1, *, cuts: bool = False) -> list[Evening]:
    """Live a month under virtual time; return how each evening ended."""
    with tempfile.TemporaryDirectory() as name:
        return in_virtual_time(live(Path(name), mode, evenings, seed, cuts=cuts))


def main(evenings: int = MONTH) -> dict[str, object]:
    """Print what both ways came to at both brokers; return it."""
    from tests.bench.loc_month_at_kis import month as month_at_kis  # noqa: PLC0415 - it needs this

    return {
        "paper": _compare("paper", month, evenings),
        "kis": _compare("kis", month_at_kis, evenings),
    }


def _compare(broker: str, lived: Callable[[str, int], list[Evening]], evenings: int) -> object:
    one_by_one, ladder = lived("orders", evenings), lived("ladder", evenings)
    same = [evening.books for evening in one_by_one] == [evening.books for evening in ladder]
    title = f"{broker}, {evenings} evenings"
    sys.stdout.write(f"{title:22} {'commission':>12} {'broker orders':>14}\n")
    for name, story in (("orders", one_by_one), ("ladder", ladder)):
        sys.stdout.write(f"{name:22} {story[-1].fees:>12} {story[-1].sent:>14}\n")
    saved = one_by_one[-1].fees - ladder[-1].fees
    percent = saved * 100 / one_by_one[-1].fees
    sys.stdout.write(f"saved {saved} ({percent:.1f} %); books equal every evening: {same}\n")
    return {"saved": str(saved), "percent": f"{percent:.1f}", "equal": same}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
