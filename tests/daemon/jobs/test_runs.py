from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from algorithms.domain import AccountName, BookName
from daemon.config.jobs import read_job_time
from daemon.jobs.runs import JobRun, RanBeforeError, RunStatus, has_run, last_due, record
from tests.daemon.jobs.mornings import house, morning, new_york

if TYPE_CHECKING:
    from pathlib import Path

MAIN, BOT = AccountName("main"), BookName("bot")
NINE = JobRun(
    key="make_orders",
    account=MAIN,
    time=read_job_time("09:05"),
    day=date(2026, 11, 20),
    due_at=new_york(9, 5),
    trades=True,
)
NOON = replace(NINE, due_at=new_york(12), time=read_job_time("12:00"))


async def test_a_run_is_stored_once_for_each_book_and_day(tmp_path: Path) -> None:
    async with morning(tmp_path, house({})) as here:
        store, now = here.engine.store, here.clock.now()
        await store.write(lambda tx: record(tx, NINE, RunStatus.DONE, now, book=BOT))
        for again in (NINE, NOON):
            with pytest.raises(RanBeforeError):
                await store.write(
                    partial(record, run=again, status=RunStatus.DONE, now=now, book=BOT)
                )
        tomorrow = replace(NINE, day=NINE.day + timedelta(days=1))
        for run, book in ((NINE, ""), (tomorrow, BOT)):
            assert not await store.read(partial(has_run, run=run, book=book))


@pytest.mark.parametrize("status", [RunStatus.MISSED, RunStatus.FAILED])
async def test_what_was_missed_may_run_at_a_later_time_of_the_day(
    tmp_path: Path, status: RunStatus
) -> None:
    async with morning(tmp_path, house({})) as here:
        store, now = here.engine.store, here.clock.now()
        await store.write(lambda tx: record(tx, NINE, status, now))
        assert await store.read(lambda view: has_run(view, NINE))
        await store.write(lambda tx: record(tx, NOON, RunStatus.DONE, now))
        assert await store.read(lambda view: has_run(view, NOON))
        assert await store.read(lambda view: last_due(view, MAIN)) == NOON.due_at


async def test_without_any_run_nothing_is_known_of_the_past(tmp_path: Path) -> None:
    async with morning(tmp_path, house({})) as here:
        assert await here.engine.store.read(lambda view: last_due(view, MAIN)) is None
