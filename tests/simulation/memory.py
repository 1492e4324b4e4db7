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

    from algorithms.domain import AccountName
    from daemon.storage.tx import SqlValue

Rows = dict[str, "list[sqlite3.Row]"]

LEDGER = {"all_postings": "event_id", "all_entries": "event_id", "all_fills": "id"}
"""What a replay goes through, and by what it is ordered."""


class Memory:
    """Remembers the rows that a replay has gone through."""

    def __init__(self) -> None:
        self._rows: Rows = {query: [] for query in LEDGER}
        self._currencies: dict[AccountName, str] = {}
        self._replay = Replay()

    def recall(self, connection: sqlite3.Connection) -> tuple[View, Replay]:
        """Return a view of the books whose ledger holds only what the replay has not seen.

        Where any row that it has seen is not as it was, or one came in between, all is new.
        """
        whole = View(connection, named_queries())
        currencies = read_currencies(whole)
        rows: Rows = {query: whole.fetch(query) for query in LEDGER}
        news = self._news(rows) if currencies == self._currencies else None
        if news is None:
            news, self._replay = rows, Replay(currencies)
        self._rows, self._currencies = rows, currencies
        return _News(connection, named_queries(), news), self._replay

    def _news(self, rows: Rows) -> Rows | None:
        """Return what stands behind the rows seen, if nothing else has changed."""
        if any(rows[query][: len(seen)] != seen for query, seen in self._rows.items()):
            return None
        news = {query: rows[query][len(seen) :] for query, seen in self._rows.items()}
        last = [seen[-1][LEDGER[query]] for query, seen in self._rows.items() if seen]
        first = [new[0][LEDGER[query]] for query, new in news.items() if new]
        return None if last and first and min(first) <= max(last) else news


class _News(View):
    """A view in which some queries have been asked already."""

    def __init__(self, connection: sqlite3.Connection, sql: Mapping[str, str], asked: Rows) -> None:
        super().__init__(connection, sql)
        self._asked = asked

    def each(self, query: str, **values: SqlValue) -> Iterator[sqlite3.Row]:
        rows = self._asked.get(query)
        return super().each(query, **values) if rows is None else iter(rows)
