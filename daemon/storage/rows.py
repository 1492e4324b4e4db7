"""Orders between their domain types and the columns of their tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import to_text
from algorithms.domain import (
    ChildOrder,
    ChildState,
    Kind,
    Measure,
    OrderType,
    ParentOrder,
    ParentStatus,
    Side,
    TimeInForce,
)
from daemon.storage.tx import Table

if TYPE_CHECKING:
    import sqlite3

    from daemon.storage.tx import SqlValue

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# To call an enum costs ten times as much as to look a member up.
SIDES = {each.value: each for each in Side}
_KINDS = {each.value: each for each in Kind}
ORDER_TYPES = {each.value: each for each in OrderType}
_MEASURES = {each.value: each for each in Measure}
_PARENT_STATUSES = {each.value: each for each in ParentStatus}
_CHILD_STATES = {each.value: each for each in ChildState}
_TIMES_IN_FORCE = {each.value: each for each in TimeInForce}


def to_us(at: datetime) -> int:
    """Return microseconds since 1970-01-01 UTC, exactly."""
    return (at - EPOCH) // _MICROSECOND


def span_us(span: timedelta) -> int:
    """Return the microseconds of a time span, exactly."""
    return span // _MICROSECOND


def from_us(value: int) -> datetime:
    """Return the aware UTC time of ``to_us``."""
    return EPOCH + timedelta(0, 0, value)


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


def parent_row(order: ParentOrder) -> tuple[SqlValue, ...]:
    """Return a new order in the order of ``PARENT_ORDERS.columns``."""
    return (
        order.id,
        order.request_id,
        to_us(order.created_at),
        us_or_none(order.due_at),
        us_or_none(order.deadline),
        *parent_terms_row(order),
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
    """Return the order a row of ``parent_orders`` holds; what a query adds stands behind it.

    Columns are taken by their place: each look for a name goes through all that stand before it.
    Fields are given by theirs: by name they cost three times as much, and every order is read so.
    """
    key, request_id, strategy, account, book, symbol = row[:6]
    side, kind, order_type, measure = row[6:10]
    total, remain, reserved, reserve_price, limit_price, stop_price = row[10:16]
    nets, slices, slices_left, status, reason = row[16:21]
    created_at, due_at, deadline, cancel_requested_at, ended_at = row[21:26]
    return ParentOrder(
        key,
        request_id,
        from_us(created_at),
        time_or_none(due_at),
        time_or_none(deadline),
        strategy,
        account,
        book,
        symbol,
        SIDES[side],
        _KINDS[kind],
        ORDER_TYPES[order_type],
        _MEASURES[measure],
        Decimal(total),
        Decimal(remain),
        Decimal(reserved),
        decimal_or_none(reserve_price),
        decimal_or_none(limit_price),
        decimal_or_none(stop_price),
        bool(nets),
        slices,
        slices_left,
        _PARENT_STATUSES[status],
        reason,
        time_or_none(cancel_requested_at),
        time_or_none(ended_at),
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
    """Return the order a row of ``child_orders`` holds, as ``parent_from_row`` does."""
    key, parent_id, strategy, account, book, symbol = row[:6]
    side, order_type, time_in_force, quantity = row[6:10]
    limit_price, stop_price, reserved, reserve_price, state, reason = row[10:16]
    filled, filled_value, broker_order_id, fingerprint, market_day = row[16:21]
    created_at, sent_at, acknowledged_at, cancel_at, cancel_requested_at, ended_at = row[21:27]
    return ChildOrder(
        key,
        parent_id,
        strategy,
        account,
        book,
        symbol,
        SIDES[side],
        ORDER_TYPES[order_type],
        _TIMES_IN_FORCE[time_in_force],
        Decimal(quantity),
        decimal_or_none(limit_price),
        decimal_or_none(stop_price),
        Decimal(reserved),
        decimal_or_none(reserve_price),
        _CHILD_STATES[state],
        reason,
        Decimal(filled),
        Decimal(filled_value),
        broker_order_id,
        fingerprint,
        market_day,
        from_us(created_at),
        time_or_none(sent_at),
        time_or_none(acknowledged_at),
        time_or_none(cancel_at),
        time_or_none(cancel_requested_at),
        time_or_none(ended_at),
    )
