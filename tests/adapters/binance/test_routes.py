"""What is sent where."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from adapters.binance.routes import FUTURES, SPOT
from adapters.broker import OrderRequest, SentOrder
from adapters.limits import Urgency
from algorithms.domain import BrokerOrderId, ChildId, OrderType, Side, Symbol, TimeInForce

BTC = Symbol("BTCUSDT")
LIMIT = OrderRequest(
    client_id=ChildId("a-1"),
    symbol=BTC,
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    time_in_force=TimeInForce.GTC,
    quantity=Decimal(2),
    limit_price=Decimal("100.50"),
)
STOP = replace(
    LIMIT, order_type=OrderType.STOP_LIMIT, stop_price=Decimal(99), client_id=ChildId("a-2")
)


def sent(request: OrderRequest, number: str | None = None) -> SentOrder:
    return SentOrder(
        request=request,
        sent_at=datetime(2026, 11, 20, tzinfo=UTC),
        fingerprint=None,
        broker_order_id=None if number is None else BrokerOrderId(number),
        market_day=None,
    )


def test_a_limit_order_carries_our_id_and_stays_until_cancelled() -> None:
    for routes, path in ((SPOT, "/api/v3/order"), (FUTURES, "/fapi/v1/order")):
        call = routes.place(LIMIT)
        assert (call.method, call.path, call.orders) == ("POST", path, 1)
        assert dict(call.params) == {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "quantity": "2",
            "newClientOrderId": "a-1",
            "newOrderRespType": "RESULT",
            "timeInForce": "GTC",
            "price": "100.5",
        }


def test_a_stop_is_a_plain_order_on_spot_and_conditional_on_futures() -> None:
    spot = dict(SPOT.place(STOP).params)
    assert (spot["type"], spot["stopPrice"]) == ("STOP_LOSS_LIMIT", "99")
    futures = FUTURES.place(STOP)
    terms = dict(futures.params)
    assert futures.path == "/fapi/v1/algoOrder"
    assert (terms["type"], terms["triggerPrice"], terms["clientAlgoId"]) == ("STOP", "99", "a-2")
    assert "newClientOrderId" not in terms


def test_an_order_is_named_by_our_id_whatever_its_number() -> None:
    ours = (("symbol", "BTCUSDT"), ("origClientOrderId", "a-1"))
    assert SPOT.find(sent(LIMIT, "7")).params == ours
    assert dict(SPOT.find(sent(LIMIT)).params)["origClientOrderId"] == "a-1"
    assert FUTURES.find(sent(STOP, "algo-7")).params == (("clientAlgoId", "a-2"),)
    assert FUTURES.cancel(sent(STOP)).params == (("clientAlgoId", "a-2"),)
    assert FUTURES.cancel(sent(STOP)).path == "/fapi/v1/algoOrder"


def test_cancels_go_first_and_cost_no_order_count() -> None:
    batch = FUTURES.cancel_batch(BTC, [sent(LIMIT), sent(replace(LIMIT, client_id=ChildId("b")))])
    assert dict(batch.params)["origClientOrderIdList"] == '["a-1","b"]'
    for call in (batch, SPOT.cancel(sent(LIMIT)), FUTURES.cancel_number(BTC, "7")):
        assert (call.method, call.urgency, call.orders) == ("DELETE", Urgency.CANCEL, 0)


def test_no_route_cancels_what_is_not_named() -> None:
    """The venue's cancel-all would end the orders of every strategy and person in the account."""
    for routes in (SPOT, FUTURES):
        for call in (routes.cancel(sent(LIMIT)), routes.cancel_number(BTC, "7")):
            assert {"orderId", "origClientOrderId"} & {name for name, _ in call.params}


def test_one_symbol_is_cheaper_to_look_at_than_all() -> None:
    for routes in (SPOT, FUTURES):
        assert routes.open_orders(BTC).weight < routes.open_orders().weight
        assert routes.open_algos(BTC).weight < routes.open_algos().weight
