"""The job starts a needed rebalance once, and tells people why it could not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.broker import BrokerUnavailableError
from algorithms.rebalancing.states import RunState
from tests.daemon.rebalancing.portfolios import HALVES, config, house

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ENDED = (RunState.DONE, RunState.STOPPED, RunState.FAILED)
TWICE = '[[jobs]]\nrun = "rebalance"\nat = ["09:01", "09:03"]\n'
SOON_S = 70
"""From the start of a story until its job is done."""


LATER_S = 120
"""From then until its next time is over."""


async def test_it_starts_a_run_at_its_time_and_none_where_no_drift_is(tmp_path: Path) -> None:
    async with house(tmp_path, config(more=TWICE)) as here:
        await here.want(HALVES)
        await here.world.advance(SOON_S)
        ((run, _),) = await here.desk.runs("main")
        assert run.started_by == "job"
        assert (await here.until(run, *ENDED)).state is RunState.DONE
        await here.world.advance(LATER_S)
        assert len(await here.desk.runs("main")) == 1
        runs = await here.world.rows("last_job_run", account="main")
        assert runs[0]["due_at"] is not None


async def test_a_restart_at_its_time_starts_no_second_run(tmp_path: Path) -> None:
    text = config(more=TWICE)
    async with house(tmp_path, text) as here:
        await here.want(HALVES)
        clock = here.world.clock
        await here.world.advance(SOON_S)
    async with house(tmp_path, text, clock=clock, seed=2) as here:
        await here.world.advance(30)
        assert len(await here.desk.runs("main")) == 1


async def test_people_are_told_why_no_run_was_started(tmp_path: Path) -> None:
    text = config(more=TWICE, rebalancing="max_order_percent = 10")
    async with house(tmp_path, text) as here:
        await here.world.advance(SOON_S)
        assert "no targets" in here.world.notices[-1].text
        await here.want(HALVES)
        await here.world.advance(LATER_S)
        told = [each for each in here.world.notices if each.code == "rebalance_refused"]
        assert len(told) == 2
        assert "AAA: its order is larger than" in told[-1].text
        assert await here.desk.runs("main") == []


async def test_a_silent_broker_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path, config(more=TWICE)) as here:
        await here.want(HALVES)

        async def silent() -> None:
            raise BrokerUnavailableError("not now")

        with monkeypatch.context() as patch:
            patch.setattr(here.world.exchange(), "holdings", silent)
            await here.world.advance(120)
            assert await here.desk.runs("main") == []
        await here.world.advance(120)
        assert len(await here.desk.runs("main")) == 1


async def test_an_account_without_portfolio_book_has_nothing_to_rebalance(tmp_path: Path) -> None:
    text = config(more=TWICE).replace('rule = { type = "portfolio" }', "")
    async with house(tmp_path, text) as here:
        await here.world.advance(SOON_S)
        assert here.world.told("rebalance_refused") == here.world.told("job_failed") == 0
