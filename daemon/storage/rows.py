"""Orders between their domain types and the columns of their tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import to_text
from algorithms.domain import (
    AccountName,
    BookName,
    BrokerOrderId,
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
from daemon.storage.tx import Table

if TYPE_CHECKING:
    import sqlite3

    from daemon.storage.tx import SqlValue

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_us(at: datetime) -> int:
    """Return microseconds since 1970-01-01 UTC, exactly."""
    return (at - EPOCH) // _MICROSECOND


def from_us(value: int) -> datetime:
    """Return the aware UTC time of ``to_us``."""
    return EPOCH + timedelta(microseconds=value)


def us_or_none(at: datetime | None) -> int | None:
    """Return microseconds of a time that may be missing."""
    return None if at is None else to_us(at)


def time_or_none(value: int | None) -> datetime | None:
    """Return a time that may be missing."""
    return None if value is None else from_us(value)


def text_or_none(value: Decimal | None) -> str | None:
    """Return the exact text of a number that may be missing."""
    return None if value is None else to_text(value)


def decimal_or_none(value: str | None) -> Decimal | None:
    """Return a number that may be missing."""
    return None if value is None else Decimal(value)


PARENT_ORDERS = Table(
    "parent_orders",
    (
        "id",
        "request_id",
        "created_at",
        "due_at",
        "deadline",
        "strategy",
        "account",
        "book",
        "symbol",
        "side",
        "kind",
        "order_type",
        "measure",
        "total",
        "remain",
        "reserved",
        "reserve_price",
        "limit_price",
        "stop_price",
        "nets",
        "slices",
        "slices_left",
        "status",
        "reason",
    ),
)
"""What is said of an order that begins: nobody has asked for its end, and it has not ended."""

OWN_FIELDS = 5
"""``ParentOrder`` begins with what no two orders share: ids and times."""

CHILD_ORDERS = Table(
    "child_orders",
    (
        "id",
        "parent_id",
        "strategy",
        "account",
        "book",
        "symbol",
        "side",
        "order_type",
        "time_in_force",
        "quantity",
        "limit_price",
        "stop_price",
        "reserved",
        "reserve_price",
        "state",
        "reason",
        "filled",
        "filled_value",
        "broker_order_id",
        "fingerprint",
        "market_day",
        "created_at",
        "sent_at",
        "acknowledged_at",
        "cancel_at",
        "cancel_requested_at",
        "ended_at",
    ),
)


def parent_row(
    order: ParentOrder, terms_row: tuple[SqlValue, ...] | None = None
) -> tuple[SqlValue, ...]:
    """Return a new order in the order of ``PARENT_ORDERS.columns``.

    ``terms_row`` is ``parent_terms_row`` of the order, if it is known already.
    """
    return (
        order.id,
        order.request_id,
        to_us(order.created_at),
        us_or_none(order.due_at),
        us_or_none(order.deadline),
        *(terms_row or parent_terms_row(order)),
    )


def parent_terms_row(order: ParentOrder) -> tuple[SqlValue, ...]:
    """Return the columns that follow the ``OWN_FIELDS`` of a new order."""
    return (
        order.strategy,
        order.account,
        order.book,
        order.symbol,
        order.side._value_,
        order.kind._value_,
        order.order_type._value_,
        order.measure._value_,
        to_text(order.total),
        to_text(order.remain),
        to_text(order.reserved),
        text_or_none(order.reserve_price),
        text_or_none(order.limit_price),
        text_or_none(order.stop_price),
        int(order.nets),
        order.slices,
        order.slices_left,
        order.status._value_,
        order.reason,
    )


def parent_from_row(row: sqlite3.Row) -> ParentOrder:
    """Return the order a row of ``parent_orders`` holds."""
    return ParentOrder(
        id=ParentId(row["id"]),
        request_id=row["request_id"],
        strategy=StrategyName(row["strategy"]),
        account=AccountName(row["account"]),
        book=BookName(row["book"]),
        symbol=Symbol(row["symbol"]),
        side=Side(row["side"]),
        kind=Kind(row["kind"]),
        order_type=OrderType(row["order_type"]),
        measure=Measure(row["measure"]),
        total=Decimal(row["total"]),
        remain=Decimal(row["remain"]),
        reserved=Decimal(row["reserved"]),
        reserve_price=decimal_or_none(row["reserve_price"]),
        limit_price=decimal_or_none(row["limit_price"]),
        stop_price=decimal_or_none(row["stop_price"]),
        nets=bool(row["nets"]),
        slices=row["slices"],
        slices_left=row["slices_left"],
        status=ParentStatus(row["status"]),
        reason=row["reason"],
        created_at=from_us(row["created_at"]),
        due_at=time_or_none(row["due_at"]),
        deadline=time_or_none(row["deadline"]),
        cancel_requested_at=time_or_none(row["cancel_requested_at"]),
        ended_at=time_or_none(row["ended_at"]),
    )


def child_row(order: ChildOrder) -> tuple[SqlValue, ...]:
    """Return the order in the order of ``CHILD_ORDERS.columns``."""
    return (
        order.id,
        order.parent_id,
        order.strategy,
        order.account,
        order.book,
        order.symbol,
        order.side._value_,
        order.order_type._value_,
        order.time_in_force._value_,
        to_text(order.quantity),
        text_or_none(order.limit_price),
        text_or_none(order.stop_price),
        to_text(order.reserved),
        text_or_none(order.reserve_price),
        order.state._value_,
        order.reason,
        to_text(order.filled),
        to_text(order.filled_value),
        order.broker_order_id,
        order.fingerprint,
        order.market_day,
        to_us(order.created_at),
        us_or_none(order.sent_at),
        us_or_none(order.acknowledged_at),
        us_or_none(order.cancel_at),
        us_or_none(order.cancel_requested_at),
        us_or_none(order.ended_at),
    )


def child_from_row(row: sqlite3.Row) -> ChildOrder:
    """Return the order a row of ``child_orders`` holds."""
    return ChildOrder(
        id=ChildId(row["id"]),
        parent_id=ParentId(row["parent_id"]),
        strategy=StrategyName(row["strategy"]),
        account=AccountName(row["account"]),
        book=BookName(row["book"]),
        symbol=Symbol(row["symbol"]),
        side=Side(row["side"]),
        order_type=OrderType(row["order_type"]),
        time_in_force=TimeInForce(row["time_in_force"]),
        quantity=Decimal(row["quantity"]),
        limit_price=decimal_or_none(row["limit_price"]),
        stop_price=decimal_or_none(row["stop_price"]),
        reserved=Decimal(row["reserved"]),
        reserve_price=decimal_or_none(row["reserve_price"]),
        state=ChildState(row["state"]),
        reason=row["reason"],
        filled=Decimal(row["filled"]),
        filled_value=Decimal(row["filled_value"]),
        broker_order_id=(
            None if row["broker_order_id"] is None else BrokerOrderId(row["broker_order_id"])
        ),
        fingerprint=row["fingerprint"],
        market_day=row["market_day"],
        created_at=from_us(row["created_at"]),
        sent_at=time_or_none(row["sent_at"]),
        acknowledged_at=time_or_none(row["acknowledged_at"]),
        cancel_at=time_or_none(row["cancel_at"]),
        cancel_requested_at=time_or_none(row["cancel_requested_at"]),
        ended_at=time_or_none(row["ended_at"]),
    )
