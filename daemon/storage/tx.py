"""A transaction as the daemon's code sees it: named queries, gathered inserts, positions.

Decisions about money are made inside the writer's transaction, on what the database holds at
that moment; there is no second copy of a balance that could disagree. Two things keep that cheap
when many requests share one transaction: rows to insert are gathered and sent together, and a
position is read once and written once however often it changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, to_text

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from algorithms.domain import AccountName, BookName

SqlValue = str | int | bytes | None
Amounts = tuple[Decimal, Decimal, Decimal, Decimal]


class NotUniqueError(Exception):
    """The key of an inserted row is taken. Only the first insert of its transaction finds out."""


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table that rows are added to, with its columns in the order of the tuples.

    Each is made once, so it is looked up as what it is, not by all its names.
    """

    name: str
    columns: tuple[str, ...]


@dataclass(slots=True)
class Position:
    """What one book holds of one asset; the currency is an asset like any other.

    ``reserved`` is the part promised to live orders. ``cost`` is what the units held were bought
    for, without fees, in the account's currency; ``profit`` the profit realised on units sold.
    """

    account: AccountName
    book: BookName
    asset: str
    quantity: Decimal = ZERO
    reserved: Decimal = ZERO
    cost: Decimal = ZERO
    profit: Decimal = ZERO

    @property
    def amounts(self) -> Amounts:
        """Everything that changes, as one value."""
        return (self.quantity, self.reserved, self.cost, self.profit)

    @property
    def free(self) -> Decimal:
        """What a new order may use."""
        return self.quantity - self.reserved


class View:
    """Named queries on an open connection, for reading."""

    def __init__(self, connection: sqlite3.Connection, sql: Mapping[str, str]) -> None:
        self._connection = connection
        self._sql = sql

    def fetch(self, query: str, **values: SqlValue) -> list[sqlite3.Row]:
        """Return every row of a named query."""
        return self._connection.execute(self._sql[query], values).fetchall()

    def fetch_one(self, query: str, **values: SqlValue) -> sqlite3.Row | None:
        """Return the first row of a named query, or None."""
        row: sqlite3.Row | None = self._connection.execute(self._sql[query], values).fetchone()
        return row

    def each(self, query: str, **values: SqlValue) -> Iterator[sqlite3.Row]:
        """Return the rows of a named query one by one, for results too large to hold."""
        return self._connection.execute(self._sql[query], values)


class Tx(View):
    """The writer's transaction.

    Positions are changed only through ``position``: one object for each, alive as long as the
    transaction, so no two parts of the code ever hold different truths.
    """

    def __init__(self, connection: sqlite3.Connection, sql: Mapping[str, str]) -> None:
        super().__init__(connection, sql)
        self._inserts: dict[Table, list[Sequence[SqlValue]]] = {}
        self._positions: dict[tuple[str, str, str], Position] = {}
        self._written: dict[tuple[str, str, str], Amounts] = {}
        self.signals: list[object] = []
        """What the rest of the daemon is told once this transaction is on disk."""

    def fetch(self, query: str, **values: SqlValue) -> list[sqlite3.Row]:
        self.flush()
        return super().fetch(query, **values)

    def fetch_one(self, query: str, **values: SqlValue) -> sqlite3.Row | None:
        self.flush()
        return super().fetch_one(query, **values)

    def each(self, query: str, **values: SqlValue) -> Iterator[sqlite3.Row]:
        self.flush()
        return super().each(query, **values)

    def execute(self, query: str, **values: SqlValue) -> int:
        """Run a named statement; return the number of rows it changed."""
        self.flush()
        return self._connection.execute(self._sql[query], values).rowcount

    def execute_many(self, query: str, rows: Sequence[Mapping[str, SqlValue]]) -> None:
        """Run a named statement once for each row."""
        self.flush()
        self._connection.executemany(self._sql[query], rows)

    def insert(self, table: Table, row: Sequence[SqlValue]) -> None:
        """Add a row; it is visible to every later query of this transaction."""
        rows = self._inserts.get(table)
        if rows is None:
            rows = self._inserts[table] = []
        rows.append(row)

    def position(self, account: AccountName, book: BookName, asset: str) -> Position:
        """Return the position to read and change; changes are written with the transaction."""
        key = (account, book, asset)
        position = self._positions.get(key)
        if position is None:
            row = self._connection.execute(self._sql["position"], key_values(key)).fetchone()
            position = Position(account, book, asset)
            if row is not None:
                position.quantity = Decimal(row["quantity"])
                position.reserved = Decimal(row["reserved"])
                position.cost = Decimal(row["cost"])
                position.profit = Decimal(row["profit"])
            self._positions[key] = position
            self._written[key] = position.amounts
        return position

    def signal(self, event: object) -> None:
        """Tell the rest of the daemon, once this is on disk."""
        self.signals.append(event)

    def flush(self) -> None:
        """Send gathered rows and changed positions to the database."""
        if self._inserts:
            for table, rows in self._inserts.items():
                self._connection.executemany(_insert_statement(table), rows)
            self._inserts.clear()
        if self._positions:
            self._save_positions()

    def _save_positions(self) -> None:
        changed = [
            (key, position)
            for key, position in self._positions.items()
            if position.amounts != self._written[key]
        ]
        if changed:
            self._connection.executemany(
                self._sql["save_position"],
                [
                    key_values(key)
                    | {
                        "quantity": to_text(position.quantity),
                        "reserved": to_text(position.reserved),
                        "cost": to_text(position.cost),
                        "profit": to_text(position.profit),
                    }
                    for key, position in changed
                ],
            )
            self._written.update((key, position.amounts) for key, position in changed)


def key_values(key: tuple[str, str, str]) -> dict[str, SqlValue]:
    """Name the parts of a position's key for the queries."""
    account, book, asset = key
    return {"account": account, "book": book, "asset": asset}


@cache
def _insert_statement(table: Table) -> str:
    marks = ", ".join("?" * len(table.columns))
    columns = ", ".join(table.columns)
    return f"INSERT INTO {table.name} ({columns}) VALUES ({marks})"  # noqa: S608 - names are ours
