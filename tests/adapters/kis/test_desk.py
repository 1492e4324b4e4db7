"""What is refused before KIS is asked, and what is known of symbols."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.broker import OrderRequest, RefusalCode
from adapters.kis.desk import refusal
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from algorithms.instruments import default_instrument

STOCK = default_instrument(Symbol("005930"), "XKRX", "KRW")
FUND = default_instrument(Symbol("069500"), "XKRX", "KRW", type="etf")
SHARE = default_instrument(Symbol("SOXL"), "XNYS", "USD")


def order(
    price: str | None, quantity: str = "3", kind: OrderType = OrderType.LIMIT
) -> OrderRequest:
    return OrderRequest(
        client_id=ChildId("c1"),
        symbol=Symbol("005930"),
        side=Side.BUY,
        order_type=kind,
        time_in_force=TimeInForce.DAY,
        quantity=Decimal(quantity),
        limit_price=None if price is None else Decimal(price),
    )


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5"])
def test_a_quantity_off_the_lot_is_refused(quantity: str) -> None:
    refused = refusal(order("60000", quantity), STOCK)
    assert refused is not None
    assert refused.code is RefusalCode.BAD_QUANTITY


@pytest.mark.parametrize("price", [None, "0", "-5"])
def test_a_limit_needs_a_price(price: str | None) -> None:
    refused = refusal(order(price), STOCK)
    assert refused is not None
    assert refused.code is RefusalCode.BAD_PRICE


def test_a_price_off_the_tick_is_refused_with_the_next_that_are_not() -> None:
    refused = refusal(order("60050"), STOCK)
    assert refused is not None
    assert refused.message == "60050 is not on a tick; 60000 and 60100 are"


def test_a_fund_has_ticks_of_its_own() -> None:
    assert refusal(order("60050"), FUND) is None
    assert refusal(order("60051"), FUND) is not None
    assert refusal(order("27.45", kind=OrderType.LOC), SHARE) is None
    assert refusal(order("27.455", kind=OrderType.LOC), SHARE) is not None


def test_a_market_order_needs_none() -> None:
    assert refusal(order(None, kind=OrderType.MARKET), STOCK) is None
