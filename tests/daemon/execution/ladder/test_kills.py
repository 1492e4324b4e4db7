"""An evening killed at every step: the next process settles the ladder all the same, once."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.clock import LoopClock
from adapters.paper import Fault
from algorithms.domain import AccountName
from tests.daemon.execution.ladder.stories import (
    LADDER,
    MIDNIGHT,
    TQQQ,
    at_close,
    evening,
    ladder_at_broker,
    loc_buy,
    loc_sell,
    stocked,
)
from tests.support.books import all_is_well, paper, parents, select
from tests.support.doomed import Doomed, When, noted
from tests.support.loops import in_virtual_time
from tests.support.world import World, cancel_all

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

LONG_ENOUGH_S = 30
ALL_OF_THEM = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
FEWEST_STEPS = 60
STRIDE = 101
"""Otherwise only some of the steps are died at, before them or after them."""
LATE = MIDNIGHT - timedelta(minutes=3)
OTHER = AccountName("other")
CUTTING = (
    LADDER.replace("[accounts.main.paper]\n", '[accounts.main.paper]\nfill = "partial"\n')
    + """
[accounts.other]
broker = "paper"
market = "24/7"
currency = "USD"
commission_percent = "0.25"
[accounts.other.paper]
prices = { TQQQ = "100" }
[books.d]
strategy = "alpha"
account = "other"
capital = "100000"
[books.e]
strategy = "gamma"
account = "other"
capital = "100000"
"""
)


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


async def a_troubled_evening(here: World) -> None:
    """Answers are lost and orders refused at one of two accounts, and its auction cuts orders."""
    faults = paper(here).faults
    await stocked(here, beta="40")
    faults.script("place", Fault.RESET_AFTER)
    await here.submit("alpha", loc_buy("50", "100"), key="buy")
    await here.pass_time(2)
    faults.script("place", Fault.REJECT)
    await here.submit("beta", loc_sell("30", "98"), key="sell")
    await here.pass_time(40)
    faults.script("cancel", Fault.RESET_AFTER)
    await here.submit("gamma", loc_buy("8", "99"), key="join")
    await here.pass_time(10)
    await here.submit("gamma", cancel_all(), key="cancel")
    await paper(here, OTHER).exchange.set_price(TQQQ, Decimal(99))
    await at_close(here, "100")


@dataclass(frozen=True, slots=True)
class Night:
    """An evening's story, and what it is lived on."""

    name: str
    text: str
    begins: datetime
    story: Callable[[World], Awaitable[None]]


QUIET = Night("quiet", LADDER, LATE, an_evening)
TROUBLED = Night("troubled", CUTTING, MIDNIGHT - timedelta(minutes=5), a_troubled_evening)


async def live(night: Night, folder: Path, step: int, when: When) -> tuple[int, LoopClock]:
    """Live the evening until it ends or death comes; return how many steps it had."""
    clock = LoopClock(night.begins)
    life = Doomed(step, when)

    async def lived() -> None:
        async with evening(folder, night.text, clock=clock, life=life) as here:
            await night.story(here)

    return await life.live(lived()), clock


async def made_whole(night: Night, folder: Path, clock: LoopClock) -> None:
    """Start again, let the night pass, and look at everything."""
    async with evening(folder, night.text, clock=clock, seed=2) as here:
        left = (MIDNIGHT - clock.now()).total_seconds()
        await here.pass_time(max(left, 0) + LONG_ENOUGH_S)
        await all_is_well(here)
        assert ladder_at_broker(here) == []
        assert select(here, "SELECT * FROM loc_ladders WHERE outcome IS NOT 'settled'") == []
        assert select(here, "SELECT * FROM positions WHERE book = '@suspense'") == []
        assert select(here, "SELECT * FROM requests WHERE finished_at IS NULL") == []
        assert await here.held("@loc", "TQQQ") == await here.held("@loc", "USD") == 0
        for row in parents(here, "book <> '@loc' AND order_type IN ('LOC', 'MOC')"):
            assert row["ended_at"], dict(row)
            if night is TROUBLED:
                continue
            # With nothing cut, whoever's order the close allows has all of it.
            assert row["status"] in {"done", "cancelled", "failed"}, dict(row)
            assert row["remain"] == ("0" if row["status"] == "done" else row["total"])


def kill(night: Night, step: int, when: When) -> int:
    async def story() -> int:
        with tempfile.TemporaryDirectory() as name:
            steps, clock = await live(night, Path(name), step, when)
            await made_whole(night, Path(name), clock)
            return steps

    return in_virtual_time(story())


@pytest.mark.slow
@pytest.mark.parametrize("night", [QUIET, TROUBLED], ids=lambda night: night.name)
@pytest.mark.parametrize("when", list(When), ids=lambda when: when.value)
def test_an_evening_that_dies_at_any_step_is_settled_by_the_next_process(
    night: Night, when: When
) -> None:
    stride = 1 if ALL_OF_THEM else STRIDE * (1 + (night is TROUBLED))
    step = 1 if ALL_OF_THEM else 1 + stride // 2 * (when is When.AFTER)
    died_at = 0
    while True:
        with noted(f"killed {when.value} step {step}"):
            lived = kill(night, step, when)
        if lived < step:
            break
        died_at, step = step, step + stride
    assert died_at > FEWEST_STEPS
