from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

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
from daemon.storage.rows import (
    CHILD_ORDERS,
    OWN_FIELDS,
    PARENT_ORDERS,
    child_from_row,
    child_row,
    from_us,
    parent_from_row,
    parent_row,
    to_us,
)
from daemon.storage.schema import migrate
from daemon.storage.tx import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daemon.storage.tx import SqlValue

TIMES = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
AMOUNTS = st.decimals(
    min_value=Decimal(0), max_value=Decimal(10) ** 17, places=18, allow_nan=False
).map(abs)


@lru_cache
def schema_of(name: str) -> str:
    """Return how the daemon makes a table: rows are read by the places of its columns."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "new.db"
        migrate(file)
        with closing(sqlite3.connect(file)) as connection:
            query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
            (sql,) = connection.execute(query, (name,)).fetchone()
    return str(sql)


def through_sqlite(table: Table, values: Sequence[SqlValue]) -> sqlite3.Row:
    """Put a row into a table and take it out again."""
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    connection.execute(schema_of(table.name))
    names, marks = ", ".join(table.columns), ", ".join("?" * len(table.columns))
    connection.execute(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", values)  # noqa: S608 - names are ours
    row: sqlite3.Row = connection.execute(f"SELECT * FROM {table.name}").fetchone()  # noqa: S608
    connection.close()
    return row


WITH_ITS_END = Table("parent_orders", (*PARENT_ORDERS.columns, "cancel_requested_at", "ended_at"))


@given(TIMES)
def test_a_time_keeps_every_microsecond(at: datetime) -> None:
    assert from_us(to_us(at)) == at


def test_a_local_time_is_stored_as_the_same_instant() -> None:
    seoul = timezone(timedelta(hours=9))

    at = datetime(2026, 11, 21, 9, 0, tzinfo=seoul)

    assert from_us(to_us(at)) == at
    assert from_us(to_us(at)).utcoffset() == timedelta(0)


@given(
    total=AMOUNTS,
    remain=AMOUNTS,
    price=st.none() | AMOUNTS,
    at=TIMES,
    due=st.none() | TIMES,
    side=st.sampled_from(Side),
    status=st.sampled_from(ParentStatus),
    nets=st.booleans(),
)
def test_a_new_parent_order_comes_back_as_it_was(  # noqa: PLR0917 - hypothesis gives them by name
    total: Decimal,
    remain: Decimal,
    price: Decimal | None,
    at: datetime,
    due: datetime | None,
    side: Side,
    status: ParentStatus,
    nets: bool,  # noqa: FBT001
) -> None:
    order = ParentOrder(
        id=ParentId("p"),
        request_id="r",
        strategy=StrategyName("alpha"),
        account=AccountName("main"),
        book=BookName("a"),
        symbol=Symbol("TQQQ"),
        side=side,
        kind=Kind.BUY_FORCE,
        order_type=OrderType.TWAP,
        measure=Measure.CASH,
        total=total,
        remain=remain,
        reserved=remain,
        reserve_price=price,
        limit_price=price,
        stop_price=price,
        nets=nets,
        slices=5,
        slices_left=2,
        status=status,
        reason="because",
        created_at=at,
        due_at=due,
        deadline=due,
        cancel_requested_at=None,
        ended_at=None,
    )

    assert parent_from_row(through_sqlite(WITH_ITS_END, (*parent_row(order), None, None))) == order
    assert order[:OWN_FIELDS] == ("p", "r", at, due, due)


@given(
    quantity=AMOUNTS,
    filled=AMOUNTS,
    price=st.none() | AMOUNTS,
    at=TIMES,
    then=st.none() | TIMES,
    state=st.sampled_from(ChildState),
    number=st.none() | st.just(BrokerOrderId("0000037508")),
)
def test_a_child_order_comes_back_as_it_was(
    quantity: Decimal,
    filled: Decimal,
    price: Decimal | None,
    at: datetime,
    then: datetime | None,
    state: ChildState,
    number: BrokerOrderId | None,
) -> None:
    order = ChildOrder(
        id=ChildId("alpha-1"),
        parent_id=ParentId("p"),
        strategy=StrategyName("alpha"),
        account=AccountName("main"),
        book=BookName("a"),
        symbol=Symbol("TQQQ"),
        side=Side.SELL,
        order_type=OrderType.STOP_LIMIT,
        time_in_force=TimeInForce.GTC,
        quantity=quantity,
        limit_price=price,
        stop_price=price,
        reserved=quantity,
        reserve_price=price,
        state=state,
        reason="because",
        filled=filled,
        filled_value=filled,
        broker_order_id=number,
        fingerprint='{"known": []}',
        market_day="2026-11-20",
        created_at=at,
        sent_at=then,
        acknowledged_at=then,
        cancel_at=then,
        cancel_requested_at=then,
        ended_at=then,
    )

    assert child_from_row(through_sqlite(CHILD_ORDERS, child_row(order))) == order
