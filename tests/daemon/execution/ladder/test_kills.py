"""An evening killed at every step: the next process settles the ladder all the same, once."""

from __future__ import annotations

import asyncio
import os
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.clock import LoopClock
from tests.daemon.execution.ladder.stories import (
    MIDNIGHT,
    at_close,
    evening,
    ladder_at_broker,
    loc_buy,
    loc_sell,
    stocked,
)
from tests.support.books import all_is_well, parents, select
from tests.support.doomed import Doomed, When
from tests.support.loops import in_virtual_time
from tests.support.world import World, cancel_all, started

LONG_ENOUGH_S = 30
ALL_OF_THEM = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
FEWEST_STEPS = 60
STRIDE = 101
"""Otherwise only some of the steps are died at, before them or after them."""
LATE = MIDNIGHT - timedelta(minutes=3)


async def an_evening(here: World) -> None:
    """A ladder is sent, replaced by a new order, replaced for a cancel, and settled."""
    await stocked(here, beta="40")
    await here.submit("alpha", loc_buy("50", "100"), key="buy")
    await here.submit("beta", loc_sell("30", "98"), key="sell")
    await here.pass_time(2)
    await here.submit("gamma", loc_buy("8", None), key="join")
    await here.pass_time(2)
    await here.submit("beta", loc_sell("10", "96"), key="leave")
    await here.pass_time(2)
    await here.submit("beta", cancel_all(), key="cancel")
    await at_close(here, "97")


async def live(folder: Path, step: int, when: When) -> tuple[int, LoopClock]:
    """Live the evening until it ends or death comes; return how many steps it had."""
    clock = LoopClock(LATE)
    life = Doomed(step, when)

    async def night() -> None:
        async with evening(folder, clock=clock, life=life) as here:
            await an_evening(here)

    living, struck = started(night()), started(life.struck.wait())
    await asyncio.wait({living, struck}, return_when=asyncio.FIRST_COMPLETED)
    if life.struck.is_set():
        await life.kill()
    else:
        struck.cancel()
        await living
    return life.steps, clock


async def made_whole(folder: Path, clock: LoopClock) -> None:
    """Start again, let the night pass, and look at everything."""
    async with evening(folder, clock=clock, seed=2) as here:
        left = (MIDNIGHT - clock.now()).total_seconds()
        await here.pass_time(max(left, 0) + LONG_ENOUGH_S)
        await all_is_well(here)
        assert ladder_at_broker(here) == []
        assert select(here, "SELECT * FROM loc_ladders WHERE outcome IS NOT 'settled'") == []
        assert select(here, "SELECT * FROM positions WHERE book = '@suspense'") == []
        assert select(here, "SELECT * FROM requests WHERE finished_at IS NULL") == []
        assert await here.held("@loc", "TQQQ") == await here.held("@loc", "USD") == 0
        # With nothing cut, whoever's order the close allows has all of it.
        for row in parents(here, "book <> '@loc' AND order_type IN ('LOC', 'MOC')"):
            assert row["status"] in {"done", "cancelled", "failed"}, dict(row)
            assert row["remain"] == ("0" if row["status"] == "done" else row["total"])


def kill(step: int, when: When) -> int:
    async def story() -> int:
        with tempfile.TemporaryDirectory() as name:
            steps, clock = await live(Path(name), step, when)
            await made_whole(Path(name), clock)
            return steps

    return in_virtual_time(story())


@pytest.mark.slow
@pytest.mark.parametrize("when", list(When), ids=lambda when: when.value)
def test_an_evening_that_dies_at_any_step_is_settled_by_the_next_process(when: When) -> None:
    step, stride = (1, 1) if ALL_OF_THEM else (1 + STRIDE // 2 * (when is When.AFTER), STRIDE)
    died_at = 0
    while True:
        try:
            lived = kill(step, when)
        except BaseException as error:
            error.add_note(f"killed {when.value} step {step}")
            raise
        if lived < step:
            break
        died_at, step = step, step + stride
    assert died_at > FEWEST_STEPS
