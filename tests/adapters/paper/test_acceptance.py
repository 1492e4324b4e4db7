from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import RefusalCode, Refused
from adapters.paper.acceptance import ORDER_TYPES, form_fault, reserve_price
from adapters.paper.matching import Touch
from algorithms.domain import OrderType, Side
from tests.support.paper_engine import BUY, INSTRUMENTS, SELL, TQQQ, request

if TYPE_CHECKING:
    from adapters.broker import OrderRequest

TOUCH = Touch(last=Decimal(100), bid=Decimal(99), ask=Decimal(101))


def with_prices(order_type: OrderType, **changed: str | None) -> OrderRequest:
    """An order with the prices its type needs, but for some."""
    wanted: dict[OrderType, dict[str, str | None]] = {
        OrderType.LIMIT: {"limit": "100"},
        OrderType.LOC: {"limit": "100"},
        OrderType.STOP_MARKET: {"stop": "105"},
        OrderType.STOP_LIMIT: {"limit": "106", "stop": "105"},
    }
    prices = {**wanted.get(order_type, {}), **changed}
    return request("a", BUY, 1, order_type, limit=prices.get("limit"), stop=prices.get("stop"))


@pytest.mark.parametrize("order_type", sorted(ORDER_TYPES))
def test_every_type_with_its_prices_is_in_order(order_type: OrderType) -> None:
    assert form_fault(with_prices(order_type), INSTRUMENTS[TQQQ], TOUCH) is None


@pytest.mark.parametrize("order_type", sorted(ORDER_TYPES))
def test_a_price_too_many_or_too_few_is_a_fault(order_type: OrderType) -> None:
    order = with_prices(order_type)
    for name, price in (("limit", order.limit_price), ("stop", order.stop_price)):
        changed = with_prices(order_type, **{name: "100" if price is None else None})
        fault = form_fault(changed, INSTRUMENTS[TQQQ], TOUCH)
        assert fault is not None
        assert fault.code is RefusalCode.BAD_PRICE
        assert name in fault.message


@pytest.mark.parametrize("price", ["100.005", "0", "-1"])
def test_a_price_must_be_on_the_tick(price: str) -> None:
    order = request("a", BUY, 1, OrderType.LIMIT, limit=price)
    assert form_fault(order, INSTRUMENTS[TQQQ], TOUCH) == Refused(
        RefusalCode.BAD_PRICE, f"the limit price {price} is not on the tick"
    )


@pytest.mark.parametrize("quantity", ["0", "-1", "0.5"])
def test_a_quantity_must_be_whole_lots(quantity: str) -> None:
    fault = form_fault(request("a", BUY, quantity), INSTRUMENTS[TQQQ], TOUCH)
    assert fault is not None
    assert fault.code is RefusalCode.BAD_QUANTITY


def test_an_order_may_be_too_small_in_value() -> None:
    instrument = replace(INSTRUMENTS[TQQQ], min_notional=Decimal(250))
    assert form_fault(request("a", SELL, 2), instrument, TOUCH) == Refused(
        RefusalCode.BAD_QUANTITY, "an order of 198 is below the smallest, 250"
    )
    assert form_fault(request("a", SELL, 3), instrument, TOUCH) is None


@pytest.mark.parametrize(
    ("side", "limit", "stop", "price"),
    [
        (BUY, None, None, 101),
        (SELL, None, None, 99),
        (BUY, "95", None, 95),
        (BUY, None, "110", 110),
        (BUY, None, "90", 101),  # goes off at once
        (BUY, "112", "110", 112),
    ],
)
def test_cash_is_set_aside_at_the_worst_price_known(
    side: Side, limit: str | None, stop: str | None, price: int
) -> None:
    assert reserve_price(request("a", side, limit=limit, stop=stop), TOUCH) == price
