"""Orders, fills and prices as rows of the exchange's database, and back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import BrokerOrderState
from adapters.paper.market import Price
from adapters.paper.orders import PaperFill, PaperOrder
from algorithms.decimals import to_text
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.paper.market import Close

Value = str | int | None
Row = tuple[Value, ...]

ORDER_COLUMNS = (
    "sequence, number, client_id, symbol, side, order_type, time_in_force, quantity, limit_price,"
    " stop_price, reserve_price, state, filled, triggered, resting, fills_from, ends_at,"
    " market_day, placed_at, reason"
)
ORDER_WIDTH = ORDER_COLUMNS.count(",") + 1
FILL_COLUMNS = "trade, sequence, quantity, cumulative, price, fee, at"
PRICE_COLUMNS = "symbol, base, last, previous_close, moved_to"


def time_text(at: datetime) -> str:
    """Write a time so that text sorts as time does."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def order_row(order: PaperOrder) -> Row:
    """Return an order as ``ORDER_COLUMNS``."""
    return (
        order.sequence,
        order.number,
        order.client_id,
        order.symbol,
        order.side.value,
        order.order_type.value,
        order.time_in_force.value,
        to_text(order.quantity),
        _decimal_text(order.limit_price),
        _decimal_text(order.stop_price),
        to_text(order.reserve_price),
        order.state.value,
        to_text(order.filled),
        int(order.triggered),
        int(order.resting),
        _time_text(order.fills_from),
        _time_text(order.ends_at),
        order.market_day.isoformat(),
        time_text(order.placed_at),
        order.reason,
    )


def read_order(row: Sequence[Value]) -> PaperOrder:
    """Read ``ORDER_COLUMNS``."""
    return PaperOrder(
        sequence=_whole(row[0]),
        number=_text(row[1]),
        client_id=ChildId(_text(row[2])),
        symbol=Symbol(_text(row[3])),
        side=Side(_text(row[4])),
        order_type=OrderType(_text(row[5])),
        time_in_force=TimeInForce(_text(row[6])),
        quantity=Decimal(_text(row[7])),
        limit_price=_read_decimal(row[8]),
        stop_price=_read_decimal(row[9]),
        reserve_price=Decimal(_text(row[10])),
        state=BrokerOrderState(_text(row[11])),
        filled=Decimal(_text(row[12])),
        triggered=bool(row[13]),
        resting=bool(row[14]),
        fills_from=_read_time(row[15]),
        ends_at=_read_time(row[16]),
        market_day=date.fromisoformat(_text(row[17])),
        placed_at=datetime.fromisoformat(_text(row[18])),
        reason=_text(row[19]),
    )


def fill_row(fill: PaperFill) -> Row:
    """Return a fill as ``FILL_COLUMNS``."""
    return (
        fill.trade,
        fill.order.sequence,
        to_text(fill.quantity),
        to_text(fill.cumulative),
        to_text(fill.price),
        to_text(fill.fee),
        time_text(fill.at),
    )


def read_fill(row: Sequence[Value], order: PaperOrder) -> PaperFill:
    """Read ``FILL_COLUMNS`` of a fill of ``order``."""
    return PaperFill(
        trade=_whole(row[0]),
        order=order,
        quantity=Decimal(_text(row[2])),
        cumulative=Decimal(_text(row[3])),
        price=Decimal(_text(row[4])),
        fee=Decimal(_text(row[5])),
        at=datetime.fromisoformat(_text(row[6])),
    )


def price_row(price: Price) -> Row:
    """Return a price as ``PRICE_COLUMNS``."""
    return (
        price.symbol,
        to_text(price.base),
        to_text(price.last),
        to_text(price.previous_close),
        time_text(price.moved_to),
    )


def close_row(close: Close) -> Row:
    """Return a close as symbol, day and price."""
    return (close.symbol, close.day.isoformat(), to_text(close.price))


def read_price(row: Sequence[Value]) -> Price:
    """Read ``PRICE_COLUMNS``."""
    return Price(
        symbol=Symbol(_text(row[0])),
        base=Decimal(_text(row[1])),
        last=Decimal(_text(row[2])),
        previous_close=Decimal(_text(row[3])),
        moved_to=datetime.fromisoformat(_text(row[4])),
    )


def _text(value: Value) -> str:
    assert isinstance(value, str)
    return value


def _whole(value: Value) -> int:
    assert isinstance(value, int)
    return value


def _decimal_text(value: Decimal | None) -> str | None:
    return None if value is None else to_text(value)


def _read_decimal(value: Value) -> Decimal | None:
    return None if value is None else Decimal(_text(value))


def _time_text(at: datetime | None) -> str | None:
    return None if at is None else time_text(at)


def _read_time(value: Value) -> datetime | None:
    return None if value is None else datetime.fromisoformat(_text(value))
