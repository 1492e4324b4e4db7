"""Where the time of the three hottest paths goes: ``python -m tests.bench.profiles``.

Webhook to stored order, an order and its fills, and rounds of netting and comparison, each on the
whole daemon under virtual time, with its real database. Processor time only: neither waiting for
the disk nor other programs count. The profiler itself doubles what many small calls cost.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import pstats
import sys
import tempfile
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

from algorithms.domain import OrderType
from tests.support.loops import in_virtual_time
from tests.support.world import buy, sell, world

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from tests.support.world import World

STRATEGIES = ("alpha", "beta", "gamma")
SHOWN = 16


async def intake(here: World, orders: int) -> None:
    """Store TWAP orders, as most webhooks bring them."""
    for number in range(orders):
        twap = buy("TQQQ", "2", kind=OrderType.TWAP, slices=2, minutes="600")
        await here.submit(STRATEGIES[number % 3], twap)


async def fills(here: World, orders: int) -> None:
    """Buy at the market: store, send, be answered, book the fill."""
    for number in range(orders):
        await here.submit(STRATEGIES[number % 2], buy("TQQQ", "1"))


async def rounds(here: World, orders: int) -> None:
    """Let an hour pass over open orders: cross them, work slices, compare with the broker."""
    for number in range(orders):
        make = buy if number % 3 else sell
        twap = make("TQQQ", "3", kind=OrderType.TWAP, slices=20, minutes="60")
        await here.submit(STRATEGIES[number % 3], twap)
    await here.pass_time(3600)


def profiled(story: Callable[[World, int], Coroutine[None, None, None]], orders: int) -> str:
    """Live a story; return what took the time of the processor itself, most first."""
    profile, told = cProfile.Profile(process_time), io.StringIO()

    async def watched(folder: Path) -> None:
        async with world(folder) as here:
            await here.submit("alpha", buy("TQQQ", "1"))  # queries and caches are made once
            profile.enable()
            await story(here, orders)
            profile.disable()

    with tempfile.TemporaryDirectory() as folder:
        in_virtual_time(watched(Path(folder)))
    pstats.Stats(profile, stream=told).strip_dirs().sort_stats("tottime").print_stats(SHOWN)
    return told.getvalue()


def main() -> None:
    """Print a table for each path."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=300)
    orders = parser.parse_args().orders
    for story in (intake, fills, rounds):
        sys.stdout.write(f"{story.__doc__}\n{profiled(story, orders)}")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
