"""Open fates: a cancel is over when confirmed, an unknown order when found or proven absent."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import Absent, Ambiguous, NotOpen, OrderRequest
from adapters.paper import Fault
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from daemon.execution.verdicts import Verdicts
from tests.support.books import BY_HAND, all_is_well, children, paper, parents, states, told
from tests.support.world import THREE_BOOKS, buy, cancel_all, started, world

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.broker import CancelOutcome, FindOutcome, SentOrder

TQQQ = Symbol("TQQQ")
LIMIT = OrderType.LIMIT
BARE = THREE_BOOKS.replace(
    "[accounts.main.paper]\n", "[accounts.main.paper]\nclient_order_ids = false\n"
)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.ANSWER_LOST_BEFORE,
        Fault.ANSWER_LOST_AFTER,
        Fault.RESET_BEFORE,
        Fault.RESET_AFTER,
        Fault.SERVER_ERROR_BEFORE,
        Fault.SERVER_ERROR_AFTER,
        Fault.RATE_LIMIT,
        Fault.REJECT,
    ],
)
async def test_a_cancel_goes_on_until_it_is_confirmed(tmp_path: Path, fault: Fault) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        paper(here).faults.script("cancel", fault)
        await here.submit("alpha", cancel_all())
        await here.pass_time(20)
        assert states(here) == ["cancelled"]
        assert parents(here)[0]["status"] == "cancelled"
        assert await paper(here).open_orders() == ()
        assert await here.reserved("a", "USD") == 0
        await all_is_well(here)


async def test_a_fill_that_beats_the_cancel_is_booked_and_the_order_is_done(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        paper(here).faults.script("cancel", Fault.DELAY, delay_s=1)
        wanted = started(here.submit("alpha", cancel_all()))
        await here.pass_time(0.5)
        await paper(here).exchange.set_price(TQQQ, Decimal(90))
        reply = await wanted
        await here.pass_time(2)
        assert reply.http_status == 200
        assert states(here) == ["filled"]
        assert await here.held("a", "TQQQ") == 10
        await all_is_well(here)


async def test_an_order_partly_filled_is_cancelled_with_its_fills_booked(tmp_path: Path) -> None:
    text = THREE_BOOKS.replace(
        "[accounts.main.paper]\n", '[accounts.main.paper]\nfill = "partial"\n'
    )
    async with world(tmp_path, text) as here:
        paper(here).faults.script_event(Fault.LOST_EVENT)
        await here.submit("alpha", buy("TQQQ", "100", kind=LIMIT, price="100"))
        await here.submit("alpha", cancel_all())
        await here.pass_time(5)
        (child,) = children(here)
        assert child["state"] == "cancelled"
        assert 0 < int(child["filled"]) < 100
        assert await here.held("a", "TQQQ") == int(child["filled"])
        assert parents(here)[0]["status"] == "cancelled"
        assert await here.reserved("a", "USD") == 0
        await all_is_well(here)


@pytest.mark.parametrize("text", [THREE_BOOKS, BARE], ids=["client ids", "no client ids"])
async def test_an_unknown_order_that_is_to_be_cancelled_ends_as_soon_as_it_is_found(
    tmp_path: Path, text: str
) -> None:
    async with world(tmp_path, text) as here:
        for _ in range(6):
            paper(here).faults.script("find", Fault.RESET_BEFORE)
        paper(here).faults.script("place", Fault.RESET_AFTER)
        paper(here).faults.script_event(Fault.LOST_EVENT)
        placed = started(here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90")))
        await here.pass_time(1)
        assert states(here) == ["unknown"]
        cancelled = started(here.submit("alpha", cancel_all()))
        await here.pass_time(1)
        # A cancel by our id can be sent along; by its looks the order must be found first.
        assert states(here) == ["cancelled" if text is THREE_BOOKS else "unknown"]
        await here.pass_time(20)
        await asyncio.gather(placed, cancelled)
        assert states(here) == ["cancelled"]
        assert await paper(here).open_orders() == ()
        await all_is_well(here)


async def test_an_order_is_absent_only_after_the_venues_time_to_settle(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        paper(here).faults.script("place", Fault.RESET_BEFORE)
        await here.submit("alpha", buy("TQQQ", "10"))
        settle = paper(here).capabilities.settle_time.total_seconds()
        (child,) = children(here)
        assert child["state"] == "unknown"
        await here.pass_time(10)
        (child,) = children(here)
        assert child["state"] == "rejected"
        assert child["reason"].startswith("not_placed")
        assert (child["ended_at"] - child["sent_at"]) / 1e6 >= settle


async def test_two_orders_that_could_be_it_are_left_to_a_person(tmp_path: Path) -> None:
    async with world(tmp_path, BARE) as here:
        paper(here).faults.script("place", Fault.RESET_AFTER)
        for _ in range(2):
            paper(here).faults.script("find", Fault.RESET_BEFORE)
        wanted = started(here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90")))
        await here.pass_time(0.1)
        by_hand = OrderRequest(
            client_id=ChildId(BY_HAND),
            symbol=TQQQ,
            side=Side.BUY,
            order_type=LIMIT,
            time_in_force=TimeInForce.GTC,
            quantity=Decimal(10),
            limit_price=Decimal(90),
        )
        await paper(here).exchange.place(by_hand)
        await wanted
        await here.pass_time(300)
        assert states(here) == ["unknown"]
        (notice,) = told(here, "order_ambiguous")
        assert notice["count"] == "2"
        assert len(await paper(here).open_orders()) == 2
        assert await here.reserved("a", "USD") > 0


async def test_an_order_in_no_list_that_moved_something_is_a_persons_to_judge(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, BARE) as here:
        broker = paper(here)
        find = broker.find

        async def hidden(_: SentOrder) -> FindOutcome:
            return Ambiguous(())

        broker.find = hidden  # type: ignore[assignment]
        broker.faults.script("place", Fault.RESET_BEFORE)
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        await here.pass_time(300)
        assert states(here) == ["unknown"]
        assert len(told(here, "order_hidden")) == 1
        assert told(here, "order_ambiguous") == []
        broker.find = find  # type: ignore[method-assign]
        await here.pass_time(100)
        assert states(here) == ["rejected"]


async def test_a_slow_cancel_is_told_once(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        for _ in range(20):
            paper(here).faults.script("cancel", Fault.SERVER_ERROR_BEFORE)
        await here.submit("alpha", cancel_all())
        await here.pass_time(200)
        assert len(told(here, "cancel_slow")) == 1
        assert states(here) == ["cancelled"]
        await all_is_well(here)


async def test_an_order_the_broker_forgot_is_unknown_until_it_is_shown_again(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        broker = paper(here)
        find = broker.find

        async def forgotten(_: SentOrder) -> FindOutcome:
            return Absent()

        broker.find = forgotten  # type: ignore[assignment]
        broker.faults.script_event(Fault.LOST_EVENT)
        await broker.exchange.cancel(lambda engine: list(engine.book))
        await here.pass_time(200)
        assert states(here) == ["unknown"]
        assert len(told(here, "order_lost")) == 1
        broker.find = find  # type: ignore[method-assign]
        await here.pass_time(100)
        assert states(here) == ["cancelled"]


async def test_a_person_ends_a_cancel_whose_order_the_broker_forgot(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        broker = paper(here)
        (order,) = await broker.open_orders()

        async def forgotten(_: SentOrder) -> FindOutcome:
            return Absent()

        async def not_open(_: tuple[SentOrder, ...]) -> tuple[CancelOutcome, ...]:
            return (NotOpen(),)

        broker.find = forgotten  # type: ignore[assignment]
        broker.cancel = not_open  # type: ignore[assignment]
        broker.faults.script_event(Fault.LOST_EVENT)
        await broker.exchange.cancel(lambda engine: list(engine.book))
        cancelled = started(here.submit("alpha", cancel_all()))
        await here.pass_time(5)
        assert states(here) == ["cancelling"]
        await here.pass_time(60)
        assert states(here) == ["unknown"]
        await here.submit("alpha", buy("TQQQ", "1", nets=False))
        assert states(here) == ["unknown"], "nothing new of the book and symbol leaves meanwhile"
        await Verdicts(here.engine.services).absent(str(order.client_id))
        await cancelled
        await here.pass_time(2)
        assert [row["status"] for row in parents(here)] == ["cancelled", "done"]
        assert parents(here)[0]["reason"] == "cancelled by its strategy"
        await all_is_well(here)
