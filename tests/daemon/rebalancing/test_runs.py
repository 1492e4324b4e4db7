"""Runs come back from the database as they were stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from algorithms.domain import AccountName, BookName, Side
from algorithms.rebalancing.orders import LeftOut, LeftOutReason, Order
from algorithms.rebalancing.states import RunState
from daemon.rebalancing.runs import (
    Run,
    add_run,
    find_run,
    last_runs,
    left_rows,
    plan_trades,
    save_run,
    targets_document,
    targets_of,
    trades_of,
    unfinished_run,
    unfinished_runs,
)
from daemon.storage.tx import NotUniqueError
from tests.algorithms.rebalancing.houses import asset
from tests.daemon.rebalancing.portfolios import HALVES, house
from tests.support.world import START

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.storage.tx import Tx

ORDER = Order(asset("AAA", "100", "5"), Side.SELL, Decimal(5), Decimal("99.99"))


def run(number: str, **changes: object) -> Run:
    new = Run(
        id=number,
        account=AccountName("elsewhere"),
        book=BookName("portfolio"),
        state=RunState.STOPPED,
        started_by="kim",
        targets_id="T",
        targets=HALVES,
        slices=3,
        due_at=START,
        created_at=START,
        planned_at=START,
        updated_at=START,
        plan_id="P",
        slice=2,
        snapshot={"equity": "1"},
        outcome={"tries": 2, "left": []},
        until_at=START + timedelta(seconds=5),
    )
    return replace(new, **changes)  # type: ignore[arg-type]


async def test_everything_of_a_run_is_stored_and_what_changes_is_stored_again(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as here:
        store = here.world.engine.store
        first = run("1")
        await store.write(lambda tx: add_run(tx, first))
        assert await store.read(lambda view: find_run(view, "1")) == first
        assert (first.slices_left, first.tries, first.request_id) == (2, 2, "rebalance:1")
        assert await store.read(unfinished_runs) == [first]
        ended = replace(first, state=RunState.FAILED, reason="enough", ended_at=START, outcome={})
        await store.write(lambda tx: save_run(tx, ended))
        assert await store.read(lambda view: last_runs(view, "elsewhere", 9)) == [ended]
        assert await store.read(lambda view: unfinished_run(view, "elsewhere")) is None
        assert await store.read(lambda view: find_run(view, "2")) is None


async def test_the_database_itself_refuses_a_second_unfinished_run_of_an_account(
    tmp_path: Path,
) -> None:
    async with house(tmp_path) as here:
        await here.world.engine.store.write(lambda tx: add_run(tx, run("1")))
        with pytest.raises(NotUniqueError):
            await here.world.engine.store.write(lambda tx: add_run(tx, run("2")))
        over = run("3", ended_at=START)
        await here.world.engine.store.write(lambda tx: add_run(tx, over))


async def test_what_was_planned_and_not_ordered_is_replaced(tmp_path: Path) -> None:
    async with house(tmp_path) as here:

        def twice(tx: Tx) -> None:
            add_run(tx, run("1"))
            plan_trades(tx, run("1"), [ORDER, ORDER])
            plan_trades(tx, run("1"), [ORDER])

        await here.world.engine.store.write(twice)
        (trade,) = await here.world.engine.store.read(lambda view: trades_of(view, "1"))
        assert (trade.side, trade.ticker, trade.slice) == (Side.SELL, ORDER.asset.ticker, 2)
        assert (trade.quantity, trade.price) == (ORDER.quantity, ORDER.asset.price)
        assert trade.limit == Decimal("99.99")
        assert not trade.is_alive
        assert not trade.never_arrived


def test_targets_and_what_is_left_are_spelled_as_they_are_shown() -> None:
    assert targets_of(targets_document(HALVES)) == HALVES  # type: ignore[arg-type]
    left = LeftOut(ORDER.asset.ticker, Side.BUY, Decimal("1.50"), LeftOutReason.CASH)
    assert left_rows([left]) == [
        {"ticker": "AAA", "action": "buy", "quantity": "1.5", "reason": "cash"}
    ]
