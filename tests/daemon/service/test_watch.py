from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar, cast

from adapters.clock import LoopClock
from adapters.sqlite.errors import StorageFullError
from adapters.tasks import TaskSupervisor
from daemon.api.metrics import Metrics
from daemon.service.watch import (
    FRESH_S,
    LOOK_WITHIN_S,
    PROBE_AGAIN_S,
    PROBE_EVERY_S,
    PROBE_TIMEOUT_S,
    DatabaseWatch,
    FailedTasks,
)
from tests.support.loops import in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.storage.tx import Tx

T = TypeVar("T")
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Disk:
    """A store whose disk can be full, or slow."""

    def __init__(self, clock: LoopClock) -> None:
        self._clock = clock
        self.full = False
        self.slow_s = 0.0
        self.writes = 0

    async def write(self, _: Callable[[Tx], T]) -> T:
        await self._clock.sleep(self.slow_s)
        if self.full:
            raise StorageFullError("no space")
        self.writes += 1
        return cast("T", None)


def series(metrics: Metrics) -> str:
    return metrics.page().decode()


def test_a_full_disk_is_known_before_an_order_comes_and_forgotten_when_it_is_not() -> None:
    async def story() -> None:
        clock, metrics, tasks = LoopClock(START), Metrics(), TaskSupervisor()
        disk = Disk(clock)
        watch = DatabaseWatch(disk, clock, metrics)
        tasks.spawn(watch.run(), name="watch")
        await clock.sleep(1)
        assert watch.reason() is None
        disk.full = True
        await clock.sleep(PROBE_EVERY_S)
        assert "no space" in str(watch.reason())
        assert 'nettingd_database_errors_total{code="storage_full"} 1.0' in series(metrics)
        disk.full = False
        await clock.sleep(PROBE_AGAIN_S)
        assert watch.reason() is None
        await tasks.close(1)

    in_virtual_time(story())


def test_who_asks_is_told_of_a_full_disk_at_once_however_many_ask() -> None:
    async def story() -> None:
        clock, tasks = LoopClock(START), TaskSupervisor()
        disk = Disk(clock)
        disk.slow_s = 0.1
        watch = DatabaseWatch(disk, clock, Metrics())
        tasks.spawn(watch.run(), name="watch")
        await clock.sleep(3)
        disk.full = True
        await asyncio.gather(*(watch.look() for _ in range(50)))
        assert "no space" in str(watch.reason())
        disk.full = False
        await clock.sleep(2 * FRESH_S)
        before = disk.writes
        for _ in range(10):
            await watch.look()
        assert (watch.reason(), disk.writes) == (None, before + 1)
        disk.slow_s = 60
        await clock.sleep(2 * FRESH_S)
        begun = clock.monotonic()
        await watch.look()
        assert clock.monotonic() - begun < LOOK_WITHIN_S + 0.01
        await tasks.close(1)

    in_virtual_time(story())


def test_a_disk_that_does_not_answer_is_no_better() -> None:
    async def story() -> None:
        clock, tasks = LoopClock(START), TaskSupervisor()
        disk = Disk(clock)
        disk.slow_s = 60
        watch = DatabaseWatch(disk, clock, Metrics())
        tasks.spawn(watch.run(), name="watch")
        await clock.sleep(PROBE_TIMEOUT_S + 1)
        assert watch.reason() == "a small write took more than 5 s"
        await tasks.close(1)

    in_virtual_time(story())


def test_an_idle_daemon_writes_six_times_a_minute() -> None:
    async def story() -> None:
        clock, tasks = LoopClock(START), TaskSupervisor()
        disk = Disk(clock)
        tasks.spawn(DatabaseWatch(disk, clock, Metrics()).run(), name="watch")
        await clock.sleep(59)
        assert disk.writes == 6
        await tasks.close(1)

    in_virtual_time(story())


def test_a_task_that_died_is_told_until_the_restart() -> None:
    metrics = Metrics()
    failed = FailedTasks(metrics)
    assert failed.reason() is None
    failed.add("account main", KeyError("x"))
    failed.add("account main", KeyError("x"))
    failed.add("lane dip", ValueError("y"))
    reason = (
        "failed, and the daemon must be restarted: account main (KeyError), lane dip (ValueError)"
    )
    assert failed.reason() == reason
    assert "nettingd_task_failures_total 3.0" in series(metrics)
