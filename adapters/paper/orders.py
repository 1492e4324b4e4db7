"""Orders and fills as the paper exchange keeps them, and how it shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.broker import BrokerFill, BrokerOrder, BrokerOrderState, FillEvent, OrderEvent
from algorithms.domain import BrokerOrderId, OrderType

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from algorithms.domain import ChildId, Side, Symbol, TimeInForce

CLOSING_TYPES = frozenset({OrderType.LOC, OrderType.MOC})
"""Orders that wait for the closing auction."""
STOP_TYPES = frozenset({OrderType.STOP_MARKET, OrderType.STOP_LIMIT})
"""Orders that sleep until the last price reaches their stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperOrder:
    """One order at the exchange.

    ``sequence`` counts the account's orders and never restarts; ``number`` is what the outside
    world calls it. ``reserve_price`` is the cash set aside for each unit still to be bought,
    before commission. ``resting`` says that it stands in the book at its limit, ``fills_from``
    that its next piece trades no earlier, ``ends_at`` at which close it is over.
    """

    sequence: int
    number: str
    client_id: ChildId
    symbol: Symbol
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    reserve_price: Decimal
    state: BrokerOrderState
    filled: Decimal
    triggered: bool
    resting: bool
    fills_from: datetime | None
    ends_at: datetime | None
    market_day: date
    placed_at: datetime
    reason: str

    @property
    def leaves(self) -> Decimal:
        """Units that may still trade."""
        return self.quantity - self.filled

    @property
    def is_alive(self) -> bool:
        return not self.state.is_final

    @property
    def waits_for_close(self) -> bool:
        return self.order_type in CLOSING_TYPES

    @property
    def waits_for_stop(self) -> bool:
        return self.order_type in STOP_TYPES and not self.triggered


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperFill:
    """One execution of ``order``, which is shown as it stood afterwards."""

    trade: int
    order: PaperOrder
    quantity: Decimal
    cumulative: Decimal
    price: Decimal
    fee: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class View:
    """How the venue shows its orders: in which currency, and whether client ids are seen."""

    currency: str
    with_client_ids: bool

    def order(self, order: PaperOrder) -> BrokerOrder:
        return BrokerOrder(
            id=BrokerOrderId(order.number),
            client_id=order.client_id if self.with_client_ids else None,
            symbol=order.symbol,
            side=order.side,
            order_type=order.order_type,
            quantity=order.quantity,
            limit_price=order.limit_price,
            state=order.state,
            filled=order.filled,
            market_day=order.market_day,
            placed_at=order.placed_at,
            reason=order.reason,
        )

    def fill(self, fill: PaperFill) -> BrokerFill:
        """Show an execution; its day is its order's, under which the order's number is unique."""
        return BrokerFill(
            order_id=BrokerOrderId(fill.order.number),
            client_id=fill.order.client_id if self.with_client_ids else None,
            symbol=fill.order.symbol,
            side=fill.order.side,
            trade_id=str(fill.trade),
            cumulative=fill.cumulative,
            quantity=fill.quantity,
            price=fill.price,
            fee=fill.fee,
            fee_asset=self.currency,
            market_day=fill.order.market_day,
            at=fill.at,
        )

    def event(self, report: PaperOrder | PaperFill) -> OrderEvent | FillEvent:
        if isinstance(report, PaperOrder):
            return OrderEvent(self.order(report))
        return FillEvent(self.fill(report))
