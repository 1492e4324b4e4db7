from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.sqlite.driver import connect
from algorithms.decimals import exactly
from algorithms.domain import AccountName, BookName
from daemon.storage.schema import migrate
from daemon.storage.store import named_queries
from daemon.storage.tx import Table, Tx

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from pathlib import Path

MAIN = AccountName("main")
ALPHA = BookName("alpha")
FACTS = Table("facts", ("name", "value"))


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    migrate(tmp_path / "books.db")
    opened = connect(tmp_path / "books.db", read_only=False)
    opened.execute("BEGIN")
    yield opened
    opened.close()


@pytest.fixture
def tx(connection: sqlite3.Connection) -> Iterator[Tx]:
    with exactly():
        yield Tx(connection, named_queries())


def stored_quantity(connection: sqlite3.Connection) -> str | None:
    row = connection.execute("SELECT quantity FROM positions").fetchone()
    return None if row is None else row["quantity"]


def test_a_new_position_holds_nothing(tx: Tx) -> None:
    position = tx.position(MAIN, ALPHA, "USD")

    assert position.quantity == position.reserved == position.free == 0


def test_there_is_one_object_for_a_position_however_often_it_is_asked_for(tx: Tx) -> None:
    first = tx.position(MAIN, ALPHA, "USD")
    first.quantity += Decimal(100)
    tx.flush()
    second = tx.position(MAIN, ALPHA, "USD")
    first.quantity -= Decimal(30)

    assert second is first
    assert second.quantity == 70


def test_a_query_sees_what_was_changed_before_it(tx: Tx) -> None:
    tx.position(MAIN, ALPHA, "USD").quantity += Decimal("12.50")
    tx.insert(FACTS, ("day", "monday"))

    position = tx.fetch_one("position", account=MAIN, book=ALPHA, asset="USD")
    fact = tx.fetch_one("fact", name="day")

    assert position is not None
    assert position["quantity"] == "12.5"
    assert fact is not None
    assert fact["value"] == "monday"


def test_an_unchanged_position_is_not_written(tx: Tx, connection: sqlite3.Connection) -> None:
    tx.position(MAIN, ALPHA, "USD")
    tx.flush()

    assert stored_quantity(connection) is None


def test_a_change_after_a_query_is_written_too(tx: Tx, connection: sqlite3.Connection) -> None:
    position = tx.position(MAIN, ALPHA, "USD")
    position.quantity += Decimal(5)
    tx.fetch("halts")
    position.quantity += Decimal(2)
    tx.flush()

    assert stored_quantity(connection) == "7"


@pytest.mark.parametrize("rows", [1, 3, 4, 17, 64, 200])
def test_gathered_rows_all_arrive_in_their_order(
    rows: int, tx: Tx, connection: sqlite3.Connection
) -> None:
    for number in range(rows):
        tx.insert(FACTS, (f"fact {number:03}", str(number)))
    tx.flush()

    found = connection.execute("SELECT name, value FROM facts ORDER BY name").fetchall()
    assert [row["value"] for row in found] == [str(number) for number in range(rows)]


def test_free_is_what_no_order_has_set_aside(tx: Tx) -> None:
    position = tx.position(MAIN, ALPHA, "USD")
    position.quantity, position.reserved = Decimal(100), Decimal("99.99")

    assert position.free == Decimal("0.01")
