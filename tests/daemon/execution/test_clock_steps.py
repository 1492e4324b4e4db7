"""A clock runs an hour ahead, takes in orders, and is set right again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.clock import LoopClock
from adapters.paper import Fault
from algorithms.domain import OrderType, Side
from daemon.administration import Administration
from daemon.execution.halts import Scope
from tests.support.books import Wish, all_is_well, make, paper, parents, states, told
from tests.support.mortal import Life
from tests.support.world import START, buy, cancel_all, started, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.world import World

HOUR = timedelta(hours=1)
LIMIT = OrderType.LIMIT


async def held_up(here: World) -> Administration:
    """Let an order for two units come while the clock is ahead and its book is halted."""
    here.clock.step(HOUR)
    admin = Administration(here.engine, here.clock)
    await admin.halt(Scope.BOOK, "a", "a moment")
    now = here.clock.now()
    await make(here, Wish(book="a", side=Side.BUY, value="2", reserve_price="110", due_at=now))
    await here.pass_time(10)
    return admin


async def test_an_order_that_waited_meanwhile_is_sent_when_it_may(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        admin = await held_up(here)
        here.clock.step(-HOUR)
        await here.pass_time(20)
        await admin.resume(Scope.BOOK, "a", "go on")
        await here.pass_time(1)
        assert await here.held("a", "TQQQ") == 2
        assert [notice["minutes"] for notice in told(here, "clock_set_back")] == ["60"]
        await all_is_well(here)


async def test_one_that_waited_for_too_long_is_not_sent_an_hour_later(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        admin = await held_up(here)
        here.clock.step(-HOUR)
        await here.pass_time(80)
        assert parents(here)[0]["reason"] == "too_old: it could not be sent in time"
        await admin.resume(Scope.BOOK, "a", "go on")
        await here.pass_time(10)
        assert states(here) == []


@pytest.mark.parametrize("is_restarted", [False, True])
async def test_a_twap_goes_on_at_its_own_pace(tmp_path: Path, *, is_restarted: bool) -> None:
    async with world(tmp_path) as here:
        clock = here.clock
        clock.step(HOUR)
        sliced = buy("TQQQ", "4", kind=OrderType.TWAP, slices=4, minutes="8")
        await here.submit("alpha", sliced)
        await here.pass_time(130)
        assert await here.held("a", "TQQQ") == 1
        if not is_restarted:
            clock.step(-HOUR)
            await here.pass_time(8 * 60)
            assert await here.held("a", "TQQQ") == 4
            return
    clock.step(-HOUR)
    async with world(tmp_path, clock=clock, seed=2) as here:
        await here.pass_time(8 * 60)
        assert await here.held("a", "TQQQ") == 4
        assert parents(here)[0]["status"] == "done"
        await all_is_well(here)


async def test_what_waits_for_a_cancel_waits_no_longer_than_it_would_have(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "1", kind=LIMIT, price="90"))
        here.clock.step(HOUR)
        for _ in range(20):
            paper(here).faults.script("cancel", Fault.SERVER_ERROR_BEFORE)
        await here.submit("alpha", cancel_all())
        await here.pass_time(6)
        here.clock.step(-HOUR)
        waiting = started(here.submit("alpha", buy("SOXL", "1", nets=False)))
        await here.pass_time(60)
        await waiting
        assert await here.held("a", "SOXL") == 1


async def test_a_small_step_is_nobodys_concern(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.clock.step(timedelta(seconds=-100))
        await here.pass_time(30)
        here.clock.step(HOUR)
        await here.pass_time(30)
        assert told(here, "clock_set_back") == []


async def test_a_daemon_that_dies_as_it_is_set_back_leaves_that_to_the_next(tmp_path: Path) -> None:
    life, clock = Life(), LoopClock(START)
    async with world(tmp_path, clock=clock, life=life) as here:
        clock.step(HOUR)
        await here.pass_time(70)
        sliced = buy("TQQQ", "4", kind=OrderType.TWAP, slices=4, minutes="8")
        await here.submit("alpha", sliced)
        clock.step(-HOUR)
        await life.kill()
    async with world(tmp_path, clock=clock, seed=2) as here:
        await here.pass_time(8 * 60)
        assert [notice["minutes"] for notice in told(here, "clock_set_back")] == ["60"]
        assert await here.held("a", "TQQQ") == 4
    async with world(tmp_path, clock=clock, seed=3) as here:
        await here.pass_time(10)
        assert len(told(here, "clock_set_back")) == 1  # what was put back is not put back again
        await all_is_well(here)
