"""Every execution is booked once, whenever and however often it is reported."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.broker import BrokerFill
from adapters.paper import Fault
from algorithms.domain import BrokerOrderId, ChildId, OrderType, Side, Symbol
from daemon.execution.fills import trade_key
from tests.support.books import all_is_well, children, fills, paper, parents, select, states, told
from tests.support.loops import in_virtual_time
from tests.support.world import START, THREE_BOOKS, World, buy, cancel_all, sell, world

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.storage.tx import Tx

TQQQ = Symbol("TQQQ")
LIMIT = OrderType.LIMIT
PIECES = THREE_BOOKS.replace("[accounts.main.paper]\n", '[accounts.main.paper]\nfill = "partial"\n')


def fill_of(row: dict[str, str], **changes: object) -> BrokerFill:
    """An execution of one share at 90, without a trade id."""
    fill = BrokerFill(
        order_id=BrokerOrderId(row["broker_order_id"]),
        client_id=ChildId(row["id"]),
        symbol=TQQQ,
        side=Side.BUY,
        trade_id=None,
        cumulative=Decimal(1),
        quantity=Decimal(1),
        price=Decimal(90),
        fee=Decimal("0.9"),
        fee_asset="USD",
        market_day=START.date(),
        at=START,
    )
    return replace(fill, **changes)  # type: ignore[arg-type]


async def book(here: World, fill: BrokerFill) -> bool:
    services = here.engine.services

    def write(tx: Tx) -> bool:
        assert fill.client_id is not None
        child = services.orders.child(tx, fill.client_id)
        return services.fills.book(tx, child, fill, here.clock.now())

    return await here.engine.store.write(write)


@pytest.mark.parametrize("fault", [Fault.DUPLICATE_FILL, Fault.LATE_FILL, Fault.LOST_EVENT])
async def test_whatever_the_stream_does_each_fill_is_booked_once(
    tmp_path: Path, fault: Fault
) -> None:
    async with world(tmp_path, PIECES) as here:
        for _ in range(3):
            paper(here).faults.script_event(fault)
        await here.submit("alpha", buy("TQQQ", "100"))
        await here.pass_time(130)
        assert states(here) == ["filled"]
        assert sum(Decimal(row["quantity"]) for row in fills(here)) == 100
        assert await here.held("a", "TQQQ") == 100
        await all_is_well(here)


async def test_a_broken_stream_is_made_up_for_when_it_is_back(tmp_path: Path) -> None:
    async with world(tmp_path, PIECES) as here:
        paper(here).faults.script_event(Fault.DISCONNECT)
        await here.submit("alpha", buy("TQQQ", "100"))
        await here.pass_time(130)
        assert states(here) == ["filled"]
        assert len(told(here, "stream_lost")) == len(told(here, "stream_restored")) == 1
        await all_is_well(here)


async def test_a_fill_may_come_before_the_answer_to_its_order(tmp_path: Path) -> None:
    text = THREE_BOOKS.replace(
        "[accounts.main.paper]\n", "[accounts.main.paper]\nlatency_ms = 200\n"
    )
    async with world(tmp_path, text) as here:
        await here.submit("alpha", buy("TQQQ", "10"))
        await here.pass_time(10)
        (child,) = children(here)
        assert child["state"] == "filled"
        assert child["broker_order_id"] is not None
        assert child["filled_value"] == "1000"
        await all_is_well(here)


async def test_a_fill_after_the_end_is_booked_and_told(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        await here.submit("alpha", cancel_all())
        (child,) = children(here)
        assert await book(here, fill_of(child, quantity=Decimal(4), cumulative=Decimal(4)))
        assert states(here) == ["cancelled"]
        assert parents(here)[0]["remain"] == "6"
        assert await book(here, fill_of(child, quantity=Decimal(6), cumulative=Decimal(10)))
        assert states(here) == ["filled"]
        assert (parents(here)[0]["status"], parents(here)[0]["reason"]) == ("done", "late fill")
        assert [notice["quantity"] for notice in told(here, "late_fill")] == ["4", "6"]
        assert await here.held("a", "TQQQ") == 10
        assert await here.reserved("a", "USD") == 0


async def test_without_trade_ids_only_the_increase_is_booked_with_its_part_of_the_fee(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        (child,) = children(here)
        assert await book(here, fill_of(child, cumulative=Decimal(2), quantity=Decimal(2)))
        assert not await book(here, fill_of(child, cumulative=Decimal(2), quantity=Decimal(2)))
        # The venue reports the order's sum so far, of which two shares are booked.
        so_far = fill_of(child, cumulative=Decimal(6), quantity=Decimal(6), fee=Decimal("5.4"))
        assert await book(here, so_far)
        assert not await book(here, fill_of(child, cumulative=Decimal(4), quantity=Decimal(2)))
        assert [(row["quantity"], row["fee"]) for row in fills(here)] == [
            ("2", "0.9"),
            ("4", "3.6"),
        ]
        assert await here.held("a", "TQQQ") == 6
        assert await here.held("a", "USD") == Decimal(100_000) - 540 - Decimal("4.5")


async def test_where_totals_are_told_the_rest_costs_what_the_total_grew_by(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        (child,) = children(here)
        one = fill_of(child, cumulative=Decimal(3), quantity=Decimal(3), price=Decimal(90))
        assert await book(here, replace(one, cumulative_value=Decimal(270)))
        # After a restart all is told as one, at an average that was never traded.
        all_ = fill_of(child, cumulative=Decimal(8), quantity=Decimal(8), price=Decimal(89))
        assert await book(here, replace(all_, cumulative_value=Decimal(712), fee=Decimal(8)))
        assert not await book(here, replace(all_, cumulative_value=Decimal(712)))
        assert [(row["quantity"], row["price"], row["fee"]) for row in fills(here)] == [
            ("3", "90", "0.9"),
            ("5", "88.4", "5"),
        ]
        assert await here.held("a", "USD") == Decimal(100_000) - 712 - Decimal("5.9")


async def test_a_fee_that_is_rounded_for_the_whole_order_is_booked_to_the_last_unit(
    tmp_path: Path,
) -> None:
    """Nine shares were charged 2 three at a time, rounded down each time; twelve are charged 9."""
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "12", kind=LIMIT, price="90"))
        (child,) = children(here)
        for number in (3, 6, 9):
            piece = fill_of(child, cumulative=Decimal(number), quantity=Decimal(3), fee=Decimal(2))
            assert await book(here, replace(piece, cumulative_value=Decimal(90 * number)))
        # After a restart all is told as one.
        all_ = fill_of(child, cumulative=Decimal(12), quantity=Decimal(12), fee=Decimal(9))
        told_as_one = replace(
            all_, cumulative_value=Decimal(1079), cumulative_fee=Decimal(9), price=Decimal(89)
        )
        assert await book(here, told_as_one)
        assert not await book(here, told_as_one)
        fees = [(row["quantity"], row["fee"]) for row in fills(here)]
        assert fees == [("3", "2"), ("3", "2"), ("3", "2"), ("1", "1"), ("2", "2")]
        assert await here.held("a", "USD") == Decimal(100_000) - 1079 - 9


async def test_a_total_below_what_was_booked_falls_back_to_its_price(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        (child,) = children(here)
        one = fill_of(child, cumulative=Decimal(3), quantity=Decimal(3), price=Decimal(90))
        assert await book(here, one)
        more = fill_of(child, cumulative=Decimal(4), quantity=Decimal(1), price=Decimal(89))
        assert await book(here, replace(more, cumulative_value=Decimal(100)))
        assert [row["price"] for row in fills(here)] == ["90", "89"]


@settings(max_examples=30)  # each lives in a world of its own
@given(st.permutations([1, 2, 3, 4, 5, 5, 3]))
def test_whatever_order_sums_come_in_the_last_one_counts(
    tmp_path_factory: pytest.TempPathFactory, sums: list[int]
) -> None:
    async def story() -> None:
        async with world(tmp_path_factory.mktemp("day")) as here:
            await here.submit("alpha", buy("TQQQ", "5", kind=LIMIT, price="90"))
            (child,) = children(here)
            for sum_so_far in sums:
                await book(here, fill_of(child, cumulative=Decimal(sum_so_far)))
            assert await here.held("a", "TQQQ") == 5
            assert states(here) == ["filled"]
            assert parents(here)[0]["status"] == "done"

    in_virtual_time(story())


async def test_a_fee_in_the_bought_coin_makes_the_position_smaller(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        (child,) = children(here)
        fee = {"fee": Decimal("0.01"), "fee_asset": "TQQQ", "trade_id": "t1"}
        await book(here, fill_of(child, quantity=Decimal(10), cumulative=Decimal(10), **fee))
        assert await here.held("a", "TQQQ") == Decimal("9.99")
        assert await here.held("a", "USD") == 100_000 - 900
        (fill,) = fills(here)
        assert fill["average_cost"] == "90", "a fee is no cost"


async def test_a_fee_in_a_third_coin_goes_to_the_fee_book(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        (child,) = children(here)
        fee = {"fee": Decimal("0.01"), "fee_asset": "BNB", "trade_id": "t1"}
        await book(here, fill_of(child, quantity=Decimal(10), cumulative=Decimal(10), **fee))
        assert await here.held("@fees", "BNB") == Decimal("-0.01")
        assert await here.held("a", "TQQQ") == 10


async def test_a_sale_realises_profit_by_average_cost_without_fees(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10"))
        await paper(here).exchange.set_price(TQQQ, Decimal(110))
        await here.pass_time(6)
        await here.submit("alpha", buy("TQQQ", "10"))
        await here.submit("alpha", sell("TQQQ", "5"))
        await here.pass_time(1)
        bought, again, sold = fills(here)
        assert [row["average_cost"] for row in (bought, again, sold)] == ["100", "105", "105"]
        assert (bought["profit"], sold["profit"]) == (None, "25")
        assert sold["fee"] == "1.375"
        (position,) = select(here, "SELECT * FROM positions WHERE book='a' AND asset='TQQQ'")
        assert (position["cost"], position["profit"]) == ("1575", "25")
        await all_is_well(here)


def test_a_trade_is_itself_only_on_its_day_and_symbol() -> None:
    fill = fill_of({"broker_order_id": "7", "id": "c"})
    others = [
        replace(fill, market_day=START.date().replace(day=21)),
        replace(fill, symbol=Symbol("SOXL")),
        replace(fill, cumulative=Decimal(2)),
        replace(fill, order_id=BrokerOrderId("8")),
        replace(fill, trade_id="7"),
    ]
    assert len({trade_key(one) for one in (fill, *others)}) == 6
    assert trade_key(replace(fill, cumulative=Decimal("1.00"))) == trade_key(fill)


async def test_more_than_was_ordered_is_not_booked_and_told_once(tmp_path: Path) -> None:
    """A broker that tells of a fill again under another number, or spells it wrong."""
    async with world(tmp_path) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        (child,) = children(here)
        whole = fill_of(child, trade_id="1", quantity=Decimal(10), cumulative=Decimal(10))
        again = fill_of(child, trade_id="2", quantity=Decimal(10), cumulative=Decimal(10))
        assert await book(here, whole)
        assert not await book(here, again)
        assert not await book(here, again)
        assert await here.held("a", "TQQQ") == 10
        (notice,) = told(here, "fill_refused")
        assert (notice["quantity"], notice["left"]) == ("10", "0")
