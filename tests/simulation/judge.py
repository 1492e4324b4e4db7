"""Whether the books of a simulated day are right: the invariants, and what only a test can see.

The exchanges of the simulation never end an order of their own accord except for want of cash, and
nobody else trades in the accounts; so here more must hold than in the world outside. Seoul alone
ends orders: stops when its closing auction begins, all others when its day is over.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.paper.inspection import inspected
from adapters.sqlite.driver import connect_to_look
from algorithms.domain import AccountName
from algorithms.invariants import BrokerView, examine
from daemon.books import read_books
from daemon.storage.rows import from_us, to_us
from daemon.storage.schema import applied, wanted
from tests.simulation.happenings import Happening
from tests.simulation.memory import Memory
from tests.simulation.promises import Promises, overdue, while_stopped
from tests.simulation.scene import ACCOUNTS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from daemon.execution.commands import CancelAll
    from tests.simulation.abroad import Abroad

FOR_EVER = datetime.max.replace(tzinfo=UTC)
STARTED = timedelta(seconds=2)
"""After this a daemon that is up looks at its jobs."""
REQUEST_AGE_MOST = timedelta(minutes=5)

BUSY = """
SELECT (SELECT COUNT(*) FROM child_orders WHERE ended_at IS NULL
        AND state IN ('planned', 'sending', 'unknown', 'cancelling'))
    + (SELECT COUNT(*) FROM child_orders WHERE ended_at IS NULL AND cancel_requested_at > 0)
    + (SELECT COUNT(*) FROM parent_orders WHERE ended_at IS NULL AND cancel_requested_at > 0)
    + (SELECT COUNT(*) FROM loc_orders o JOIN parent_orders p ON p.id = o.parent_id
        WHERE o.leaving IS NOT NULL AND p.ended_at IS NULL)
    + (SELECT COUNT(*) FROM requests WHERE finished_at IS NULL)
"""
CANCELLED_BY_NOBODY = """
SELECT id, reason FROM child_orders WHERE state = 'cancelled' AND cancel_requested_at IS NULL
    AND cancel_at IS NULL AND account <> 'alice_krw'
    AND reason NOT LIKE 'halted%' AND reason NOT LIKE 'too_late%'
"""
SUSPENSE = """
SELECT account, asset, quantity FROM positions WHERE book = '@suspense' AND quantity <> '0'
ORDER BY account, asset
"""
ORDERS = """
SELECT COUNT(*) FROM child_orders WHERE ended_at IS NULL AND account = ? AND symbol = ?
"""
SPLITS = "SELECT COUNT(*) FROM splits WHERE applied_at IS NULL AND account = ? AND symbol = ?"
OVERSOLD = """
SELECT account, book, asset, quantity, reserved FROM positions
WHERE book NOT LIKE '@%' AND (CAST(quantity AS REAL) < 0
    OR (asset NOT IN ('USD', 'USDT', 'KRW') AND CAST(reserved AS REAL) > CAST(quantity AS REAL)))
"""
ESCAPED = """
SELECT id, status FROM parent_orders
WHERE strategy = ? AND request_id < ? AND ended_at IS NULL
    AND symbol = COALESCE(?, symbol) AND side = COALESCE(?, side)
