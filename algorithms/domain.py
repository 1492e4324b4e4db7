"""The words of the field as types: what an order is, what it may be, what can happen to it.

Everything here is immutable and knows no clock, no database and no broker. Money, prices and
quantities are exact decimals; times are aware and in UTC.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, NewType

from algorithms.decimals import ZERO, multiply

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

AccountName = NewType("AccountName", str)
StrategyName = NewType("StrategyName", str)
BookName = NewType("BookName", str)
Symbol = NewType("Symbol", str)
ParentId = NewType("ParentId", str)
ChildId = NewType("ChildId", str)
"""Our own id of a child order; where the broker takes client order ids it is the client id."""
BrokerOrderId = NewType("BrokerOrderId", str)

SUSPENSE = BookName("@suspense")
"""Where a difference between our books and the broker is shown until a person assigns it."""
EXTERNAL = BookName("@external")
"""The world outside the account: the other side of every posting that is not between books."""
FEES = BookName("@fees")
"""Commissions and taxes paid, and fees charged in a coin that no book of the order holds."""

LADDER = BookName("@loc")
"""Where an account's LOC ladder trades until what it got is handed to the books."""
LADDER_STRATEGY = StrategyName("LOC")
"""Whose orders a ladder's are: nobody's, so that no strategy cancels them. Names are lower case."""


class Side(StrEnum):
    """Direction of an order, from the book's point of view."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Side:
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """What a strategy may ask for. A TWAP is worked as LIMIT or MARKET children."""

    MARKET = "MARKET"
    LIMIT = "LIMIT"
    STOP_MARKET = "STOP_MARKET"
    STOP_LIMIT = "STOP_LIMIT"
    TWAP = "TWAP"
    LOC = "LOC"
    MOC = "MOC"
    LOO = "LOO"
    MOO = "MOO"


AT_THE_CLOSE = frozenset({OrderType.LOC, OrderType.MOC})
"""Order types that trade in the closing auction only."""


class TimeInForce(StrEnum):
    """How long the broker keeps an order: until cancelled, or until the market day ends."""

    GTC = "GTC"
    DAY = "DAY"


class Kind(StrEnum):
    """Why a parent order exists; kept unchanged through netting and shown in history."""

    BUY = "BUY"
    BUY_FORCE = "BUY_FORCE"
    SELL = "SELL"
    SELL_3_4 = "SELL_3_4"
    SELL_1_4 = "SELL_1_4"
    SELL_PART = "SELL_PART"

    @property
    def side(self) -> Side:
        return Side.BUY if self in {Kind.BUY, Kind.BUY_FORCE} else Side.SELL


class Measure(StrEnum):
    """What a parent order's value counts: cash to spend, or units to trade."""

    CASH = "cash"
    QUANTITY = "quantity"


class ParentStatus(StrEnum):
    """Life of a parent order. The last four are final."""

    OPEN = "open"
    WORKING = "working"
    DONE = "done"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self not in LIVE_PARENTS


LIVE_PARENTS = frozenset({ParentStatus.OPEN, ParentStatus.WORKING})


class ChildState(StrEnum):
    """Life of a child order, the thing a broker sees.

    ``planned`` has surely not been sent. ``sending`` may or may not be at the broker; after a
    time-out, a crash or an unreadable answer it becomes ``unknown``, which only the broker's
    evidence ends.
    """

    PLANNED = "planned"
    SENDING = "sending"
    UNKNOWN = "unknown"
    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    CANCELLING = "cancelling"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"

    @property
    def is_final(self) -> bool:
        return self in FINAL_CHILDREN


FINAL_CHILDREN = frozenset(
    {ChildState.FILLED, ChildState.CANCELLED, ChildState.REJECTED, ChildState.EXPIRED}
)
LIVE_CHILDREN = frozenset(ChildState) - FINAL_CHILDREN
AT_BROKER = LIVE_CHILDREN - {ChildState.PLANNED}
"""States in which the order may be alive at the broker."""
TAKEN_CHILDREN = frozenset({ChildState.OPEN, ChildState.PARTIALLY_FILLED, ChildState.CANCELLING})
"""States in which the broker has the order, as far as we know."""


