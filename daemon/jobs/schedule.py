"""Every periodic job on one page, and what drives it.

Production uses APScheduler; it reads the wall clock, so under virtual time the same jobs are
driven by the injected clock instead. A job never overlaps itself, and one that fails is logged
and comes back at its next time.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime, timedelta

    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor

GRACE_S = 3600

log = logging.getLogger(__name__)


class Schedule(Protocol):
    """Runs jobs again and again."""

    @property
    def is_running(self) -> bool:
        """Whether jobs come when they are due."""
        ...

    def every(self, period: timedelta, job: Callable[[], Awaitable[object]], *, name: str) -> None:
        """Run ``job`` after each ``period``, in place of an earlier job of this name."""
        ...

    def on(self, trigger: BaseTrigger, job: Callable[[], Awaitable[object]], *, name: str) -> None:
        """Run ``job`` whenever the trigger says, in place of an earlier job of this name."""
        ...

    def forget(self, name: str) -> None:
        """Run a job no more, if there is one of this name; one under way may end."""
        ...

    def start(self) -> None:
        """Begin."""
        ...

    def renew(self) -> None:
        """Work out anew when each job is due: the clock was set."""
        ...

    async def stop(self) -> None:
        """Start no further job."""
        ...


async def guarded(job: Callable[[], Awaitable[object]], name: str) -> None:
    """Run a job; its failure is its own and is not silent."""
    try:
        await job()
    except Exception:
        log.exception("the job %s failed", name)


class ApSchedule:
    """Jobs driven by APScheduler in the running event loop."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(timezone="UTC")

    @property
    def is_running(self) -> bool:
        return bool(self._scheduler.running)

    def every(self, period: timedelta, job: Callable[[], Awaitable[object]], *, name: str) -> None:
        self._scheduler.add_job(
            guarded,
            IntervalTrigger(seconds=period.total_seconds()),
            args=(job, name),
            id=name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=GRACE_S,
            replace_existing=True,
        )

    def on(self, trigger: BaseTrigger, job: Callable[[], Awaitable[object]], *, name: str) -> None:
        self._scheduler.add_job(
            guarded,
            trigger,
            args=(job, name),
            id=name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,  # however late: the job itself knows what is too late
            replace_existing=True,
        )

    def forget(self, name: str) -> None:
        if self._scheduler.get_job(name) is not None:
            self._scheduler.remove_job(name)

    def start(self) -> None:
        self._scheduler.start()

    def renew(self) -> None:
        for job in self._scheduler.get_jobs():
            trigger = job.trigger
            if isinstance(trigger, IntervalTrigger):  # it counts from when it was made
                trigger = IntervalTrigger(seconds=trigger.interval.total_seconds())
            job.reschedule(trigger)

    async def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # it ends itself in the loop's next round


class ClockSchedule:
    """The same jobs driven by the injected clock; for virtual time."""

    def __init__(self, clock: Clock, tasks: TaskSupervisor) -> None:
        self._clock = clock
        self._tasks = tasks
        self._jobs: dict[str, tuple[timedelta | BaseTrigger, Callable[[], Awaitable[object]]]] = {}
        self._repeating: dict[str, asyncio.Task[None]] = {}
        self._running = False

    @property
    def is_running(self) -> bool:
        return self._running

    def every(self, period: timedelta, job: Callable[[], Awaitable[object]], *, name: str) -> None:
        self._set(period, job, name)

    def on(self, trigger: BaseTrigger, job: Callable[[], Awaitable[object]], *, name: str) -> None:
        self._set(trigger, job, name)

    def forget(self, name: str) -> None:
        self._jobs.pop(name, None)
        self._repeating.pop(name, None)

    def start(self) -> None:
        self._running = True
        for name in self._jobs:
            self._begin(name)

    def renew(self) -> None:
        for name, (when, job) in tuple(self._jobs.items()):
            if isinstance(when, BaseTrigger):  # the others go by the clock that is never set
                self._set(when, job, name)

    async def stop(self) -> None:
        self._running = False

    def _set(
        self, when: timedelta | BaseTrigger, job: Callable[[], Awaitable[object]], name: str
    ) -> None:
        self.forget(name)
        self._jobs[name] = when, job
        if self._running:
            self._begin(name)

    def _begin(self, name: str) -> None:
        self._repeating[name] = self._tasks.spawn(self._repeat(name), name=f"job {name}")

    async def _repeat(self, name: str) -> None:
        """Run a job until another one has its name, or none."""
        myself = asyncio.current_task()
        while self._running and self._repeating.get(name) is myself:
            when, job = self._jobs[name]
            if not await self._wait(when):
                return
            if self._repeating.get(name) is myself:
                await guarded(job, name)

    async def _wait(self, when: timedelta | BaseTrigger) -> bool:
        """Wait until a job is due; False if it never is."""
        if not isinstance(when, BaseTrigger):
            await self._clock.sleep(when.total_seconds())
            return True
        now = self._clock.now()
        at: datetime | None = when.get_next_fire_time(None, now)
        if at is None:
            return False
        while (left := (at - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(left)
        return True
