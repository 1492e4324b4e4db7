"""A week of webhooks under virtual time: memory and open files stay as they are."""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from algorithms.domain import OrderType
from tests.support.books import all_is_well
from tests.support.loops import in_virtual_time
from tests.support.world import buy, cancel_all, sell, world

if TYPE_CHECKING:
    from daemon.execution.commands import Command

GROWTH_MAX_MB = 12.0
"""From the second day to the last: rows that are looked at often stay in caches of a fixed size."""
GROWTH_MAX_OBJECTS = 40_000
"""Keys of requests are remembered, some thousands of them."""
FILES_MAX = 3
STRATEGIES = ("alpha", "beta", "gamma")


@dataclass(frozen=True, slots=True)
class Evening:
    """What the process holds when a day is over."""

    day: int
    memory_mb: float
    objects: int
    files: int


def weigh(day: int) -> Evening:
    """Look at this process, with nothing left to collect."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    memory = pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024
    return Evening(day, memory, len(gc.get_objects()), len([*Path("/proc/self/fd").iterdir()]))


def order_of(dice: Random) -> Command:
    """Draw what a bot sends: orders of every kind that end by themselves or are cancelled."""
    if dice.random() < 0.15:
        return cancel_all()
    make = dice.choice((buy, buy, sell))
    kind = dice.choice((OrderType.MARKET, OrderType.LIMIT, OrderType.TWAP))
    if kind is OrderType.LIMIT:
        return make("TQQQ", "1", kind=kind, price=str(dice.choice((90, 100, 110))))
    if kind is OrderType.TWAP:
        return make("TQQQ", "2", kind=kind, slices=2, minutes="4")
    return make("TQQQ", "1")


async def week(
    folder: Path, days: int, webhooks_a_day: int, seed: int, long: timedelta
) -> list[Evening]:
    """Live so many days; every order of a day is cancelled in the evening."""
    dice, evenings = Random(seed), []
    pause = long.total_seconds() / (webhooks_a_day + len(STRATEGIES))
    async with world(folder) as here:
        for day in range(days):
            for _ in range(webhooks_a_day):
                await here.submit(dice.choice(STRATEGIES), order_of(dice))
                await here.pass_time(pause)
            for strategy in STRATEGIES:
                await here.submit(strategy, cancel_all())
                await here.pass_time(pause)
            await all_is_well(here)
            evenings.append(weigh(day))
    return evenings


def faults_of(evenings: list[Evening]) -> list[str]:
    """Say what grew from the second evening to the last."""
    settled, last = evenings[min(1, len(evenings) - 1)], evenings[-1]
    found = []
    if last.memory_mb - settled.memory_mb > GROWTH_MAX_MB:
        found.append(f"memory grew from {settled.memory_mb:.1f} to {last.memory_mb:.1f} MB")
    if last.objects - settled.objects > GROWTH_MAX_OBJECTS:
        found.append(f"objects grew from {settled.objects} to {last.objects}")
    if last.files - settled.files > FILES_MAX:
        found.append(f"open files grew from {settled.files} to {last.files}")
    return found


def soak(
    folder: Path,
    days: int = 7,
    webhooks_a_day: int = 500,
    seed: int = 1,
    long: timedelta = timedelta(days=1),
) -> list[Evening]:
    """Live a week under virtual time; ``long``: a day of it."""
    return in_virtual_time(week(folder, days, webhooks_a_day, seed, long))
