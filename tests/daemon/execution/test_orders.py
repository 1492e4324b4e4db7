"""An order, what it has set aside and its history change together or not at all."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.domain import (
    AccountName,
    BookName,
    ChildId,
    ChildOrder,
    ChildState,
    Kind,
    Measure,
    OrderType,
    ParentId,
    ParentOrder,
    ParentStatus,
    Side,
    StrategyName,
    Symbol,
    TimeInForce,
)
from algorithms.transitions import ImpossibleTransitionError
from daemon.execution.orders import UnknownOrderError, free_quantity, wanted_reserve
from tests.support.books import Wish, all_is_well, children, make, paper, parents, select
from tests.support.world import START, THREE_BOOKS, World, buy, cancel_all, sell, world

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.storage.tx import Tx

LIMIT, TWAP = OrderType.LIMIT, OrderType.TWAP
SLOW = THREE_BOOKS.replace("[accounts.main.paper]\n", "[accounts.main.paper]\nlatency_ms = 400\n")


def history(here: World, order: str) -> list[tuple[str, str]]:
    rows = select(here, "SELECT * FROM order_events WHERE order_id = ? ORDER BY sequence", order)
    return [(row["from_status"], row["to_status"]) for row in rows]


async def one_of_each(here: World) -> tuple[ParentOrder, ChildOrder]:
    """A purchase of 10 for at most 90, of which an order for all rests at the broker."""
    await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))

    def read(view: Tx) -> tuple[ParentOrder, ChildOrder]:
        orders = here.engine.services.orders
        child = orders.child(view, ChildId(children(here)[0]["id"]))
        return orders.parent(view, child.parent_id), child

    return await here.engine.store.read(read)  # type: ignore[arg-type]


async def test_cash_of_a_buy_goes_from_the_order_to_its_child_and_is_free_when_it_ends(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, SLOW) as here:
        worst = 10 * 90 * Decimal("1.0025")
        await make(
            here,
            Wish(
                book="a",
                side=Side.BUY,
                value="10",
                reserve_price="90.225",
                order_type=LIMIT,
                limit="90",
                due_at=START + timedelta(seconds=5),
            ),
        )
        assert await here.reserved("a", "USD") == worst
        assert parents(here)[0]["reserved"] == "902.25"
        await here.pass_time(10)
        assert parents(here)[0]["reserved"] == "0"
        assert children(here)[0]["reserved"] == "902.25"
        assert await here.reserved("a", "USD") == worst
        await here.submit("alpha", cancel_all())
        await here.pass_time(5)
        assert await here.reserved("a", "USD") == 0
        await all_is_well(here)


async def test_shares_of_a_sell_are_set_aside_and_go_as_they_are_sold(tmp_path: Path) -> None:
    text = THREE_BOOKS.replace(
        "[accounts.main.paper]\n", '[accounts.main.paper]\nfill = "partial"\n'
    )
    async with world(tmp_path, text) as here:
        await here.submit("alpha", buy("TQQQ", "100"))
        await here.pass_time(60)
        await here.submit("alpha", sell("TQQQ", "100"))
        seen = set()
        for _ in range(20):
            await here.pass_time(3)
            (row,) = await here.rows("position", account="main", book="a", asset="TQQQ")
            assert row["quantity"] == row["reserved"]
            seen.add(Decimal(row["quantity"]))
        assert len(seen) > 1
        assert min(seen) == 0
        await all_is_well(here)


async def test_a_history_has_a_line_for_every_change(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        parent, child = await one_of_each(here)
        await here.submit("alpha", cancel_all())
        assert history(here, child.id) == [
            ("planned", "sending"),
            ("sending", "open"),
            ("open", "cancelling"),
            ("cancelling", "cancelled"),
        ]
        assert history(here, parent.id) == [("open", "working"), ("working", "cancelled")]


async def test_an_impossible_change_leaves_nothing_behind(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        _, child = await one_of_each(here)
        orders = here.engine.services.orders
        before = children(here), parents(here), history(here, child.id)

        def wrong(tx: Tx) -> None:
            changed = child._replace(filled=Decimal(3))
            orders.advance(tx, changed, here.clock.now(), ChildState.PLANNED)

        with pytest.raises(ImpossibleTransitionError):
            await here.engine.store.write(wrong)
        assert (children(here), parents(here), history(here, child.id)) == before
        await all_is_well(here)


async def test_what_is_not_there_is_said_so(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        orders = here.engine.services.orders
        with pytest.raises(UnknownOrderError):
            await here.engine.store.read(lambda view: orders.parent(view, ParentId("none")))
        with pytest.raises(UnknownOrderError):
            await here.engine.store.read(lambda view: orders.child(view, ChildId("none")))


async def test_a_cancel_is_remembered_once_and_an_ended_order_is_left_as_it_is(
    tmp_path: Path,
) -> None:
    async with world(tmp_path) as here:
        parent, _ = await one_of_each(here)
        orders = here.engine.services.orders
        for reason in ("first", "second"):
            now = here.clock.now()
            await here.engine.store.write(
                lambda tx, reason=reason, now=now: orders.request_cancel(  # type: ignore[misc]
                    tx, orders.parent(tx, parent.id), reason, now
                )
            )
            await here.pass_time(1)
        (row,) = parents(here)
        assert (row["status"], row["reason"]) == ("cancelled", "first")
        assert history(here, parent.id)[-1] == ("working", "cancelled")


@given(
    total=st.integers(1, 1000),
    filled=st.integers(0, 1000),
    leaves=st.lists(st.integers(1, 300), max_size=4),
    side=st.sampled_from(Side),
)
def test_an_order_sets_aside_what_no_child_works_and_never_less_than_nothing(
    total: int, filled: int, leaves: list[int], side: Side
) -> None:
    parent = parent_of(side, Measure.QUANTITY, Decimal(max(total - filled, 0)))
    alive = [child_of(Decimal(one)) for one in leaves]
    free = max(max(total - filled, 0) - sum(leaves), 0)
    assert free_quantity(parent, alive) == free
    assert wanted_reserve(parent, alive) == (free if side is Side.SELL else free * 110)
    cancelled = parent._replace(cancel_requested_at=START)
    assert wanted_reserve(cancelled, alive) == 0


@given(remain=st.integers(0, 10_000), leaves=st.lists(st.integers(1, 30), max_size=4))
def test_a_cash_order_sets_aside_what_its_children_may_not_spend(
    remain: int, leaves: list[int]
) -> None:
    parent = parent_of(Side.BUY, Measure.CASH, Decimal(remain))
    alive = [child_of(Decimal(one)) for one in leaves]
    assert wanted_reserve(parent, alive) == max(remain - 110 * sum(leaves), 0)


def parent_of(side: Side, measure: Measure, remain: Decimal) -> ParentOrder:
    return ParentOrder(
        id=ParentId("p"),
        request_id="r",
        created_at=START,
        due_at=None,
        deadline=None,
        strategy=StrategyName("alpha"),
        account=AccountName("main"),
        book=BookName("a"),
        symbol=Symbol("TQQQ"),
        side=side,
        kind=Kind.BUY,
        order_type=TWAP,
        measure=measure,
        total=Decimal(1000),
        remain=remain,
        reserved=Decimal(0),
        reserve_price=Decimal(110),
        limit_price=None,
        stop_price=None,
        nets=True,
        slices=1,
        slices_left=1,
        status=ParentStatus.OPEN,
        reason="",
        cancel_requested_at=None,
        ended_at=None,
    )


def child_of(leaves: Decimal) -> ChildOrder:
    planned = ChildOrder.plan(
        parent_of(Side.BUY, Measure.QUANTITY, leaves),
        ChildId("c"),
        order_type=LIMIT,
        time_in_force=TimeInForce.DAY,
        quantity=leaves + 1,
        limit_price=None,
        reserve_price=Decimal(110),
        now=START,
    )
    return planned._replace(
        state=ChildState.OPEN,
        reserved=leaves * 110,
        filled=Decimal(1),
        filled_value=Decimal(100),
    )


async def test_progress_counts_what_was_netted_and_the_total_stays(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("beta", buy("TQQQ", "30", nets=False))
        await here.submit("alpha", buy("TQQQ", "50", kind=TWAP, slices=5, minutes="50"))
        await here.submit("beta", sell("TQQQ", "30"))
        (row,) = parents(here, "book = 'a'")
        assert (row["total"], row["remain"], row["slices_left"]) == ("50", "20", 5)
        await here.pass_time(50 * 60)
        (row,) = parents(here, "book = 'a'")
        assert (row["total"], row["remain"], row["status"]) == ("50", "0", "done")
        assert [one["quantity"] for one in children(here, "book = 'a'")] == ["4"] * 5
        assert await paper(here).open_orders() == ()
        await all_is_well(here)
