"""The exchange's database: what is read when it opens, written with each commit, and looked up."""

# ruff: noqa: S608 - only our own lists of columns become part of a statement

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING

from adapters.paper.engine import Counters
from adapters.paper.errors import PaperSettingsError
from adapters.paper.market import CLOSES_KEPT, Close
from adapters.paper.rows import (
    FILL_COLUMNS,
    ORDER_COLUMNS,
    ORDER_WIDTH,
    PRICE_COLUMNS,
    close_row,
    fill_row,
    order_row,
    price_row,
    read_fill,
    read_order,
    read_price,
    time_text,
)
from adapters.sqlite.transaction import transaction
from algorithms.decimals import to_text
from algorithms.domain import Symbol

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from adapters.broker import OrderRequest
    from adapters.paper.market import Price
    from adapters.paper.orders import PaperFill, PaperOrder
    from algorithms.domain import AccountName, ChildId

APPLICATION_ID = 0x6E657478
"""Marks the file as a paper exchange's ("netx"), so that no other database is written to."""
VERSION = 3
_UPGRADES = {
    1: """
        CREATE TABLE operations (
            account TEXT NOT NULL, key TEXT NOT NULL, done_at TEXT NOT NULL, what TEXT NOT NULL,
            PRIMARY KEY (account, key)
        ) STRICT, WITHOUT ROWID;
    """,
    2: """
        CREATE TABLE close (
            account TEXT NOT NULL, symbol TEXT NOT NULL, day TEXT NOT NULL, price TEXT NOT NULL,
            PRIMARY KEY (account, symbol, day)
        ) STRICT, WITHOUT ROWID;
    """,
}
"""What makes a file of an older version one of the next."""

_PLACES = ", ".join("?" * (ORDER_WIDTH + 1))
_SAVE_ORDER = f"""
    INSERT INTO orders (account, {ORDER_COLUMNS}) VALUES ({_PLACES})
    ON CONFLICT DO UPDATE SET state = excluded.state, filled = excluded.filled,
        triggered = excluded.triggered, resting = excluded.resting,
        fills_from = excluded.fills_from, reason = excluded.reason
"""
_SAVE_FILL = f"INSERT INTO fills (account, {FILL_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_SAVE_POSITION = "INSERT OR REPLACE INTO position (account, symbol, quantity) VALUES (?, ?, ?)"
_SAVE_PRICE = f"INSERT OR REPLACE INTO price (account, {PRICE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"
_SAVE_CLOSE = "INSERT OR REPLACE INTO close (account, symbol, day, price) VALUES (?, ?, ?, ?)"
_FORGET_CLOSES = "DELETE FROM close WHERE account = ? AND symbol = ? AND day < ?"
_SAVE_ACCOUNT = """
    UPDATE account
    SET cash = ?, played_to = ?, serial = ?, sequence = ?, trade = ?, number_day = ?, number = ?
    WHERE account = ? AND serial = ?
"""
_FILLS_WITH_ORDERS = f"""
    SELECT {", ".join(f"orders.{column.strip()}" for column in ORDER_COLUMNS.split(","))},
        {", ".join(f"fills.{column.strip()}" for column in FILL_COLUMNS.split(","))}
    FROM fills INDEXED BY fills_by_time JOIN orders USING (account, sequence)
"""


