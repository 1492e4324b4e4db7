"""Lists to read: what is configured, what was asked for, what is open, what was traded.

``GET /api/NAME?limit=100&after=CURSOR`` answers ``{"items": [...], "next": CURSOR or null}``.
Times are ISO 8601 in UTC, decimals are texts. The lists have a connection of their own, so that a
long one never stands before an order.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import aiosql
import orjson

from algorithms.decimals import divide, subtract, to_text
from daemon.api.paging import FILTERS, NUMBER_MAX, PageRequest, Place, cursor_of, read_page
from daemon.api.respond import json_response
from daemon.execution.halts import Scope
from daemon.notices import render
from daemon.storage.rows import from_us

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from aiohttp import web

    from adapters.sqlite.driver import SqliteDriver
    from daemon.api.respond import Handler
    from daemon.setup import Current
    from daemon.storage.tx import SqlValue

    Item = dict[str, object]
    Halts = Mapping[tuple[str, str], str]

QUERIES = Path(__file__).with_name("views.sql")
COST_PLACES = 8

_LAST = "\U0010ffff"
"""Sorts after every id."""
_FLAGS = frozenset({"nets"})
_TIMES = frozenset(
    {
        "acknowledged_at",
        "at",
        "booked_at",
        "cancel_at",
        "cancel_requested_at",
        "created_at",
        "deadline",
        "delivered_at",
        "due_at",
        "ended_at",
        "finished_at",
        "received_at",
        "sent_at",
    }
)
_DOCUMENTS = frozenset({"answer", "body", "params"})


@dataclass(frozen=True, slots=True)
class _Stored:
    """A list in the database: by what it is filtered and sorted, and where it starts."""

    filters: tuple[str, ...]
    sorted_by: tuple[str, ...]
    start: Place
    item: Callable[[sqlite3.Row], Item]


def _plain(row: sqlite3.Row) -> Item:
    """Make an item of a row: times as text, switches as such, documents opened."""
    item: Item = {}
    for key in row.keys():  # noqa: SIM118 - a row's own iteration gives its values
        value = row[key]
        if value is None:
            item[key] = None
        elif key in _TIMES:
            item[key] = from_us(value).isoformat()
        elif key in _FLAGS:
            item[key] = bool(value)
        elif key in _DOCUMENTS:
            item[key] = orjson.loads(value)
        else:
            item[key] = value
    return item


def _position(row: sqlite3.Row) -> Item:
    """Add what is free and what a unit cost, the latter rounded to eight places."""
    quantity, cost = Decimal(row["quantity"]), Decimal(row["cost"])
    average = divide(cost, quantity, COST_PLACES) if quantity and cost else None
    return {
        **_plain(row),
        "free": to_text(subtract(quantity, Decimal(row["reserved"]))),
        "average_cost": None if average is None else to_text(average),
    }


def _event(row: sqlite3.Row) -> Item:
    return {**_plain(row), "text": render(row["code"], orjson.loads(row["params"]))}


_NEWEST = (("id",), (_LAST,))
_STORED = {
    "orders": _Stored(FILTERS, *_NEWEST, _plain),
    "open_orders": _Stored(FILTERS, ("created_at", "id"), (NUMBER_MAX, _LAST), _plain),
    "fills": _Stored(FILTERS, *_NEWEST, _plain),
    "positions": _Stored(
        ("account", "book", "symbol"), ("account", "book", "asset"), ("", "", ""), _position
    ),
    "netting": _Stored(("account", "symbol"), *_NEWEST, _plain),
    "webhooks": _Stored(("strategy",), *_NEWEST, _plain),
    "events": _Stored(("account", "book"), *_NEWEST, _event),
}


class Lists:
    """Answers every list. ``driver`` is a connection that nobody else uses."""

    def __init__(self, driver: SqliteDriver, current: Current) -> None:
        self._driver = driver
        self._current = current
        queries = aiosql.from_path(QUERIES, "sqlite3", mandatory_parameters=False)
        self._sql = {name: str(getattr(queries, name).sql) for name in (*_STORED, "halts")}

    def handlers(self) -> dict[str, Handler]:
        """Return the handler of each path below ``/api/``."""
        return {
            **{name.replace("_", "-"): self._stored(name) for name in _STORED},
            "accounts": self._configured((), self._accounts),
            "strategies": self._configured((), self._strategies),
            "books": self._configured(("account", "strategy"), self._books),
        }

    def _stored(self, name: str) -> Handler:
        listed = _STORED[name]

        async def answer(request: web.Request) -> web.StreamResponse:
            page = read_page(request.query, listed.filters, listed.start)
            rows = await self._fetch(name, _parameters(listed, page))
            places = [tuple(row[column] for column in listed.sorted_by) for row in rows]
            return _answer(list(map(listed.item, rows)), places, page.limit)

        return answer

    def _configured(
        self, filters: tuple[str, ...], items: Callable[[Halts], Iterable[Item]]
    ) -> Handler:
        """Make the handler of a list from the configuration; its items are sorted by name."""

        async def answer(request: web.Request) -> web.StreamResponse:
            page = read_page(request.query, filters, ("",))
            rows = await self._fetch("halts", {})
            halts = {(row["scope"], row["name"]): str(row["reason"]) for row in rows}
            found = [
                item
                for item in items(halts)
                if all(item[key] == value for key, value in page.filters.items())
                and (page.after is None or (item["name"],) > page.after)
            ]
            return _answer(found, [(str(item["name"]),) for item in found], page.limit)

        return answer

    def _accounts(self, halts: Halts) -> Iterable[Item]:
        for name, account in sorted(self._current.registry.accounts.items()):
            books = self._current.registry.books_of_account.get(name, ())
            yield {
                "name": name,
                "broker": account.broker,
                "market": account.market,
                "market_type": account.market_type,
                "currency": account.currency,
                "commission_percent": to_text(account.commission_percent),
                "sell_tax_percent": to_text(account.sell_tax_percent),
                "books": sorted(book.name for book in books),
                "halted": halts.get((Scope.ACCOUNT, name)),
            }

    def _strategies(self, halts: Halts) -> Iterable[Item]:
        for name in sorted(self._current.registry.strategies):
            books = self._current.registry.books_of_strategy.get(name, ())
            yield {
                "name": name,
                "books": sorted(book.name for book in books),
                "halted": halts.get((Scope.STRATEGY, name)),
            }

    def _books(self, halts: Halts) -> Iterable[Item]:
        for name, book in sorted(self._current.registry.books.items()):
            yield {
                "name": name,
                "strategy": book.strategy,
                "account": book.account.name,
                "symbols": sorted(book.symbols),
                "capital": to_text(book.capital),
                "leverage": to_text(book.leverage),
                "nets": book.nets,
                "slice_type": book.slice_type.value,
                "active": book.active,
                "halted": halts.get((Scope.BOOK, name)),
            }

    async def _fetch(self, query: str, values: Mapping[str, SqlValue]) -> list[sqlite3.Row]:
        sql = self._sql[query]
        return await self._driver.run(lambda database: database.execute(sql, values).fetchall())


def _parameters(listed: _Stored, page: PageRequest) -> dict[str, SqlValue]:
    """One row more than asked for tells whether there is a next page."""
    after = zip(listed.sorted_by, page.after or listed.start, strict=True)
    return {
        **dict.fromkeys(FILTERS),
        **page.filters,
        **{f"after_{column}": value for column, value in after},
        "limit": page.limit + 1,
    }


def _answer(items: list[Item], places: list[Place], limit: int) -> web.Response:
    more = len(items) > limit
    following = cursor_of(places[limit - 1]) if more else None
    return json_response({"items": items[:limit], "next": following})
