from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from algorithms.domain import (
    AccountName,
    BookName,
    BrokerOrderId,
    ChildId,
    ChildOrder,
    ChildState,
    OrderType,
    ParentId,
    Side,
    StrategyName,
    Symbol,
    TimeInForce,
)
from daemon.execution.sent import request_of, sent_order
from tests.support.world import START

CHILD = ChildOrder(
    id=ChildId("alpha-1"),
    parent_id=ParentId("p"),
    strategy=StrategyName("alpha"),
    account=AccountName("main"),
    book=BookName("a"),
    symbol=Symbol("TQQQ"),
    side=Side.BUY,
    order_type=OrderType.STOP_LIMIT,
    time_in_force=TimeInForce.GTC,
    quantity=Decimal(10),
    limit_price=Decimal(101),
    stop_price=Decimal(100),
    reserved=Decimal(1010),
    reserve_price=Decimal(101),
    state=ChildState.PLANNED,
    reason="",
    filled=Decimal(0),
    filled_value=Decimal(0),
    broker_order_id=None,
    fingerprint=None,
    market_day=None,
    created_at=START,
    sent_at=None,
    acknowledged_at=None,
    cancel_at=None,
    cancel_requested_at=None,
    ended_at=None,
)


def test_what_is_sent_is_what_was_planned_under_our_own_id() -> None:
    request = request_of(CHILD)

    assert request.client_id == CHILD.id
    assert (request.symbol, request.side) == (Symbol("TQQQ"), Side.BUY)
    assert request.quantity == 10
    assert (request.order_type, request.time_in_force) == (
        OrderType.STOP_LIMIT,
        TimeInForce.GTC,
    )
    assert [request.limit_price, request.stop_price] == [Decimal(101), Decimal(100)]


def test_an_order_is_looked_for_with_all_that_is_known_of_it() -> None:
    sent_at = START + timedelta(seconds=1)
    known = CHILD._replace(
        sent_at=sent_at,
        broker_order_id=BrokerOrderId("7"),
        fingerprint="{}",
        market_day="2026-11-20",
    )

    sent = sent_order(known)

    assert (sent.sent_at, sent.broker_order_id, sent.fingerprint) == (sent_at, "7", "{}")
    assert sent.market_day == date(2026, 11, 20)
