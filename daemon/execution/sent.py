"""A child order as the broker was, or would be, sent it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from adapters.broker import OrderRequest, SentOrder

if TYPE_CHECKING:
    from algorithms.domain import ChildOrder


def request_of(child: ChildOrder) -> OrderRequest:
    """Return what is sent for a child order."""
    return OrderRequest(
        client_id=child.id,
        symbol=child.symbol,
        side=child.side,
        order_type=child.order_type,
        time_in_force=child.time_in_force,
        quantity=child.quantity,
        limit_price=child.limit_price,
        stop_price=child.stop_price,
    )


def sent_order(child: ChildOrder) -> SentOrder:
    """Return all we know to find a child order again at the broker."""
    return SentOrder(
        request=request_of(child),
        sent_at=child.sent_at or child.created_at,
        fingerprint=child.fingerprint,
        broker_order_id=child.broker_order_id,
        market_day=None if child.market_day is None else date.fromisoformat(child.market_day),
    )
