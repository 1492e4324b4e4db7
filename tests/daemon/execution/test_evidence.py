"""What a broker reports ends an order only together with all its fills."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerOrder, BrokerOrderState
from adapters.paper import Fault
from algorithms.domain import BrokerOrderId, ChildId, ChildState, OrderType, Side, Symbol
from tests.support.books import all_is_well, children, paper, parents, states, told
from tests.support.world import START, World, buy, world

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.storage.tx import Tx

LIMIT = OrderType.LIMIT


async def resting(here: World) -> ChildId:
    await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
    return ChildId(children(here)[0]["id"])


def report(here: World, state: BrokerOrderState, filled: int = 0) -> BrokerOrder:
    row = children(here)[0]
    return BrokerOrder(
        id=BrokerOrderId(row["broker_order_id"] or "1"),
        client_id=row["id"],
        symbol=Symbol("TQQQ"),
        side=Side.BUY,
        order_type=LIMIT,
        quantity=Decimal(10),
        limit_price=Decimal(90),
        state=state,
        filled=Decimal(filled),
        market_day=START.date(),
        placed_at=START,
        reason="because",
    )


async def take_in(here: World, child: ChildId, order: BrokerOrder) -> ChildState:
    evidence = here.engine.services.evidence

    def write(tx: Tx) -> ChildState:
        return evidence.found(tx, child, order, (), here.clock.now()).state

    return await here.engine.store.write(write)


@pytest.mark.parametrize(
    ("reported", "ours"),
    [
        (BrokerOrderState.CANCELLED, ChildState.CANCELLED),
        (BrokerOrderState.EXPIRED, ChildState.EXPIRED),
        (BrokerOrderState.REJECTED, ChildState.REJECTED),
    ],
)
async def test_an_end_without_fills_is_believed_at_once(
    tmp_path: Path, reported: BrokerOrderState, ours: ChildState
) -> None:
    async with world(tmp_path) as here:
        child = await resting(here)
        assert await take_in(here, child, report(here, reported)) is ours
        assert children(here)[0]["reason"] == "because"
        assert await here.reserved("a", "USD") == 0


async def test_an_end_that_nobody_wanted_and_nobody_explains_is_the_broker_s(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        child = await resting(here)
        await take_in(here, child, replace(report(here, BrokerOrderState.CANCELLED), reason=""))
        assert children(here)[0]["reason"] == "by_broker: the broker ended it"
        assert parents(here)[0]["reason"] == "by_broker: the broker ended it"


@pytest.mark.parametrize("reported", [BrokerOrderState.CANCELLED, BrokerOrderState.FILLED])
async def test_an_end_with_fills_that_are_not_booked_is_not_believed_yet(
    tmp_path: Path, reported: BrokerOrderState
) -> None:
    async with world(tmp_path) as here:
        child = await resting(here)
        before = await here.reserved("a", "USD")
        assert await take_in(here, child, report(here, reported, filled=4)) is ChildState.OPEN
        assert await here.reserved("a", "USD") == before


async def test_an_end_is_final_whatever_is_reported_later(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        child = await resting(here)
        await take_in(here, child, report(here, BrokerOrderState.CANCELLED))
        for state in BrokerOrderState:
            assert await take_in(here, child, report(here, state)) is ChildState.CANCELLED


async def test_an_unknown_order_that_the_stream_reports_is_open_and_people_hear_of_it(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        for _ in range(9):
            paper(here).faults.script("find", Fault.RESET_BEFORE)
        paper(here).faults.script_event(Fault.LOST_EVENT)
        paper(here).faults.script("place", Fault.RESET_AFTER)
        child = await resting(here)
        assert states(here) == ["unknown"]
        order = (await paper(here).open_orders())[0]
        assert await take_in(here, child, order) is ChildState.OPEN
        assert [notice["state"] for notice in told(here, "order_resolved")] == ["open"]
        assert children(here)[0]["broker_order_id"] == order.id
        await all_is_well(here)


async def test_absence_and_refusal_count_only_while_the_answer_is_outstanding(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        child = await resting(here)
        evidence = here.engine.services.evidence

        def write(tx: Tx) -> None:
            now = here.clock.now()
            evidence.absent(tx, child, now)
            evidence.refused(tx, child, "no", now)
            evidence.unanswered(tx, child, "no", now)

        await here.engine.store.write(write)
        assert states(here) == ["open"]
        assert told(here, "order_rejected") == told(here, "order_unknown") == []
        await all_is_well(here)
