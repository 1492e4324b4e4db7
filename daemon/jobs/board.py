"""The board of jobs: looks at what is due, runs it once, and reports what was missed.

Each account has its own task, so that a slow broker delays nobody else's jobs. The schedule only
wakes it. What is due is worked out from the timetable and from the runs that are stored, so it
does not matter why somebody looks: a timer, a restart, a clock that was set.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

from adapters.clock import wait_until
from daemon.jobs.runs import JobRun, RanBeforeError, RunStatus, has_run, last_due, record
from daemon.jobs.timetable import NextDue
from daemon.notices import raise_notice

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import datetime

    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from algorithms.domain import AccountName
    from daemon.config.jobs import JobKind
    from daemon.execution.persistence import Persistence
    from daemon.ids import IdSource
    from daemon.jobs.schedule import Schedule
    from daemon.jobs.timetable import Due, Timetable
    from daemon.storage.tx import Tx

RETRY = timedelta(seconds=15)
"""Between tries of a job that cannot be done yet, as long as it may still be caught up."""
LONGEST_LOOK_BACK = timedelta(days=31)
"""What was missed before this is not told any more."""

log = logging.getLogger(__name__)


class NotNowError(Exception):
    """A job cannot be done at the moment, and may be tried again; the message says why."""


class JobRunner(Protocol):
    """Does one kind of job."""

    @property
    def once_a_day(self) -> bool:
        """Whether all times of a market day together mean one run."""
        ...

    async def run(self, run: JobRun) -> Callable[[Tx], str]:
        """Do the job, up to what must happen exactly once.

        That is what it returns: done in the transaction that stores the run, it returns a note
        on it. Raises NotNowError to be tried again.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What every account's jobs share."""

    clock: Clock
    persistence: Persistence
    ids: IdSource
    runners: Mapping[JobKind, JobRunner]
    timetable: Callable[[AccountName], Awaitable[Timetable]]
    catch_up: Callable[[], timedelta]


class AccountJobs:
    """The jobs of one account."""

    def __init__(self, account: AccountName, tools: Tools) -> None:
        self._account = account
        self._tools = tools
        self._wake = asyncio.Event()
        self._tried: dict[str, str] = {}
        """Jobs that could not be done yet, and why."""

    def wake(self) -> None:
        """Look at what is due."""
        self._wake.set()

    async def work(self) -> None:
        """Do what is due, for ever."""
        while True:
            self._wake.clear()
            again_at: datetime | None = None
            try:
                again_at = await self._look()
            except Exception:
                log.exception("account %s: its jobs could not be looked at", self._account)
                again_at = self._tools.clock.now() + RETRY
            await wait_until(self._tools.clock, self._wake, again_at)

    async def _look(self) -> datetime | None:
        """Do what is due; return when to try again what could not be done."""
        tools = self._tools
        timetable = await tools.timetable(self._account)
        if not timetable.times:
            return None
        now, catch_up = tools.clock.now(), tools.catch_up()
        known = await tools.persistence.read(partial(last_due, account=self._account))
        # What came before a run may still have been waiting for its turn when the process died.
        since = (now if known is None else min(known, now)) - catch_up
        dues = timetable.between(max(since, now - LONGEST_LOOK_BACK) - RETRY, now)
        missed: list[JobRun] = []
        again = False
        for due in dues:
            runner = tools.runners.get(due.kind)
            if runner is None:
                continue
            run = self._run_of(due, runner)
            if await tools.persistence.read(partial(has_run, run=run)):
                self._tried.pop(_name(run), None)
            elif tools.clock.now() - due.at > catch_up and _name(run) not in self._tried:
                missed += [run] if due.trades else []
            elif not await self._do(run, runner, catch_up):
                again = True
        if missed:
            await self._miss(missed)
        return tools.clock.now() + RETRY if again else None

    def _run_of(self, due: Due, runner: JobRunner) -> JobRun:
        key = due.kind.value if runner.once_a_day else f"{due.kind} {due.time}"
        return JobRun(
            key=key,
            account=self._account,
            time=due.time,
            day=due.day,
            due_at=due.at,
            trades=due.trades,
        )

    async def _do(self, run: JobRun, runner: JobRunner, catch_up: timedelta) -> bool:
        """Do one job; return False if it must be tried again."""
        try:
            finish = await runner.run(run)
        except NotNowError as error:
            reason = str(error)
        except Exception as error:
            log.exception("account %s: %s failed", self._account, run.key)
            reason = f"{type(error).__name__}: {error}"
        else:
            await self._store(run, finish)
            self._tried.pop(_name(run), None)
            return True
        self._tried[_name(run)] = reason
        if self._tools.clock.now() + RETRY - run.due_at <= catch_up:
            return False
        await self._fail(run, reason)
        return True

    async def _store(self, run: JobRun, finish: Callable[[Tx], str]) -> None:
        now = self._tools.clock.now()

        def write(tx: Tx) -> None:
            note = finish(tx)
            record(tx, run, RunStatus.DONE if run.trades else RunStatus.SKIPPED, now, note)

        try:
            await self._tools.persistence.write(write)
        except RanBeforeError:
            log.warning("account %s: %s has run before", self._account, run.key)

    async def _fail(self, run: JobRun, reason: str) -> None:
        self._tried.pop(_name(run), None)
        await self._tell("job_failed", [run], RunStatus.FAILED, reason=reason)

    async def _miss(self, runs: list[JobRun]) -> None:
        """Store what was missed, and tell of each job once however many days it missed."""
        by_key: dict[str, list[JobRun]] = {}
        for run in runs:
            by_key.setdefault(run.key, []).append(run)
        for group in by_key.values():
            await self._tell("job_missed", group, RunStatus.MISSED, count=str(len(group)))

    async def _tell(self, code: str, runs: list[JobRun], status: RunStatus, **params: str) -> None:
        now = self._tools.clock.now()
        last = runs[-1]

        def write(tx: Tx) -> None:
            for run in runs:
                if not has_run(tx, run):
                    record(tx, run, status, now, params.get("reason", ""))
            raise_notice(
                tx,
                self._tools.ids.new(),
                code,
                now,
                account=self._account,
                job=last.key,
                day=last.day.isoformat(),
                **params,
            )

        await self._tools.persistence.write(write)


