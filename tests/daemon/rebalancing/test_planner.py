"""A live plan is checked whole, and goes by what is configured and stored now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.domain import OrderType
from algorithms.rebalancing.drift import Thresholds
from algorithms.rebalancing.states import RunState
from daemon.rebalancing.office import RebalancingOffice
from daemon.rebalancing.planner import (
    Planner,
    forbidden,
    prices_document,
    snapshot_document,
)
from tests.daemon.rebalancing.portfolios import HALVES, TURNED, House, config, house
from tests.support.world import buy, cancel_all

if TYPE_CHECKING:
    from pathlib import Path


def planner(here: House) -> Planner:
    return here.desk._planner  # noqa: SLF001 - the part under test


async def test_plans_go_by_the_configuration_and_the_stored_thresholds(tmp_path: Path) -> None:
    text = config(rebalancing='rounding = "nearest_cash"\ncash_buffer_percent = 90')
    async with house(tmp_path, text) as here:
        await RebalancingOffice(here.world.engine).set_thresholds(Decimal(90), Decimal(7))
        settings = await planner(here).settings(here.desk.book("main"), slices=2)
        assert settings.thresholds == Thresholds(Decimal(90), Decimal(7))
        assert settings.rounding.value == "nearest_cash"
        assert settings.cash_buffer_percent == 90
        assert settings.slices == 2
        assert settings.fees.commission_percent == Decimal("0.25")
        book = here.desk.book("main")
        assert not (await planner(here).draft(book, HALVES)).plan.sells
        # What has begun goes on, however small the drifts are by now.
        assert (await planner(here).draft(book, HALVES, goes_on=True)).plan.buys


async def test_a_switch_a_limit_and_a_symbol_stand_against_a_plan(tmp_path: Path) -> None:
    text = config(book='active = false\nsymbols = ["AAA"]', more="[risk]\nmax_order_value = 100")
    async with house(tmp_path, text) as here:
        plan = (await planner(here).draft(here.desk.book("main"), HALVES)).plan
        found = {(each.code, each.ticker) for each in plan.problems}
        assert found == {
            ("forbidden", None), ("forbidden", "AAA"), ("forbidden", "BBB"),
            ("symbol_not_in_book", "BBB"),
        }  # fmt: skip
        assert (plan.sells, plan.buys, plan.feasible) == ((), (), False)


async def test_what_an_open_order_of_the_book_buys_is_not_bought_twice(tmp_path: Path) -> None:
    async with house(tmp_path, config(paper="latency_ms = 200")) as here:
        await here.want(HALVES)
        await here.world.submit("alpha", buy("BBB", "5", kind=OrderType.LIMIT, price="49"))
        resting = await here.world.submit(
            "house", buy("AAA", "5", kind=OrderType.LIMIT, price="99")
        )
        await here.world.pass_time(1)
        plan = (await here.desk.prepare("main")).draft.plan
        (problem,) = plan.problems  # what another book buys is its own
        assert (problem.code, problem.ticker) == ("order_open", "AAA")
        assert resting.http_status == 200
        await here.world.submit("house", cancel_all())
        await here.world.pass_time(5)
        run = await here.until(await here.start(), RunState.BUYING)
        assert [order["symbol"] for order in await here.orders() if order["ended_at"] is None]
        # Its own orders do not stand against what a run has still to do.
        assert (await here.desk.prepare("main")).draft.plan.problems == ()
        assert (await here.until(run, RunState.DONE)).reason == ""


async def test_a_futures_account_is_not_rebalanced(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        book = here.desk.book("main")
        futures = replace(book, account=replace(book.account, market_type="futures"))
        assert forbidden(here.world.engine.services, book) is None
        why = forbidden(here.world.engine.services, futures)
        assert why == "main trades futures, and only what is owned is rebalanced"


async def test_the_last_targets_that_were_seen_long_enough_are_in_force(tmp_path: Path) -> None:
    async with house(tmp_path, config(rebalancing="confirm_days = 2")) as here:
        book = here.desk.book("main")
        await here.want(HALVES)
        assert await planner(here).targets(book) is None
        here.world.clock.step(timedelta(days=1))
        found = await planner(here).targets(book)
        assert found is not None
        assert (found.targets, found.set_by) == (HALVES, "analyst")
        await here.want(TURNED)
        found = await planner(here).targets(book)
        assert found is not None
        assert found.targets == HALVES


async def test_what_a_run_is_planned_from_is_kept_for_history(tmp_path: Path) -> None:
    async with house(tmp_path) as here:
        draft = await planner(here).draft(here.desk.book("main"), HALVES)
        document = snapshot_document(draft)
        assert document["equity"] == document["buyable"] == "100000"
        assert document["prices"] == prices_document(draft.snapshot) == {"AAA": "100", "BBB": "50"}
        assert document["orders"] == [
            {"ticker": "AAA", "action": "buy", "quantity": "400", "limit_price": "100.01"},
            {"ticker": "BBB", "action": "buy", "quantity": "796", "limit_price": "50.01"},
        ]
