"""Replays a ledger as it grows: what was replayed once stays so while its rows stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.invariants.ledger import Replay
from daemon.books import read_currencies
from daemon.storage.store import named_queries
from daemon.storage.tx import View

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from algorithms.domain import AccountName
    from daemon.storage.tx import SqlValue

Rows = dict[str, "list[sqlite3.Row]"]

LEDGER = {"all_postings": "event_id", "all_entries": "event_id", "all_fills": "id"}
"""What a replay goes through, and by what it is ordered."""

NEWS = {
    "all_postings": """
SELECT p.*, e.kind, e.account AS event_account FROM postings p
JOIN ledger_events e ON e.id = p.event_id WHERE p.event_id > ? ORDER BY p.event_id, p.line
""",
    "all_entries": "SELECT * FROM ledger_entries WHERE event_id > ? ORDER BY event_id, id",
    "all_fills": "SELECT * FROM fills WHERE id > ? ORDER BY id",
}
COUNTS = """
SELECT (SELECT COUNT(*) FROM postings), (SELECT COUNT(*) FROM ledger_entries),
    (SELECT COUNT(*) FROM fills)
"""
"""Of the rows in the order of ``LEDGER``."""


class Memory:
    """Remembers the rows that a replay has gone through."""

    def __init__(self) -> None:
        self._seen: Rows = {query: [] for query in LEDGER}
        self._currencies: dict[AccountName, str] = {}
        self._replay = Replay()

    @property
    def accounts(self) -> AbstractSet[AccountName]:
        """Accounts that were ever given capital."""
        return self._currencies.keys()

    def recall(self, connection: sqlite3.Connection, *, whole: bool) -> tuple[View, Replay]:
        """Return a view of the books whose ledger holds only what the replay has not seen.

        Where a row that it has seen is gone, or one came in between, all is new. That one has
        changed is noticed when the ``whole`` ledger is read again.
        """
        view = View(connection, named_queries())
        currencies = read_currencies(view)
        is_known = currencies == self._currencies
        news = self._news(connection) if is_known and not whole else None
        if news is None:
            rows: Rows = {query: view.fetch(query) for query in LEDGER}
            news = self._behind(rows) if is_known else None
            if news is None:
                news, self._replay = rows, Replay(currencies)
            self._seen, self._currencies = rows, currencies
        return _News(connection, named_queries(), news), self._replay

    def _news(self, connection: sqlite3.Connection) -> Rows | None:
        """Read what came behind the rows seen, if as many as were seen stand before it."""
        news: Rows = {}
        for query, seen in self._seen.items():
            last = seen[-1][LEDGER[query]] if seen else ""
            news[query] = connection.execute(NEWS[query], (last,)).fetchall()
        counts = tuple(len(seen) + len(news[query]) for query, seen in self._seen.items())
        if tuple(connection.execute(COUNTS).fetchone()) != counts or not self._follows(news):
            return None
        for query, rows in news.items():
            self._seen[query] += rows
        return news

    def _behind(self, rows: Rows) -> Rows | None:
        """Return what stands behind the rows seen, if they are as they were."""
        if any(rows[query][: len(seen)] != seen for query, seen in self._seen.items()):
            return None
        news = {query: rows[query][len(seen) :] for query, seen in self._seen.items()}
        return news if self._follows(news) else None

    def _follows(self, news: Rows) -> bool:
        """Whether all that is new came after all that was seen."""
        last = [seen[-1][LEDGER[query]] for query, seen in self._seen.items() if seen]
        first = [new[0][LEDGER[query]] for query, new in news.items() if new]
        return not last or not first or min(first) > max(last)


class _News(View):
    """A view in which some queries have been asked already."""

    def __init__(self, connection: sqlite3.Connection, sql: Mapping[str, str], asked: Rows) -> None:
        super().__init__(connection, sql)
        self._asked = asked

    def each(self, query: str, **values: SqlValue) -> Iterator[sqlite3.Row]:
        rows = self._asked.get(query)
        return super().each(query, **values) if rows is None else iter(rows)