"""
REQUEST = "SELECT COUNT(*) FROM requests WHERE id = ?"
LIVES = "SELECT COUNT(*) FROM parent_orders WHERE id = ? AND ended_at IS NULL"
ALIVE = "SELECT id, status FROM parent_orders WHERE ended_at IS NULL"
RESERVED = "SELECT book, asset, reserved FROM positions WHERE reserved <> '0'"
DONE: dict[Happening, str] = {
    Happening.CROSSED: "SELECT COUNT(*) FROM netting_pairs",
    Happening.SLICE: """SELECT COUNT(*) FROM child_orders c JOIN parent_orders p
        ON p.id = c.parent_id WHERE p.order_type = 'TWAP'""",
    Happening.RULE: "SELECT COUNT(*) FROM parent_orders WHERE strategy IN ('delta', 'epsilon')",
    Happening.REBALANCE: "SELECT COUNT(*) FROM rebalancing_history WHERE state = 'done'",
    Happening.LADDER: "SELECT COUNT(*) FROM loc_orders WHERE ladder_id IS NOT NULL",
    Happening.SPLIT: "SELECT COUNT(*) FROM splits WHERE applied_at IS NOT NULL",
    Happening.BINANCE: """SELECT COUNT(*) FROM child_orders
        WHERE account = 'coin' AND broker_order_id IS NOT NULL""",
    Happening.KIS_US: """SELECT COUNT(*) FROM child_orders
        WHERE account = 'alice_usd' AND broker_order_id IS NOT NULL""",
    Happening.KIS_KR: """SELECT COUNT(*) FROM child_orders
        WHERE account = 'alice_krw' AND broker_order_id IS NOT NULL""",
}
"""What the books tell of a day that is over."""
WAITING = """
SELECT id, order_type, due_at FROM parent_orders
WHERE ended_at IS NULL AND due_at > ? AND order_type NOT IN ('LOC', 'MOC', 'LOO', 'MOO')
"""
RUNS = "SELECT DISTINCT job, day, due_at FROM job_runs WHERE account = ?"
FILLED = "SELECT filled FROM child_orders WHERE account = ?"
BOOKED = "SELECT account, COUNT(*) FROM fills WHERE source = 'broker' GROUP BY account"


@dataclass(slots=True)
class Judge:
    """Looks at the files of a day; nothing runs while it does."""

    folder: Path
    abroad: tuple[Abroad, ...] = ()
    _open: dict[Path, sqlite3.Connection] = field(default_factory=dict)
    _memory: Memory = field(default_factory=Memory)
    _views_seen: dict[AccountName, tuple[int, BrokerView]] = field(default_factory=dict)
    """What an exchange had, and which version of its file that was."""
    _judged: tuple[int, ...] = ()
    """What the files were like when they were last judged."""
    _database: Path = field(init=False)
    _exchanges: dict[str, Path] = field(init=False)

    def __post_init__(self) -> None:
        data = self.folder / "data"
        self._database = data / "nettingd.db"
        self._exchanges = {name: data / f"paper-{name}.db" for name in ACCOUNTS}

    @property
    def may_be_short(self) -> frozenset[str]:
        """Accounts that may sell what they have not."""
        return frozenset(place.account for place in self.abroad if place.may_be_short)

    def close(self) -> None:
        """Let go of the files."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def sees_news(self) -> bool:
        """Whether anything was written anywhere since this was asked before."""
        files = (self._database, *self._exchanges.values())
        now = tuple(self._version(file) for file in files)
        judged, self._judged = self._judged, now
        return now != judged

    def _version(self, file: Path) -> int:
        """Count what others have committed to a file; 0 while it is not there."""
        try:
            (version,) = self._look(file).execute("PRAGMA data_version").fetchone()
        except FileNotFoundError:
            return 0
        return int(version)

    def _look(self, file: Path) -> sqlite3.Connection:
        """Return a connection to a file; it costs more to open one than to look."""
        if file not in self._open:
            self._open[file] = connect_to_look(file)
        return self._open[file]

    @contextmanager
    def _snapshot(self) -> Iterator[sqlite3.Connection]:
        """Hold the daemon's database as it is now."""
        connection = self._look(self._database)
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("ROLLBACK")

    def verdict(
        self,
        now: datetime,
        *,
        still: bool = False,
        up: bool = True,
        done: bool = False,
        unsettled: frozenset[AccountName] = frozenset(),
        fractions: frozenset[AccountName] = frozenset(),
    ) -> list[str]:
        """Return all that is wrong. ``still``: every fill is booked; ``done``: all is cancelled.

        ``unsettled``: accounts in which something has happened that is not entered yet;
        ``fractions``: those in which a split may have left something in suspense.
        """
        with self._snapshot() as connection:
            view, replay = self._memory.recall(connection, whole=still or done)
            # What a broker holds is in the books from an account's first start on.
            views = tuple(
                replace(each, holdings=None)
                if each.account in unsettled or each.account not in self._memory.accounts
                else each
                for each in self._views()
            )
            books = read_books(
                view,
                now=now,
                request_age_most=REQUEST_AGE_MOST if up else timedelta.max,
                brokers=views,
                brokers_are_still=still,
            )
            wrong = [
                f"invariant {violation.number}: {violation.where}: {violation.what}"
                for finding in examine(books, replay)
                for violation in finding.violations
            ]
            wrong += self._strangers(connection, views)
            wrong += [
                f"child {row['id']} was cancelled by nobody: {row['reason']}"
                for row in connection.execute(CANCELLED_BY_NOBODY)
            ]
            wrong += [
                f"in suspense: {row['account']} {row['quantity']} {row['asset']}"
                for row in connection.execute(SUSPENSE)
                if row["account"] not in fractions | unsettled
            ]
            wrong += [
                f"{row['book']} has {row['quantity']} {row['asset']}, {row['reserved']} reserved"
                for row in connection.execute(OVERSOLD)
                if row["account"] not in self.may_be_short
            ]
            if done:
                wrong += self._left_over(connection, views)
        return wrong

    def is_there(self) -> bool:
        """Whether the daemon's database has its tables."""
        if not self._database.exists():
            return False
        return applied(self._look(self._database)) == frozenset(wanted())

    def has_arrived(self, account: AccountName, client_id: str) -> bool:
        """Whether an exchange has an order."""
        view = self._view(account)
        return any(record.client_id == client_id for record in view.orders or ())

    def escaped(self, strategy: str, request_id: str, command: CancelAll) -> list[str]:
        """Return the orders that a cancel said it had ended, and that live."""
        side = None if command.side is None else command.side.value
        with self._snapshot() as connection:
            rows = connection.execute(ESCAPED, (strategy, request_id, command.symbol, side))
            return [f"parent {row['id']} is {row['status']} after {request_id}" for row in rows]

    def while_stopped(self, scope: str, name: str, since: datetime, until: datetime) -> list[str]:
        """Return what happened while something was halted or switched off."""
        times = to_us(since), to_us(until)
        return list(while_stopped(self._look(self._database), scope, name, *times))

    def overdue(self, due: datetime, over: datetime) -> list[str]:
        """Return the orders that were due before one time, or had to be over before another."""
        return overdue(self._look(self._database), to_us(due), to_us(over))

    def promises(self) -> Promises:
        """Return what was promised, with the books as they are now."""
        with self._snapshot() as connection:
            return Promises(connection)

    def has_request(self, request_id: str) -> bool:
        """Whether a request is on disk."""
        return self._count(REQUEST, request_id) > 0

    def alive(self, orders: Iterable[str]) -> list[str]:
        """Return those of some orders that live, and were said to have ended."""
        return [f"parent {each} has not ended" for each in orders if self._count(LIVES, each)]

    def has_orders(self, account: AccountName, symbol: str) -> bool:
        """Whether an order of a symbol is, or may be, at an exchange."""
        return self._count(ORDERS, account, symbol) > 0

    def awaits_split(self, account: AccountName, symbol: str) -> bool:
        """Whether the books have not carried out a split."""
        return self._count(SPLITS, account, symbol) > 0

    def paid_out(self, account: AccountName, key: str) -> Decimal | None:
        """Return the cash an exchange paid for fractions; None before it has split."""
        row = (
            self._look(self._exchanges[account])
            .execute("SELECT what FROM operations WHERE account = ? AND key = ?", (account, key))
            .fetchone()
        )
        return None if row is None else Decimal(row["what"].rpartition(" ")[2])

    def waiting(self, until: datetime) -> list[str]:
        """Return the orders that nothing will be done about until then."""
        with self._snapshot() as connection:
            return [
                f"{row['order_type']} {row['id']} waits until {from_us(row['due_at'])}"
                for row in connection.execute(WAITING, (to_us(until),))
            ]

    def odd_runs(
        self, due: frozenset[datetime], lives: list[tuple[datetime, datetime]]
    ) -> list[str]:
        """Compare when jobs ran, or were given up, with when they were due in an account.

        What was due before a daemon lived for the first time, nobody knows of.
        """
        with self._snapshot() as connection:
            rows = connection.execute(RUNS, (ACCOUNTS[0],))
            ran = {from_us(row["due_at"]): f"{row['job']} of {row['day']}" for row in rows}
        odd = [f"job {job} ran for {at}" for at, job in ran.items() if at not in due]
        known = min(ran, default=FOR_EVER)
        return odd + [
            f"no job ran that was due at {at}"
            for at in sorted(due - ran.keys())
            if at > known or any(begun + STARTED <= at <= ended for begun, ended in lives)
        ]

    def forget_files(self) -> None:
        """Let go of the files and of what was seen in them: they may be others."""
        self.close()
        self._views_seen.clear()
        self._judged = ()

    def suspended(self) -> list[tuple[AccountName, str, Decimal]]:
        """Return what stands in suspense."""
        with self._snapshot() as connection:
            return [
                (AccountName(row["account"]), row["asset"], Decimal(row["quantity"]))
                for row in connection.execute(SUSPENSE)
            ]

    def done(self) -> dict[Happening, int]:
        """Count what the books tell of."""
        return {what: self._count(query) for what, query in DONE.items()}

    def _count(self, query: str, *values: str) -> int:
        (count,) = self._look(self._database).execute(query, values).fetchone()
        return int(count)

    def is_busy(self) -> bool:
        """Whether something is under way that ends by itself."""
        return self._count(BUSY) > 0

    def is_still(self) -> bool:
        """Whether every fill at the exchanges is booked."""
        booked = {row[0]: row[1] for row in self._look(self._database).execute(BOOKED)}
        return all(booked.get(name, 0) == self._fills_of(name) for name in ACCOUNTS) and all(
            place.traded() == self._traded(place.account) for place in self.abroad
        )

    def unsettled(self) -> list[str]:
        """Say what has not come to rest."""
        found = ["something is under way"] if self.is_busy() else []
        return found if self.is_still() else [*found, "fills are not booked"]

    def _traded(self, account: AccountName) -> Decimal:
        rows = self._look(self._database).execute(FILLED, (account,))
        return sum((Decimal(row["filled"]) for row in rows), Decimal(0))

    def _views(self) -> tuple[BrokerView, ...]:
        paper = (self._view(AccountName(name)) for name in ACCOUNTS)
        return (*paper, *(place.view() for place in self.abroad))

    def _view(self, account: AccountName) -> BrokerView:
        """Return what an exchange has; it is asked again when it has written something."""
        file = self._exchanges[account]
        version, seen = self._version(file), self._views_seen.get(account)
        if seen is not None and version and seen[0] == version:
            return seen[1]
        try:
            view = inspected(self._look(file), account)
        except FileNotFoundError:
            return BrokerView(account, None)
        self._views_seen[account] = (version, view)
        return view

    def _fills_of(self, account: str) -> int:
        connection = self._look(self._exchanges[account])
        (count,) = connection.execute("SELECT COUNT(*) FROM fills").fetchone()
        return int(count)

    def _strangers(
        self, connection: sqlite3.Connection, views: tuple[BrokerView, ...]
    ) -> list[str]:
        """Orders at an exchange that are in no book of ours: sent before they were stored."""
        ours = {
            (row[0], row[1]) for row in connection.execute("SELECT account, id FROM child_orders")
        }
        return [
            f"{view.account} has order {record.number} of {record.client_id}, which we never stored"
            for view in views
            for record in view.orders or ()
            if (view.account, record.client_id) not in ours
        ]

    def _left_over(
        self, connection: sqlite3.Connection, views: tuple[BrokerView, ...]
    ) -> list[str]:
        """What survived the cancelling of everything."""
        wrong = [
            f"{view.account} has order {record.number} alive after all was cancelled"
            for view in views
            for record in view.orders or ()
            if record.is_alive
        ]
        wrong += [
            f"parent {row['id']} is {row['status']} after all was cancelled"
            for row in connection.execute(ALIVE)
        ]
        wrong += [
            f"{row['book']} reserves {row['reserved']} {row['asset']} for nothing"
            for row in connection.execute(RESERVED)
        ]
        return wrong
