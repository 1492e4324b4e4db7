from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from daemon.config.jobs import JobKind
from daemon.jobs.board import NotNowError
from daemon.jobs.runs import RunStatus
from tests.daemon.jobs.mornings import house, morning, new_york, runs, until
from tests.support.books import told

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from daemon.jobs.runs import JobRun
    from daemon.storage.tx import Tx
    from tests.support.world import World

TWICE = """
[[jobs]]
run = "loc"
at = ["10:00", "11:00"]
"""


class Recorded:
    """A kind of job that somebody else does; may refuse for a while."""

    def __init__(self, here: World, *, once_a_day: bool = False) -> None:
        self.here = here
        self.once_a_day = once_a_day
        self.refuse_until: datetime | None = None
        self.refused: str | None = None
        self.tried: list[datetime] = []

    async def run(self, run: JobRun) -> Callable[[Tx], str]:
        now = self.here.clock.now()
        self.tried.append(now)
        too_soon = self.refuse_until is not None and now < self.refuse_until
        if too_soon or run.key == self.refused:
            raise NotNowError("not yet")
        return lambda _: f"done for {run.day}"


def put_on(here: World, runner: Recorded) -> Recorded:
    here.engine.jobs._tools.runners[JobKind.LOC] = runner  # type: ignore[index]  # noqa: SLF001
    return runner


async def test_each_time_of_a_job_runs_once(tmp_path: Path) -> None:
    async with morning(tmp_path, house({}, jobs=TWICE)) as here:
        runner = put_on(here, Recorded(here))
        await until(here, new_york(12))
        assert runner.tried == [new_york(10), new_york(11)]
        assert [run[0] for run in runs(here)] == ["loc 10:00", "loc 11:00"]


async def test_a_job_of_the_whole_day_runs_at_its_first_time_only(tmp_path: Path) -> None:
    async with morning(tmp_path, house({}, jobs=TWICE)) as here:
        runner = put_on(here, Recorded(here, once_a_day=True))
        await until(here, new_york(12))
        assert runner.tried == [new_york(10)]


async def test_what_cannot_be_done_yet_is_tried_again(tmp_path: Path) -> None:
    async with morning(tmp_path, house({}, jobs=TWICE)) as here:
        runner = put_on(here, Recorded(here))
        runner.refuse_until = new_york(10, 1)
        await until(here, new_york(10, 30))
        assert len(runner.tried) == 5  # every 15 seconds
        assert runs(here)[0] == ("loc 10:00", "", "2026-11-20", RunStatus.DONE)


async def test_and_given_up_with_an_alarm_when_its_window_is_over(tmp_path: Path) -> None:
    async with morning(tmp_path, house({}, jobs=TWICE)) as here:
        runner = put_on(here, Recorded(here, once_a_day=True))
        runner.refuse_until = new_york(10, 59)
        await until(here, new_york(12))
        (failed,) = told(here, "job_failed")
        assert (failed["job"], failed["reason"]) == ("loc", "not yet")
        assert runner.tried[-2] <= new_york(10, 30) < runner.tried[-1] == new_york(11)
        assert runs(here) == [("loc", "", "2026-11-20", RunStatus.DONE)]


async def test_one_that_waited_when_the_daemon_died_is_told_of_though_later_ones_had_run(
    tmp_path: Path,
) -> None:
    twice = TWICE.replace("11:00", "10:05")
    async with morning(tmp_path, house({}, jobs=twice)) as here:
        runner = put_on(here, Recorded(here))
        runner.refused = "loc 10:00"
        await until(here, new_york(10, 6))
        assert [run[0] for run in runs(here)] == ["loc 10:05"]
        clock = here.clock
    await clock.sleep(3600)
    async with morning(tmp_path, house({}, jobs=twice), clock=clock) as here:
        await here.pass_time(60)
        assert [(run[0], run[3]) for run in runs(here)] == [
            ("loc 10:05", RunStatus.DONE),
            ("loc 10:00", RunStatus.MISSED),
        ]


async def test_a_job_that_nobody_does_is_passed_over(tmp_path: Path) -> None:
    async with morning(tmp_path, house({}, jobs=TWICE)) as here:
        del here.engine.jobs._tools.runners[JobKind.LOC]  # type: ignore[attr-defined]  # noqa: SLF001
        await until(here, new_york(12))
        assert runs(here) == []


async def test_new_times_count_once_the_board_follows_them(tmp_path: Path) -> None:
    async with morning(tmp_path, house({}, jobs="")) as here:
        runner = put_on(here, Recorded(here))
        await here.pass_time(60)
        (tmp_path / "later").mkdir()
        async with morning(tmp_path / "later", house({}, jobs=TWICE), clock=here.clock) as other:
            here.engine.current.setup = other.engine.current.setup
        await here.engine.jobs.follow(here.engine.accounts)
        await until(here, new_york(12))
        assert runner.tried == [new_york(10), new_york(11)]


async def test_an_account_that_ended_has_no_jobs(tmp_path: Path) -> None:
    async with morning(tmp_path, house({}, jobs=TWICE)) as here:
        runner = put_on(here, Recorded(here))
        await until(here, new_york(10) + timedelta(minutes=1))
        await here.engine.jobs.follow(())
        await until(here, new_york(12))
        assert runner.tried == [new_york(10)]
