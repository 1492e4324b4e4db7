from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from apscheduler.triggers.base import BaseTrigger

from adapters.clock import LoopClock, SystemClock
from adapters.tasks import TaskSupervisor
from daemon.jobs.schedule import ApSchedule, ClockSchedule

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
HALF_A_MINUTE = timedelta(seconds=30)


def is_running(schedule: ApSchedule) -> bool:
    """Ask anew: what a type checker saw a moment ago may have changed."""
    return schedule.is_running


def counting(runs: list[datetime], clock: LoopClock) -> Callable[[], Awaitable[None]]:
    async def job() -> None:
        runs.append(clock.now())
        await asyncio.sleep(0)

    return job


class TestClockSchedule:
    async def test_a_job_comes_back_after_every_period(self) -> None:
        clock, tasks = LoopClock(START), TaskSupervisor()
        schedule = ClockSchedule(clock, tasks)
        runs: list[datetime] = []
        schedule.every(HALF_A_MINUTE, counting(runs, clock), name="compare")
        schedule.start()

        await clock.sleep(100)

        assert schedule.is_running
        assert runs == [START + n * HALF_A_MINUTE for n in (1, 2, 3)]
        await tasks.close(1)

    async def test_a_job_that_fails_is_heard_of_and_comes_back(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        clock, tasks = LoopClock(START), TaskSupervisor()
        schedule = ClockSchedule(clock, tasks)
        tries: list[datetime] = []

        async def job() -> None:
            tries.append(clock.now())
            await asyncio.sleep(0)
            raise ValueError("the broker answered nonsense")

        schedule.every(HALF_A_MINUTE, job, name="compare")
        schedule.start()

        await clock.sleep(70)

        assert len(tries) == 2
        assert "the broker answered nonsense" in caplog.text
        await tasks.close(1)

    async def test_after_the_stop_no_job_begins(self) -> None:
        clock, tasks = LoopClock(START), TaskSupervisor()
        schedule = ClockSchedule(clock, tasks)
        runs: list[datetime] = []
        schedule.every(HALF_A_MINUTE, counting(runs, clock), name="compare")
        schedule.start()
        await clock.sleep(40)

        await schedule.stop()
        await clock.sleep(10)
        await tasks.close(1)

        assert not schedule.is_running
        assert len(runs) == 1


class Twice(BaseTrigger):  # type: ignore[misc]  # its package publishes no types
    """Due at two times, then never again."""

    def __init__(self, *times: datetime) -> None:
        self._times = times

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        return next((at for at in self._times if at > (previous or now)), None)


class TestTimesOfDay:
    async def test_under_virtual_time_a_trigger_says_when(self) -> None:
        clock, tasks = LoopClock(START), TaskSupervisor()
        schedule = ClockSchedule(clock, tasks)
        runs: list[datetime] = []
        times = (START + HALF_A_MINUTE, START + timedelta(hours=1, microseconds=1))
        schedule.start()
        schedule.on(Twice(*times), counting(runs, clock), name="compare")

        await clock.sleep(7200)

        assert runs == list(times)
        await tasks.close(1)

    async def test_a_later_trigger_takes_the_place_of_an_earlier_one(self) -> None:
        clock, tasks = LoopClock(START), TaskSupervisor()
        schedule = ClockSchedule(clock, tasks)
        runs: list[datetime] = []
        schedule.start()
        schedule.on(Twice(START + HALF_A_MINUTE), counting(runs, clock), name="compare")
        schedule.on(Twice(START + 2 * HALF_A_MINUTE), counting(runs, clock), name="compare")
        schedule.every(HALF_A_MINUTE, counting([], clock), name="other")
        schedule.forget("other")

        await clock.sleep(100)

        assert runs == [START + 2 * HALF_A_MINUTE]
        await tasks.close(1)


class TestApSchedule:
    loop_factory = asyncio.new_event_loop

    async def test_a_job_runs_in_the_daemons_own_loop(self) -> None:
        schedule = ApSchedule()
        ran = asyncio.Event()
        loops: list[asyncio.AbstractEventLoop] = []

        async def job() -> None:
            loops.append(asyncio.get_running_loop())
            await asyncio.sleep(0)
            ran.set()

        schedule.every(timedelta(milliseconds=10), job, name="compare")
        schedule.start()

        async with asyncio.timeout(5):
            await ran.wait()

        assert is_running(schedule)
        assert loops[0] is asyncio.get_running_loop()
        await schedule.stop()
        assert not is_running(schedule)

    async def test_a_clock_that_was_set_back_holds_no_job_up(self) -> None:
        schedule = ApSchedule()
        ran = asyncio.Event()

        async def job() -> None:
            await asyncio.sleep(0)
            ran.set()

        schedule.start()
        schedule.every(timedelta(milliseconds=10), job, name="compare")
        ahead = SystemClock().now() + timedelta(hours=1)
        schedule._scheduler.modify_job("compare", next_run_time=ahead)  # noqa: SLF001 - as by a clock ahead
        ran.clear()
        schedule.renew()

        async with asyncio.timeout(5):
            await ran.wait()
        await schedule.stop()

    async def test_a_trigger_says_when(self) -> None:
        schedule = ApSchedule()
        ran = asyncio.Event()

        async def job() -> None:
            await asyncio.sleep(0)
            ran.set()

        schedule.start()
        soon = SystemClock().now() + timedelta(milliseconds=30)
        schedule.on(Twice(soon), job, name="compare")

        async with asyncio.timeout(5):
            await ran.wait()
        schedule.forget("compare")
        await schedule.stop()
