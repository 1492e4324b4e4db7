"""A rebalance that is killed at any step is finished once by the next process.

Steps are, in turn, all trips to a database, the daemon's and the exchange's, with death before or
after what they do; and all awaits of all tasks. The suite takes a sample, another one in each run;
``HYPOTHESIS_PROFILE=deep`` takes every one.
"""

from __future__ import annotations

import os
import random
import tempfile
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.clock import LoopClock
from adapters.virtual_time import VirtualTimeLoop
from algorithms.domain import OrderType
from algorithms.rebalancing.states import RunState
from tests.daemon.rebalancing.portfolios import HALVES, TURNED, config, house
from tests.support.books import all_is_well
from tests.support.doomed import Doomed, DoomedAtAwait, Fated, SteppedLoop, When, noted
from tests.support.loops import in_virtual_time
from tests.support.world import START, buy, sell

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.daemon.rebalancing.portfolios import House

ENDED = (RunState.DONE, RunState.STOPPED, RunState.FAILED)
CLIENT_IDS = ("client_order_ids = true", "client_order_ids = false")
DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
"""Every step in every way; otherwise a sample of them."""
MANY = 100
"""A run has more steps than this."""
MANY_AWAITS = 300
SAMPLE = 3
NEVER = 0


async def morning(here: House) -> None:
    """The book has its first targets, and two bots trade one of the tickers."""
    await here.want(HALVES)
    await here.until(await here.start(), *ENDED)
    await here.world.submit("beta", buy("AAA", "30"))
    await here.want(TURNED)


async def turn(here: House) -> None:
    """Rebalance while one bot buys what is sold, and the other one sells it."""
    work = here.world.submit("alpha", buy("AAA", "40", kind=OrderType.TWAP, slices=4, minutes="4"))
    await work
    await here.start()
    await here.world.submit("beta", sell("AAA", "10"))
    await here.world.pass_time(60)


async def live(folder: Path, text: str, doom: Callable[[], Fated]) -> tuple[int, LoopClock]:
    """Live a day until its run is over or death comes; return how many steps the run had."""
    clock = LoopClock(START)
    async with house(folder, text, clock=clock) as here:
        await morning(here)
    life = doom()

    async def day() -> None:
        async with house(folder, text, clock=clock, life=life, seed=2) as here:
            await turn(here)

    return await life.live(day()), clock


async def finished_once(folder: Path, text: str, clock: LoopClock) -> None:
    """Start again; the run that was stored is finished, and no order was sent twice."""
    async with house(folder, text, clock=clock, seed=3) as here:
        await here.world.pass_time(900)
        await all_is_well(here.world)
        (*runs, first) = await here.desk.runs("main")
        assert first[0].state is RunState.DONE
        if not runs:
            return  # it was killed before it was asked for
        ((run, trades),) = runs
        assert run.state is RunState.DONE, run.reason
        held = await here.holds()
        assert "AAA" not in held
        assert held["CCC"] > 1800
        for trade in trades:
            assert trade.filled <= trade.quantity
        assert await here.world.held("portfolio", "USD") > Decimal(0)


def kill(
    text: str,
    doom: Callable[[], Fated],
    loop: type[VirtualTimeLoop] = VirtualTimeLoop,
) -> int:
    async def story() -> int:
        with tempfile.TemporaryDirectory() as name:
            steps, clock = await live(Path(name), text, doom)
            await finished_once(Path(name), text, clock)
            return steps

    return in_virtual_time(story(), loop)


WAYS = [(config(paper=ids), when) for ids in CLIENT_IDS for when in When]


@pytest.mark.parametrize("way", range(len(WAYS)))
def test_a_run_that_dies_at_any_write_is_finished_once(way: int) -> None:
    text, when = WAYS[way]
    step = 1 if DEEP else random.randint(1, MANY)
    while True:
        with noted(f"killed {when.value} step {step}"):
            lived = kill(text, partial(Doomed, step, when))
        if lived < step or not DEEP:
            break
        step += 1
    assert step > MANY or not DEEP


@pytest.mark.parametrize("ids", CLIENT_IDS)
def test_a_run_that_dies_at_any_await_is_finished_once(ids: str) -> None:
    text = config(paper=ids)
    awaits = kill(text, partial(DoomedAtAwait, NEVER), SteppedLoop)
    assert awaits > MANY_AWAITS
    every = range(1, awaits + 1)
    for step in every if DEEP else random.sample(every, SAMPLE):
        with noted(f"killed at await {step} of {awaits}"):
            kill(text, partial(DoomedAtAwait, step), SteppedLoop)
