from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from algorithms.domain import AccountName
from daemon.calendars import CalendarError
from daemon.config.jobs import JobKind
from daemon.jobs.board import NotNowError
from daemon.jobs.office import Timetables, runners
from tests.daemon.jobs.mornings import JOBS, house, morning

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.sessions import Sessions
    from daemon.config.market import Market

SECOND = '\n[accounts.other]\nmarket = "24/7"\npaper = { prices = { TQQQ = "100" } }\n'
MAIN, OTHER = AccountName("main"), AccountName("other")


async def test_a_job_is_for_the_accounts_it_names_else_for_all(tmp_path: Path) -> None:
    report = '[[jobs]]\nrun = "report"\nat = "23:00"\naccounts = ["other"]\n'
    async with morning(tmp_path, house({}, jobs=JOBS + report) + SECOND) as here:
        tables = Timetables(here.engine.services, here.engine.calendars)
        kinds = {
            account: {kind for kind, _ in (await tables.of(account)).times}
            for account in (MAIN, OTHER)
        }
        assert kinds[MAIN] == {JobKind.MAKE_ORDERS, JobKind.TWAP}
        assert kinds[OTHER] == kinds[MAIN] | {JobKind.REPORT}


async def test_without_a_calendar_there_are_no_jobs_yet(tmp_path: Path) -> None:
    async with morning(tmp_path, house({})) as here:

        async def unknown(market: Market) -> Sessions:
            raise CalendarError(f"{market.value} is not known")

        here.engine.calendars.sessions = unknown  # type: ignore[method-assign]
        with pytest.raises(NotNowError, match="XNYS is not known"):
            await Timetables(here.engine.services, here.engine.calendars).of(MAIN)


async def test_who_does_which_job(tmp_path: Path) -> None:
    async with morning(tmp_path, house({})) as here:
        tables = Timetables(here.engine.services, here.engine.calendars)
        engine = here.engine
        doing = runners(
            engine.services,
            tables.of,
            engine.bus,
            lambda _: None,
            engine.approvals,
            engine.rebalancing,
        )
        once = {kind for kind, runner in doing.items() if runner.once_a_day}
        assert once == {JobKind.MAKE_ORDERS}
        assert {JobKind.TWAP, JobKind.RECONCILE, JobKind.REPORT} <= doing.keys()
