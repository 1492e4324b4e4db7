"""The paper exchange's own books, looked at from outside while nobody trades there."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.sqlite.driver import connect_to_look
from algorithms.invariants import BrokerRecord, BrokerView

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from algorithms.domain import AccountName

ALIVE = frozenset({"open", "partially_filled"})


def inspect(database: Path, account: AccountName) -> BrokerView:
    """Return an account's holdings and every order it ever took; nothing is written.

    An account, a file or its tables that do not exist yet have neither. Raises sqlite3.Error.
    """
    try:
        connection = connect_to_look(database)
    except FileNotFoundError:
        return BrokerView(account, None)
    with closing(connection):
        return inspected(connection, account)


def inspected(connection: sqlite3.Connection, account: AccountName) -> BrokerView:
    """Return the same from an open connection. Raises sqlite3.Error."""
    connection.execute("BEGIN")
    try:
        return _view(connection, account)
    finally:
        connection.execute("ROLLBACK")


def _view(connection: sqlite3.Connection, account: AccountName) -> BrokerView:
    # Whoever makes the file may have been killed before its tables were in it.
    made = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'account'").fetchone()
    row = (
        made
        and connection.execute(
            "SELECT currency, cash FROM account WHERE account = ?", (account,)
        ).fetchone()
    )
    if row is None:
        return BrokerView(account, None)
    holdings = {row["currency"]: Decimal(row["cash"])}
    for position in connection.execute(
        "SELECT symbol, quantity FROM position WHERE account = ?", (account,)
    ):
        holdings[position["symbol"]] = Decimal(position["quantity"])
    records = connection.execute(
        "SELECT client_id, number, state, filled FROM orders WHERE account = ? ORDER BY sequence",
        (account,),
    )
    return BrokerView(
        account,
        holdings,
        tuple(
            BrokerRecord(
                client_id=record["client_id"],
                number=record["number"],
                is_alive=record["state"] in ALIVE,
                filled=Decimal(record["filled"]),
            )
            for record in records
        ),
    )