def _name(run: JobRun) -> str:
    return f"{run.key} {run.day} {run.due_at}"


class JobBoard:
    """The jobs of all accounts."""

    def __init__(
        self,
        tools: Tools,
        schedule: Schedule,
        tasks: TaskSupervisor,
        ready: Callable[[AccountName], Awaitable[object]],
    ) -> None:
        self._tools = tools
        self._schedule = schedule
        self._tasks = tasks
        self._ready = ready
        self._accounts: dict[AccountName, AccountJobs] = {}
        self._working: dict[AccountName, asyncio.Task[None]] = {}

    async def follow(self, accounts: Iterable[AccountName]) -> None:
        """Have the jobs of these accounts and no others, at the times that hold now.

        For a start, and when the configuration or a calendar has changed.
        """
        wanted = set(accounts)
        for account in self._accounts.keys() - wanted:
            self._end(account)
        for account, jobs in list(self._accounts.items()):
            await self._set_timer(account, jobs)
            jobs.wake()
        for account in sorted(wanted - self._accounts.keys()):
            self._begin(account)

    def _begin(self, account: AccountName) -> None:
        jobs = AccountJobs(account, self._tools)
        self._accounts[account] = jobs
        self._working[account] = self._tasks.spawn(
            self._work(account, jobs), name=f"jobs of {account}"
        )

    def _end(self, account: AccountName) -> None:
        """Run no more jobs of an account; what one has stored stays stored."""
        del self._accounts[account]
        self._working.pop(account).cancel()
        self._schedule.forget(_timer(account))

    async def _work(self, account: AccountName, jobs: AccountJobs) -> None:
        """Do an account's jobs as soon as its broker has been tried."""
        await self._ready(account)
        while not await self._set_timer(account, jobs):
            await self._tools.clock.sleep(RETRY.total_seconds())
        await jobs.work()

    async def _set_timer(self, account: AccountName, jobs: AccountJobs) -> bool:
        """Let the schedule wake the account's jobs; False while its calendar is not known."""
        try:
            timetable = await self._tools.timetable(account)
        except NotNowError as error:
            log.warning("account %s: no jobs yet: %s", account, error)
            return False

        async def wake() -> None:
            jobs.wake()

        if timetable.times:
            self._schedule.on(NextDue(timetable), wake, name=_timer(account))
        else:
            self._schedule.forget(_timer(account))
        return True


def _timer(account: AccountName) -> str:
    return f"jobs of {account}"