class FillSource(StrEnum):
    """Where a fill came from.

    A broker's execution, a crossing inside the account, or the account's LOC ladder: that is the
    broker's again, handed on to a book with its part of the fee.
    """

    BROKER = "broker"
    NETTING = "netting"
    LADDER = "ladder"


class ParentOrder(NamedTuple):
    """What one book wants done.

    ``total`` and ``remain`` are in ``measure``: cash of the account's currency, or units.
    ``reserved`` is the cash (buy) or quantity (sell) set aside for what no live child works;
    ``reserve_price`` is the cash per unit, fee included, that a quantity buy sets aside.
    ``slices_left`` counts the TWAP slices that have not had their turn; ``due_at`` is when the
    order next needs planning (None: nothing to plan), ``deadline`` when it must have ended.
    """

    id: ParentId
    request_id: str
    created_at: datetime
    due_at: datetime | None
    deadline: datetime | None
    strategy: StrategyName
    account: AccountName
    book: BookName
    symbol: Symbol
    side: Side
    kind: Kind
    order_type: OrderType
    measure: Measure
    total: Decimal
    remain: Decimal
    reserved: Decimal
    reserve_price: Decimal | None
    limit_price: Decimal | None
    stop_price: Decimal | None
    nets: bool
    slices: int
    slices_left: int
    status: ParentStatus
    reason: str
    cancel_requested_at: datetime | None
    ended_at: datetime | None


def set_aside(side: Side, units: Decimal, reserve_price: Decimal | None) -> Decimal:
    """Return what units of an order may come to: cash for a buy, units for a sell.

    The ``reserve_price`` of a sell is no cost of it, but what a short position counts for.
    """
    if side is Side.SELL:
        return units
    assert reserve_price is not None  # every buy in units is accepted and planned with one
    return multiply(units, reserve_price)


class ChildOrder(NamedTuple):
    """One order at the broker, worked for one parent.

    ``order_type`` is never TWAP. ``reserved`` is the cash (buy) or quantity (sell) that its
    unfilled part may still take, at ``reserve_price`` a unit for a buy; what is not used goes
    back to the parent when the child ends.
    ``fingerprint`` is what the adapter wanted remembered from before the order was sent;
    ``cancel_at`` is when an unfilled slice must be cancelled.
    """

    id: ChildId
    parent_id: ParentId
    strategy: StrategyName
    account: AccountName
    book: BookName
    symbol: Symbol
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    limit_price: Decimal | None
    stop_price: Decimal | None
    reserved: Decimal
    reserve_price: Decimal | None
    state: ChildState
    reason: str
    filled: Decimal
    filled_value: Decimal
    broker_order_id: BrokerOrderId | None
    fingerprint: str | None
    market_day: str | None
    created_at: datetime
    sent_at: datetime | None
    acknowledged_at: datetime | None
    cancel_at: datetime | None
    cancel_requested_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def plan(
        cls,
        parent: ParentOrder,
        child_id: ChildId,
        *,
        order_type: OrderType,
        time_in_force: TimeInForce,
        quantity: Decimal,
        limit_price: Decimal | None,
        reserve_price: Decimal | None,
        now: datetime,
    ) -> ChildOrder:
        """Return an order that is to work for ``parent``; nothing of it has been sent.

        It sets aside what it may come to.
        """
        return cls(
            id=child_id,
            parent_id=parent.id,
            strategy=parent.strategy,
            account=parent.account,
            book=parent.book,
            symbol=parent.symbol,
            side=parent.side,
            order_type=order_type,
            time_in_force=time_in_force,
            quantity=quantity,
            limit_price=limit_price,
            stop_price=parent.stop_price,
            reserved=set_aside(parent.side, quantity, reserve_price),
            reserve_price=reserve_price,
            state=ChildState.PLANNED,
            reason="",
            filled=ZERO,
            filled_value=ZERO,
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

    @property
    def leaves(self) -> Decimal:
        """Units that may still fill."""
        return self.quantity - self.filled
