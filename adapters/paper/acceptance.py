"""What an exchange checks of an order before it looks at the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.broker import RefusalCode, Refused
from adapters.paper.orders import STOP_TYPES
from algorithms.decimals import ZERO, multiply, to_text
from algorithms.domain import OrderType, Side

if TYPE_CHECKING:
    from decimal import Decimal

    from adapters.broker import OrderRequest
    from adapters.paper.matching import Touch
    from algorithms.instruments import Instrument

ORDER_TYPES = frozenset(OrderType) - {OrderType.TWAP, OrderType.LOO, OrderType.MOO}
LIMIT_TYPES = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LOC})
"""Orders that carry a limit price."""


def form_fault(request: OrderRequest, instrument: Instrument, touch: Touch) -> Refused | None:
    """Say what is wrong with the order itself: its type, prices or quantity."""
    if request.order_type not in ORDER_TYPES:
        return Refused(RefusalCode.UNSUPPORTED, f"no {request.order_type} orders here")
    fault = _price_fault(
        "limit", request.limit_price, instrument, wanted=request.order_type in LIMIT_TYPES
    ) or _price_fault(
        "stop", request.stop_price, instrument, wanted=request.order_type in STOP_TYPES
    )
    if fault is not None:
        return Refused(RefusalCode.BAD_PRICE, fault)
    quantity, lot = request.quantity, instrument.lot
    if quantity <= ZERO or not instrument.is_on_lot(quantity):
        return Refused(
            RefusalCode.BAD_QUANTITY,
            f"{to_text(quantity)} is not a positive multiple of the lot {to_text(lot)}",
        )
    smallest = instrument.min_notional
    value = multiply(quantity, reserve_price(request, touch))
    if smallest is not None and value < smallest:
        return Refused(
            RefusalCode.BAD_QUANTITY,
            f"an order of {to_text(value)} is below the smallest, {to_text(smallest)}",
        )
    return None


def reserve_price(request: OrderRequest, touch: Touch) -> Decimal:
    """Return the price at which a unit's cash is set aside: the limit, else the worst known."""
    if request.limit_price is not None:
        return request.limit_price
    price = touch.against(request.side)
    if request.stop_price is None or request.side is Side.SELL:
        return price
    return max(price, request.stop_price)


def _price_fault(
    name: str, price: Decimal | None, instrument: Instrument, *, wanted: bool
) -> str | None:
    if price is None:
        return f"a {name} price is missing" if wanted else None
    if not wanted:
        return f"this order type takes no {name} price"
    if not instrument.is_on_tick(price):
        return f"the {name} price {to_text(price)} is not on the tick"
    return None
