from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

import pytest

from adapters.clock import LONGEST_NAP_S, LoopClock, SystemClock, wait_until
from adapters.tasks import TaskSupervisor
from adapters.virtual_time import NothingScheduledError, VirtualTimeLoop

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def under_virtual_time(story: Coroutine[object, object, T]) -> T:
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(story)


def test_a_clock_of_the_loop_starts_where_it_is_told_and_sleeps_with_the_loop() -> None:
    async def story() -> None:
        clock = LoopClock(NOON.astimezone(ZoneInfo("Asia/Seoul")))
        assert clock.now() == NOON
        assert clock.now().tzinfo is UTC
        await clock.sleep(3600)
        assert clock.now() == NOON + HOUR
        assert clock.monotonic() == 3600
        await clock.sleep(-5)
        assert clock.now() == NOON + HOUR

    under_virtual_time(story())


def test_a_start_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        LoopClock(NOON.replace(tzinfo=None))


def test_stepping_the_wall_clock_leaves_the_monotonic_one() -> None:
    async def story() -> None:
        clock = LoopClock(NOON)
        clock.step(-HOUR)
        assert clock.now() == NOON - HOUR
        assert clock.monotonic() == 0

    under_virtual_time(story())


@pytest.mark.parametrize(("set_after_s", "was_set", "took_s"), [(10, True, 10), (100, False, 90)])
def test_waiting_ends_with_the_event_or_with_the_time(
    set_after_s: float, took_s: float, *, was_set: bool
) -> None:
    async def story() -> None:
        clock, event = LoopClock(NOON), asyncio.Event()
        asyncio.get_running_loop().call_later(set_after_s, event.set)
        assert await wait_until(clock, event, NOON + timedelta(seconds=90)) is was_set
        assert clock.monotonic() == pytest.approx(took_s)

    under_virtual_time(story())


def test_waiting_notices_a_wall_clock_set_forward_within_a_nap() -> None:
    async def story() -> None:
        clock = LoopClock(NOON)
        asyncio.get_running_loop().call_later(5, clock.step, 2 * HOUR)
        assert not await wait_until(clock, asyncio.Event(), NOON + HOUR)
        assert clock.monotonic() <= LONGEST_NAP_S + 5

    under_virtual_time(story())


def test_waiting_without_a_time_sets_no_timer() -> None:
    """Nothing wakes the process: under virtual time the loop has nothing to jump to."""

    async def story() -> None:
        await wait_until(LoopClock(NOON), asyncio.Event(), None)

    with pytest.raises(NothingScheduledError):
        under_virtual_time(story())


def test_waiting_without_a_time_ends_with_the_event() -> None:
    async def story() -> bool:
        event = asyncio.Event()
        tasks = TaskSupervisor()
        waiting = tasks.spawn(wait_until(LoopClock(NOON), event, None), name="waiting")
        await asyncio.sleep(10_000)
        event.set()
        return await waiting

    assert under_virtual_time(story())


async def test_the_systems_clock_is_aware_and_goes_on() -> None:
    clock = SystemClock()
    before, monotonic = clock.now(), clock.monotonic()
    assert before.tzinfo is UTC
    await clock.sleep(0.002)
    await clock.sleep(-1)
    assert clock.now() > before
    assert clock.monotonic() > monotonic
