from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from adapters.broker import BrokerOrderState
from adapters.paper.market import Price
from adapters.paper.orders import PaperFill, PaperOrder
from adapters.paper.rows import (
    FILL_COLUMNS,
    ORDER_COLUMNS,
    ORDER_WIDTH,
    PRICE_COLUMNS,
    fill_row,
    order_row,
    price_row,
    read_fill,
    read_order,
    read_price,
    time_text,
)
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce

TIMES = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
AMOUNTS = st.decimals(0, 10**12, places=8)
SYMBOLS = st.from_regex(r"[A-Z0-9]{1,12}", fullmatch=True).map(Symbol)
ORDERS = st.builds(
    PaperOrder,
    sequence=st.integers(1, 10**12),
    number=st.integers(1, 10**9).map(str),
    client_id=st.text(min_size=1, max_size=36).map(ChildId),
    symbol=SYMBOLS,
    side=st.sampled_from(Side),
    order_type=st.sampled_from(OrderType),
    time_in_force=st.sampled_from(TimeInForce),
    quantity=AMOUNTS,
    limit_price=st.none() | AMOUNTS,
    stop_price=st.none() | AMOUNTS,
    reserve_price=AMOUNTS,
    state=st.sampled_from(BrokerOrderState),
    filled=AMOUNTS,
    triggered=st.booleans(),
    resting=st.booleans(),
    fills_from=st.none() | TIMES,
    ends_at=st.none() | TIMES,
    market_day=st.dates(),
    placed_at=TIMES,
    reason=st.text(max_size=20),
)


@given(order=ORDERS)
def test_an_order_survives_its_row(order: PaperOrder) -> None:
    row = order_row(order)
    assert len(row) == ORDER_WIDTH == len(ORDER_COLUMNS.split(","))
    assert read_order(row) == order


@given(order=ORDERS, amount=AMOUNTS, at=TIMES)
def test_a_fill_survives_its_row(order: PaperOrder, amount: Decimal, at: datetime) -> None:
    fill = PaperFill(
        trade=7, order=order, quantity=amount, cumulative=amount, price=amount, fee=amount, at=at
    )
    row = fill_row(fill)
    assert len(row) == len(FILL_COLUMNS.split(","))
    assert read_fill(row, order) == fill


@given(symbol=SYMBOLS, amount=AMOUNTS, at=TIMES)
def test_a_price_survives_its_row(symbol: Symbol, amount: Decimal, at: datetime) -> None:
    price = Price(symbol=symbol, base=amount, last=amount, previous_close=amount, moved_to=at)
    row = price_row(price)
    assert len(row) == len(PRICE_COLUMNS.split(","))
    assert read_price(row) == price


@given(first=TIMES, second=TIMES)
def test_the_order_of_text_is_the_order_of_time(first: datetime, second: datetime) -> None:
    seoul = timezone(timedelta(hours=9))
    assert (time_text(first) < time_text(second.astimezone(seoul))) == (first < second)


def test_numbers_are_stored_plainly() -> None:
    order = read_order(order_row(replace(EXAMPLE, quantity=Decimal("1E+3"))))
    assert str(order.quantity) == "1000"


EXAMPLE = PaperOrder(
    sequence=1,
    number="1",
    client_id=ChildId("a"),
    symbol=Symbol("TQQQ"),
    side=Side.BUY,
    order_type=OrderType.MARKET,
    time_in_force=TimeInForce.DAY,
    quantity=Decimal(1),
    limit_price=None,
    stop_price=None,
    reserve_price=Decimal(100),
    state=BrokerOrderState.OPEN,
    filled=Decimal(0),
    triggered=False,
    resting=False,
    fills_from=None,
    ends_at=None,
    market_day=datetime(2026, 11, 20, tzinfo=UTC).date(),
    placed_at=datetime(2026, 11, 20, tzinfo=UTC),
    reason="",
)
