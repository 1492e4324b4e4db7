from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.broker import BrokerUnavailableError
from daemon.jobs.runs import RunStatus
from tests.daemon.jobs.mornings import house, morning, new_york, runs, until

if TYPE_CHECKING:
    from pathlib import Path

AT_CLOSE = '[[jobs]]\nrun = "reconcile"\nat = "close+5m"\n'


async def test_the_account_is_compared_at_the_time(tmp_path: Path) -> None:
    async with morning(tmp_path, house({}, jobs=AT_CLOSE)) as here:
        await until(here, new_york(16, 6))
        assert runs(here) == [("reconcile close+5m", "", "2026-11-20", RunStatus.DONE)]


async def test_a_silent_broker_is_asked_again(tmp_path: Path) -> None:
    async with morning(tmp_path, house({}, jobs=AT_CLOSE)) as here:
        (runtime,) = here.engine.accounts.values()
        compare = runtime.compare

        async def silent() -> None:
            raise BrokerUnavailableError("no answer")

        runtime.compare = silent  # type: ignore[method-assign, assignment]
        await until(here, new_york(16, 6))
        assert runs(here) == []
        runtime.compare = compare  # type: ignore[method-assign]
        await until(here, new_york(16, 7))
        assert len(runs(here)) == 1
