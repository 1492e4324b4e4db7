"""The broker's truth against ours: what is missing is booked, what differs is shown, once."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerUnavailableError, OrderRequest
from adapters.paper import Fault
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from daemon.execution.reconcile import SECOND_LOOK_AFTER
from tests.support.books import (
    BY_HAND,
    MAIN,
    all_is_well,
    fills,
    paper,
    parents,
    states,
    told,
)
from tests.support.mortal import Life
from tests.support.world import World, buy, cancel_all, world

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.execution.reconcile import Difference, Reconciler

TQQQ = Symbol("TQQQ")
LIMIT = OrderType.LIMIT


def by_hand(quantity: str, *, limit: str | None = None) -> OrderRequest:
    """An order that a person places in the broker's own app."""
    return OrderRequest(
        client_id=ChildId(BY_HAND),
        symbol=TQQQ,
        side=Side.BUY,
        order_type=LIMIT if limit else OrderType.MARKET,
        time_in_force=TimeInForce.GTC if limit else TimeInForce.DAY,
        quantity=Decimal(quantity),
        limit_price=None if limit is None else Decimal(limit),
    )


def reconciler(here: World) -> Reconciler:
    found = here.engine.accounts[MAIN]._reconciler  # noqa: SLF001 - looked at, not changed
    assert found is not None
    return found


async def compare(here: World) -> dict[str, Decimal]:
    differences: tuple[Difference, ...] = await reconciler(here).run()
    return {one.asset: one.amount for one in differences}


async def test_a_trade_behind_our_back_goes_to_suspense_after_a_second_look(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10"))
        await here.pass_time(6)
        await paper(here).exchange.place(by_hand("7"))
        await here.pass_time(1)
        away = {"TQQQ": Decimal(7), "USD": Decimal("-701.75")}
        assert await compare(here) == away
        assert await here.held("@suspense", "TQQQ") == 0
        assert told(here, "difference") == []
        assert await compare(here) == away, "a look too soon after counts for nothing"
        assert await here.held("@suspense", "TQQQ") == 0
        await here.pass_time(SECOND_LOOK_AFTER.total_seconds())
        await compare(here)
        assert await here.held("@suspense", "TQQQ") == 7
        assert await here.held("@suspense", "USD") == Decimal("-701.75")
        assert await here.held("a", "TQQQ") == 10, "no book is touched"
        assert {notice["asset"] for notice in told(here, "difference")} == {"TQQQ", "USD"}
        assert await compare(here) == {}
        await here.pass_time(600)
        assert len(told(here, "difference")) == 2
        await all_is_well(here)


async def test_an_order_of_somebody_else_that_only_rests_is_no_difference(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await paper(here).exchange.place(by_hand("7", limit="90"))
        await compare(here)
        await here.pass_time(600)
        assert told(here, "difference") == []
        await all_is_well(here)


async def test_an_order_that_is_not_ours_is_told_once_and_left_alone(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "1", kind=LIMIT, price="90"))
        await paper(here).exchange.place(by_hand("7", limit="90"))
        await here.pass_time(300)
        assert len(told(here, "orphan_order")) == 1
        await here.submit("alpha", cancel_all())
        await here.pass_time(1)
        (left,) = await paper(here).open_orders()
        assert left.quantity == 7
        clock = here.clock
    async with world(tmp_path, clock=clock, seed=2) as here:
        await here.pass_time(300)
        assert len(told(here, "orphan_order")) == 1, "nor again after a restart"


async def test_events_that_were_lost_are_made_up_for_by_the_next_comparison(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        for _ in range(4):
            paper(here).faults.script_event(Fault.LOST_EVENT)
        await paper(here).exchange.set_price(TQQQ, Decimal(90))
        await here.pass_time(1)
        assert states(here) == ["open"]
        await here.pass_time(60)
        assert states(here) == ["filled"]
        assert await here.held("a", "TQQQ") == 10
        await all_is_well(here)


async def test_an_order_that_ended_unseen_is_closed_with_the_brokers_final_state(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        paper(here).faults.script_event(Fault.LOST_EVENT)
        await paper(here).exchange.cancel(lambda engine: list(engine.book))
        await here.pass_time(1)
        assert states(here) == ["open"]
        await here.pass_time(61)
        assert states(here) == ["cancelled"]
        assert parents(here)[0]["status"] == "cancelled"
        assert await here.reserved("a", "USD") == 0
        await all_is_well(here)


async def test_what_filled_while_the_daemon_was_dead_is_booked_at_its_start(tmp_path: Path) -> None:
    life = Life()
    async with world(tmp_path, life=life) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        await paper(here).exchange.set_price(TQQQ, Decimal(90))
        clock = here.clock
        await life.kill()
    await clock.sleep(3600)
    async with world(tmp_path, clock=clock, seed=2) as here:
        await here.pass_time(1)
        assert states(here) == ["filled"]
        assert [row["price"] for row in fills(here)] == ["90"]
        assert told(here, "difference") == []
        await all_is_well(here)


async def test_nothing_is_compared_while_an_order_is_of_unknown_fate(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        for _ in range(50):
            paper(here).faults.script("find", Fault.RESET_BEFORE)
        paper(here).faults.script("place", Fault.RESET_BEFORE)
        await here.submit("alpha", buy("TQQQ", "10"))
        await paper(here).exchange.place(by_hand("7"))
        assert await compare(here) == {}
        await here.pass_time(20)
        assert await compare(here) == {}
        assert told(here, "difference") == []


async def test_a_broker_that_does_not_answer_is_shown_and_asked_again(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.pass_time(1)
        paper(here).faults.script("holdings", Fault.RESET_BEFORE)
        with pytest.raises(BrokerUnavailableError):
            await reconciler(here).run()
        problem = here.engine.accounts[MAIN].problem
        assert problem is not None
        assert problem.startswith("the broker does not answer")
        await here.pass_time(60)
        assert here.engine.accounts[MAIN].problem is None


async def test_known_fills_cost_no_write(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        for _ in range(5):
            await here.submit("alpha", buy("TQQQ", "1"))
        await here.pass_time(10)
        store = here.engine.store
        write, writes = store.write, 0

        async def counted(work: object) -> object:
            nonlocal writes
            writes += 1
            return await write(work)  # type: ignore[arg-type]

        store.write = counted  # type: ignore[method-assign,assignment]
        assert await compare(here) == {}
        assert writes == 0
