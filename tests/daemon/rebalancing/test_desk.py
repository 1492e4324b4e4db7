"""A run is started once, after a person's yes where that is wanted, and by nobody else's."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from algorithms.rebalancing.states import RunState
from daemon.api.errors import ErrorCode, Refused
from daemon.api.problems import BadInput
from daemon.execution.halts import Scope
from daemon.rebalancing.runner import Runners
from tests.algorithms.rebalancing.houses import targets
from tests.daemon.rebalancing.portfolios import HALVES, TURNED, config, house
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

ENDED = (RunState.DONE, RunState.STOPPED, RunState.FAILED)
CAUTIOUS = "max_order_percent = 30"


async def refused(work: Awaitable[object]) -> Refused:
    with pytest.raises(Refused) as caught:
        await work
    return caught.value


async def test_two_requests_at_once_start_one_run(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        await here.want(HALVES)
        answers = await asyncio.gather(
            *(here.desk.run("main", None, "admin") for _ in range(5)), return_exceptions=True
        )
        errors = [each for each in answers if isinstance(each, Refused)]
        assert [each.code for each in errors] == [ErrorCode.RUN_UNFINISHED] * 4
        assert len(await here.desk.runs("main")) == 1


async def test_without_targets_or_drift_nothing_is_started(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        error = await refused(here.desk.run("main", None, "admin"))
        assert error.code is ErrorCode.NO_TARGETS
        await here.want(HALVES)
        await here.until(await here.start(), *ENDED)
        run, prepared = await here.desk.run("main", None, "admin")
        assert run is None
        assert prepared.draft.plan.needed is False


async def test_targets_count_when_they_were_seen_on_enough_days(tmp_path: Path) -> None:
    async with house(tmp_path, config(rebalancing="confirm_days = 2")) as here:
        await here.want(HALVES)
        error = await refused(here.desk.run("main", None, "admin"))
        assert "2 days in a row" in error.detail
        here.world.clock.step(timedelta(days=1))
        await here.want(TURNED)
        found = (await here.desk.prepare("main")).targets
        assert found.targets == HALVES  # until the others have been seen twice
        here.world.clock.step(timedelta(days=1))
        await here.world.pass_time(1)
        assert (await here.start()).targets == TURNED


async def test_large_orders_want_the_plan_that_a_person_has_seen(tmp_path: Path) -> None:
    async with house(tmp_path, config(rebalancing=CAUTIOUS)) as here:
        await here.want(HALVES)
        error = await refused(here.desk.run("main", None, "admin"))
        assert error.code is ErrorCode.NEEDS_CONFIRMATION
        assert {each.path for each in error.problems} == {"AAA", "BBB"}
        _, plan_id = await here.desk.preview("main")
        run = await here.start(plan_id)
        assert run.plan_id == plan_id
        assert (await here.start(plan_id)).id == run.id  # repeated, it is the same run
        assert (await here.until(run, *ENDED)).state is RunState.DONE
        assert (await here.start(plan_id)).id == run.id


async def test_a_plan_is_confirmed_in_time_for_the_same_targets_and_about_the_same_trades(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, config(rebalancing=CAUTIOUS)) as here:
        await here.want(HALVES)

        async def tried(plan_id: str) -> Refused:
            error = await refused(here.desk.run("main", plan_id, "admin"))
            assert error.code is ErrorCode.PLAN_CHANGED
            return error

        assert "no plan X" in (await tried("X")).detail
        _, old = await here.desk.preview("main")
        here.world.clock.step(timedelta(minutes=11))
        await here.world.pass_time(1)
        assert "last 10 minutes" in (await tried(old)).detail
        _, plan_id = await here.desk.preview("main")
        await here.world.set_price("AAA", "110")
        await here.world.pass_time(1)
        assert [each.path for each in (await tried(plan_id)).problems] == ["AAA"]
        await here.world.set_price("AAA", "104")
        await here.world.pass_time(1)
        await here.want(TURNED)
        assert "other targets" in (await tried(plan_id)).detail
        await here.want(HALVES)
        _, plan_id = await here.desk.preview("main")
        await here.world.set_price("AAA", "100")
        await here.world.pass_time(1)
        assert (await here.start(plan_id)).plan_id == plan_id  # 4 percent more is let pass


async def test_a_book_that_trades_after_a_yes_is_rebalanced_after_one(tmp_path: Path) -> None:
    async with house(tmp_path, config(book='mode = "approve"')) as here:
        await here.want(HALVES)
        error = await refused(here.desk.run("main", None, "admin"))
        assert error.code is ErrorCode.NEEDS_CONFIRMATION
        _, plan_id = await here.desk.preview("main")
        assert (await here.until(await here.start(plan_id), *ENDED)).state is RunState.DONE


async def test_everything_against_a_plan_is_told_and_nothing_ordered(tmp_path: Path) -> None:
    text = config(book='symbols = ["AAA", "CCC", "NOPE"]', rebalancing=CAUTIOUS)
    async with house(tmp_path, text) as here:
        wanted = targets({"stocks": "100"}, {"stocks": {"AAA": "30", "BBB": "30", "NOPE": "40"}})
        await here.want(wanted)
        await here.world.engine.halts.halt(Scope.BOOK, "portfolio", "look", here.world.now)
        error = await refused(here.desk.run("main", None, "admin"))
        assert error.code is ErrorCode.NOT_FEASIBLE
        assert {each.path for each in error.problems} == {"BBB", "NOPE", "plan"}
        assert await here.desk.runs("main") == []
        assert await here.orders() == []


async def test_only_a_stopped_run_is_resumed_and_none_that_is_over_cancelled(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as here:
        await here.want(HALVES)
        run = await here.until(await here.start(), *ENDED)
        for change in (here.desk.resume, here.desk.cancel):
            error = await refused(change(run.id))
            assert error.code is ErrorCode.RUN_STATE
            assert "is done" in error.detail
            assert (await refused(change("nobody's"))).code is ErrorCode.NOT_FOUND
        assert (await refused(here.desk.look("nobody's"))).code is ErrorCode.NOT_FOUND


async def test_a_run_is_cancelled_before_it_has_sold_and_is_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(tmp_path, config(paper="latency_ms = 200")) as here:
        await here.want(HALVES)
        with monkeypatch.context() as patch:
            patch.setattr(Runners, "wake", lambda *_: None)
            run = await here.start()
        cancelled = await here.desk.cancel(run.id)
        assert (cancelled.state, cancelled.reason) == (RunState.FAILED, "cancelled by a person")
        second = await here.until(await here.start(), RunState.BUYING)
        await here.world.set_price("AAA", "110")
        await here.desk.cancel(second.id)
        ended = await here.until(second, *ENDED)
        assert ended.state is RunState.FAILED
        assert here.world.told("rebalance_stopped") == 0
        assert all(order["ended_at"] is not None for order in await here.orders())


async def test_a_run_is_cancelled_after_it_has_sold_and_alarms_until_given_up(
    tmp_path: Path,
) -> None:
    async with house(tmp_path, config(paper="latency_ms = 200")) as here:
        await here.want(HALVES)
        await here.until(await here.start(), *ENDED)
        await here.want(TURNED)
        run = await here.until(await here.start(), RunState.SOLD, RunState.BUYING)
        await here.world.set_price("CCC", "30")
        await here.desk.cancel(run.id)
        stopped = await here.until(run, *ENDED)
        assert stopped.state is RunState.STOPPED
        assert here.world.told("rebalance_stopped") == 1
        error = await refused(here.desk.run("main", None, "admin"))
        assert "was stopped" in error.detail
        given_up = await here.desk.cancel(run.id)
        assert given_up.state is RunState.FAILED
        assert "given up" in given_up.reason
        # The cash is the book's, so the next run spends it.
        assert (await here.until(await here.start(), *ENDED)).state is RunState.DONE


async def test_a_cancel_that_comes_too_late_leaves_a_run_that_is_done(tmp_path: Path) -> None:
    async with house(tmp_path, config(paper="latency_ms = 200")) as here:
        await here.want(HALVES)
        await here.until(await here.start(), *ENDED)
        await here.want(TURNED)
        run = await here.until(await here.start(), RunState.BUYING)
        await here.world.pass_time(0.3)  # the orders are there, their fills on the way
        await here.desk.cancel(run.id)
        ended = await here.until(run, *ENDED)
        assert (ended.state, ended.reason) == (RunState.DONE, "")
        assert here.world.told("rebalance_stopped") == 0


async def test_an_account_needs_a_portfolio_book_or_just_one_book(tmp_path: Path) -> None:
    async with house(tmp_path, THREE_BOOKS) as here:
        with pytest.raises(BadInput) as caught:
            await here.desk.prepare("main")
        assert "no portfolio book" in str(caught.value)
        with pytest.raises(BadInput) as caught:
            await here.desk.prepare("elsewhere")
        assert "name of a configured account" in str(caught.value)
        assert here.desk.only_account() == ""
    only = THREE_BOOKS[: THREE_BOOKS.index("[books.b]")] + "[instruments.TQQQ]\nlot = '1'\n"
    (tmp_path / "one").mkdir()
    async with house(tmp_path / "one", only) as here:
        await here.want(targets({"stocks": "40", "cash": "60"}, {"stocks": {"TQQQ": "100"}}))
        run = await here.start()
        assert run.book == "a"


async def test_how_a_portfolio_stands_is_told_without_a_run_and_with_one(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        await here.want(HALVES)
        standing = await here.desk.standing("main")
        assert standing.run is None
        assert standing.prepared.draft.plan.needed is True
        assert standing.prepared.draft.snapshot.portfolio.cash == Decimal(100_000)
        run = await here.start()
        now = (await here.desk.standing("main")).run
        assert now is not None
        assert now.id == run.id