class SupersededError(Exception):
    """Somebody else has committed for this account: what we hold in memory is out of date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An account as the disk knows it. ``serial`` counts its commits."""

    currency: str
    cash: Decimal
    played_to: datetime
    serial: int
    counters: Counters
    positions: Mapping[Symbol, Decimal]
    prices: tuple[Price, ...]
    open_orders: tuple[PaperOrder, ...]
    closes: tuple[Close, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Everything that one transaction writes; it becomes the account's commit ``serial``."""

    account: AccountName
    serial: int
    cash: Decimal
    played_to: datetime
    counters: Counters
    positions: Mapping[Symbol, Decimal]
    prices: tuple[Price, ...]
    orders: tuple[PaperOrder, ...]
    fills: tuple[PaperFill, ...]
    operations: tuple[tuple[str, str], ...] = ()
    """Keys of what was done without an order, and what it was."""
    closes: tuple[Close, ...] = ()

    def write(self, connection: sqlite3.Connection) -> None:
        """Write all of it or nothing.

        Raises SupersededError when the account's last commit is not the one before this.
        """
        name = self.account
        with transaction(connection):
            updated = connection.execute(
                _SAVE_ACCOUNT,
                (
                    to_text(self.cash),
                    time_text(self.played_to),
                    self.serial,
                    *_counter_row(self.counters),
                    name,
                    self.serial - 1,
                ),
            )
            if updated.rowcount != 1:
                raise SupersededError(f"another session trades for {name}")
            connection.executemany(
                _SAVE_ORDER, [(name, *order_row(order)) for order in self.orders]
            )
            connection.executemany(_SAVE_FILL, [(name, *fill_row(fill)) for fill in self.fills])
            connection.executemany(
                _SAVE_POSITION,
                [(name, symbol, to_text(units)) for symbol, units in self.positions.items()],
            )
            connection.executemany(
                "INSERT INTO operations (account, key, done_at, what) VALUES (?, ?, ?, ?)",
                [(name, key, time_text(self.played_to), what) for key, what in self.operations],
            )
            connection.executemany(
                _SAVE_PRICE, [(name, *price_row(price)) for price in self.prices]
            )
            for close in self.closes:
                connection.execute(_SAVE_CLOSE, (name, *close_row(close)))
                oldest = (close.day - CLOSES_KEPT).isoformat()
                connection.execute(_FORGET_CLOSES, (name, close.symbol, oldest))


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables in a new file; raise PaperSettingsError for a file of another kind."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    while application == APPLICATION_ID and version in _UPGRADES:
        script = f"{_UPGRADES[version]} PRAGMA user_version = {version + 1}"
        connection.executescript(f"BEGIN IMMEDIATE; {script}; COMMIT;")
        version += 1
    if (application, version) == (APPLICATION_ID, VERSION):
        return
    if application == APPLICATION_ID:
        raise PaperSettingsError(f"the paper database has version {version}, this is {VERSION}")
    (objects,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if objects:
        raise PaperSettingsError("the paper database's file already holds something else")
    script = files("adapters.paper").joinpath("schema.sql").read_text(encoding="utf-8")
    connection.executescript(
        f"BEGIN IMMEDIATE; {script} PRAGMA application_id = {APPLICATION_ID};"
        f" PRAGMA user_version = {VERSION}; COMMIT;"
    )


def create(
    connection: sqlite3.Connection,
    account: AccountName,
    *,
    currency: str,
    cash: Decimal,
    at: datetime,
) -> None:
    """Open an account with this cash, unless it exists."""
    with transaction(connection):
        connection.execute(
            "INSERT OR IGNORE INTO account VALUES (?, ?, ?, ?, 0, 0, 0, NULL, 0)",
            (account, currency, to_text(cash), time_text(at)),
        )


def load(connection: sqlite3.Connection, account: AccountName) -> Stored:
    """Read an account that exists."""
    currency, cash, played_to, serial, *counters = connection.execute(
        "SELECT currency, cash, played_to, serial, sequence, trade, number_day, number"
        " FROM account WHERE account = ?",
        (account,),
    ).fetchone()
    return Stored(
        currency=currency,
        cash=Decimal(cash),
        played_to=datetime.fromisoformat(played_to),
        serial=serial,
        counters=_read_counters(*counters),
        positions={
            Symbol(symbol): Decimal(units)
            for symbol, units in connection.execute(
                "SELECT symbol, quantity FROM position WHERE account = ?", (account,)
            )
        },
        prices=tuple(
            read_price(row)
            for row in connection.execute(
                f"SELECT {PRICE_COLUMNS} FROM price WHERE account = ?", (account,)
            )
        ),
        open_orders=_orders(
            connection,
            "orders_alive",
            "state IN ('open', 'partially_filled') ORDER BY sequence",
            account,
        ),
        closes=tuple(
            Close(Symbol(symbol), date.fromisoformat(day), Decimal(price))
            for symbol, day, price in connection.execute(
                "SELECT symbol, day, price FROM close WHERE account = ?", (account,)
            )
        ),
    )


def order_of_client(
    connection: sqlite3.Connection, account: AccountName, client_id: ChildId
) -> PaperOrder | None:
    """Return the newest order with a client id."""
    found = _orders(
        connection,
        "orders_of_client",
        "client_id = ? ORDER BY sequence DESC LIMIT 1",
        account,
        client_id,
    )
    return found[0] if found else None


def order_numbered(
    connection: sqlite3.Connection, account: AccountName, number: str, day: date | None
) -> PaperOrder | None:
    """Return the order with a number on a market day; the newest one where no day is known."""
    found = _orders(
        connection,
        "orders_by_number",
        "number = ? AND market_day = coalesce(?, market_day) ORDER BY sequence DESC LIMIT 1",
        account,
        number,
        None if day is None else day.isoformat(),
    )
    return found[0] if found else None


def newest_order(connection: sqlite3.Connection, account: AccountName) -> int:
    """Return the sequence of the newest order; 0 before the first."""
    (newest,) = connection.execute(
        "SELECT COALESCE(MAX(sequence), 0) FROM orders WHERE account = ?", (account,)
    ).fetchone()
    return int(newest)


def orders_like(
    connection: sqlite3.Connection, account: AccountName, request: OrderRequest, since: datetime
) -> tuple[PaperOrder, ...]:
    """Return the orders placed at or after a time that look like a request, oldest first."""
    return _orders(
        connection,
        "orders_by_time",
        "symbol = ? AND placed_at >= ? AND side = ? AND order_type = ? AND time_in_force = ?"
        " AND quantity = ? AND limit_price IS ? AND stop_price IS ? ORDER BY sequence",
        account,
        request.symbol,
        time_text(since),
        request.side.value,
        request.order_type.value,
        request.time_in_force.value,
        to_text(request.quantity),
        None if request.limit_price is None else to_text(request.limit_price),
        None if request.stop_price is None else to_text(request.stop_price),
    )


def has_done(connection: sqlite3.Connection, account: AccountName, key: str) -> bool:
    """Whether an operation with this key was carried out."""
    found = connection.execute(
        "SELECT 1 FROM operations WHERE account = ? AND key = ?", (account, key)
    )
    return found.fetchone() is not None


def fills_of(
    connection: sqlite3.Connection, account: AccountName, order: PaperOrder
) -> tuple[PaperFill, ...]:
    """Return the executions of an order, oldest first."""
    rows = connection.execute(
        f"SELECT {FILL_COLUMNS} FROM fills INDEXED BY fills_of_order"
        " WHERE account = ? AND sequence = ? ORDER BY trade",
        (account, order.sequence),
    )
    return tuple(read_fill(row, order) for row in rows)


def fills_since(
    connection: sqlite3.Connection, account: AccountName, since: datetime
) -> tuple[PaperFill, ...]:
    """Return the executions at or after a time, oldest first."""
    rows = connection.execute(
        f"{_FILLS_WITH_ORDERS} WHERE account = ? AND at >= ? ORDER BY trade",
        (account, time_text(since)),
    )
    return tuple(read_fill(row[ORDER_WIDTH:], read_order(row[:ORDER_WIDTH])) for row in rows)


def _orders(
    connection: sqlite3.Connection,
    index: str,
    where: str,
    account: AccountName,
    *values: str | None,
) -> tuple[PaperOrder, ...]:
    """Read an account's orders by one index.

    The index is named because the planner, which has no statistics here, would rather read all
    orders the account ever had in the order of their sequence.
    """
    rows = connection.execute(
        f"SELECT {ORDER_COLUMNS} FROM orders INDEXED BY {index} WHERE account = ? AND {where}",
        (account, *values),
    )
    return tuple(read_order(row) for row in rows)


def _counter_row(counters: Counters) -> Sequence[str | int | None]:
    day = counters.number_day
    return (
        counters.sequence,
        counters.trade,
        None if day is None else day.isoformat(),
        counters.number,
    )


def _read_counters(sequence: int, trade: int, day: str | None, number: int) -> Counters:
    return Counters(
        sequence=sequence,
        trade=trade,
        number_day=None if day is None else date.fromisoformat(day),
        number=number,
    )
