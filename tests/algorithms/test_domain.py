from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from algorithms.domain import (
    AT_BROKER,
    FINAL_CHILDREN,
    LIVE_CHILDREN,
    AccountName,
    BookName,
    ChildId,
    ChildOrder,
    ChildState,
    Kind,
    OrderType,
    ParentId,
    ParentStatus,
    Side,
    StrategyName,
    Symbol,
    TimeInForce,
)
from tests.algorithms.invariants.day import parent


def test_the_opposite_of_the_opposite_is_the_side_itself() -> None:
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY


@pytest.mark.parametrize(
    ("kind", "side"),
    [
        (Kind.BUY, Side.BUY),
        (Kind.BUY_FORCE, Side.BUY),
        (Kind.SELL, Side.SELL),
        (Kind.SELL_3_4, Side.SELL),
        (Kind.SELL_1_4, Side.SELL),
        (Kind.SELL_PART, Side.SELL),
    ],
)
def test_every_kind_buys_or_sells(kind: Kind, side: Side) -> None:
    assert kind.side is side


def test_a_parent_order_lives_until_it_is_done_expired_cancelled_or_failed() -> None:
    final = {status for status in ParentStatus if status.is_final}
    assert {status.value for status in final} == {"done", "expired", "cancelled", "failed"}


def test_a_child_order_is_alive_or_final_and_only_a_planned_one_is_surely_not_at_the_broker() -> (
    None
):
    assert frozenset(ChildState) == LIVE_CHILDREN | FINAL_CHILDREN
    assert not LIVE_CHILDREN & FINAL_CHILDREN
    assert {state for state in ChildState if state.is_final} == FINAL_CHILDREN
    assert {ChildState.PLANNED} == LIVE_CHILDREN - AT_BROKER


@pytest.mark.parametrize(("side", "reserved"), [(Side.BUY, "1010"), (Side.SELL, "0.02")])
def test_a_planned_order_sets_aside_cash_for_a_buy_and_units_for_a_sell(
    side: Side, reserved: str
) -> None:
    """Also a sell that opens a short, which has a price that it counts for."""
    child = ChildOrder.plan(
        parent("p", BookName("a"), side, "0.02"),
        ChildId("c"),
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        quantity=Decimal("0.02"),
        limit_price=Decimal(50500),
        reserve_price=Decimal(50500),
        now=datetime(2026, 11, 20, tzinfo=UTC),
    )
    assert child.reserved == Decimal(reserved)


def test_what_leaves_a_child_order_is_what_has_not_filled() -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    child = ChildOrder(
        id=ChildId("c"),
        parent_id=ParentId("p"),
        strategy=StrategyName("alpha"),
        account=AccountName("main"),
        book=BookName("a"),
        symbol=Symbol("TQQQ"),
        side=Side.BUY,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.DAY,
        quantity=Decimal(5),
        limit_price=None,
        stop_price=None,
        reserved=Decimal(0),
        reserve_price=None,
        state=ChildState.PARTIALLY_FILLED,
        reason="",
        filled=Decimal("1.5"),
        filled_value=Decimal(150),
        broker_order_id=None,
        fingerprint=None,
        market_day=None,
        created_at=now,
        sent_at=None,
        acknowledged_at=None,
        cancel_at=None,
        cancel_requested_at=None,
        ended_at=None,
    )
    assert child.leaves == Decimal("3.5")
