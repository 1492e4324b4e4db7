"""Lists to read: what is configured, what was asked for, what is open, what was traded.

``GET /api/NAME?limit=100&after=CURSOR`` answers ``{"items": [...], "next": CURSOR or null}``, or
CSV to whoever accepts that. Times are ISO 8601 in UTC, decimals are texts. The lists have a
connection of their own, so that a long one never stands before an order.
"""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import aiosql
from aiohttp import hdrs, web
from typing_extensions import TypedDict

from algorithms.decimals import to_text
from daemon.api.columns import csv_text
from daemon.api.errors import ErrorCode, Refused
from daemon.api.items import WebhookItem
from daemon.api.listing import LISTINGS, event_text
from daemon.api.operation import CSV, JSON, Answer, Operation, Parameter
from daemon.api.order_life import LIFE_QUERIES, OrderLife, order_life
from daemon.api.paging import (
    LIMIT_DEFAULT,
    LIMIT_MAX,
    PageRequest,
    Place,
    cursor_of,
    read_page,
)
from daemon.api.respond import CSV_HEADERS, csv_response, json_response, send, wants_csv
from daemon.execution.halts import Scope
from daemon.i18n import words_in

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from multidict import MultiMapping

    from adapters.sqlite.driver import SqliteDriver
    from daemon.api.columns import Item
    from daemon.api.listing import Listing
    from daemon.i18n import Words
    from daemon.setup import Current
    from daemon.storage.tx import SqlValue

    Halts = Mapping[tuple[str, str], str]

QUERIES = Path(__file__).with_name("views.sql")
PAGING = (
    Parameter(
        "limit",
        "Most items of a page.",
        {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT},
    ),
    Parameter("after", "`next` of the page before."),
)
_ORDER_ID = Parameter("id", "Our id of a parent order, or of one of its child orders.")


class Lists:
    """Answers every list. ``driver`` is a connection that nobody else uses."""

    def __init__(self, driver: SqliteDriver, current: Current) -> None:
        self._driver = driver
        self._current = current
        self._sql = _queries()
        self._configured: Mapping[str, Callable[[Halts], Iterable[Item]]] = {
            "accounts": self._accounts,
            "strategies": self._strategies,
            "books": self._books,
        }

    @property
    def words(self) -> Words:
        """The language in which notices are told."""
        return words_in(self._current.setup.config.daemon.locale)

    def operations(self) -> list[Operation]:
        """Return what can be asked of the lists."""
        return [
            *map(self._operation, LISTINGS),
            Operation(
                method="GET",
                path="/api/orders/{id}",
                summary="One parent order with its life: request, children, fills, pairs, times.",
                handler=self._order,
                in_path=(_ORDER_ID,),
                answers={200: Answer("The order.", OrderLife)},
                codes=frozenset({ErrorCode.NOT_FOUND}),
            ),
            Operation(
                method="GET",
                path="/api/webhooks/{id}",
                summary="One request with its answer, whoever made it.",
                handler=self._request,
                in_path=(Parameter("id", "`id` of the request's answer."),),
                answers={200: Answer("The request.", WebhookItem)},
                codes=frozenset({ErrorCode.NOT_FOUND}),
            ),
        ]

    def _operation(self, listing: Listing) -> Operation:
        filters = (Parameter(each.name, each.text, each.schema) for each in listing.filters)
        return Operation(
            method="GET",
            path=f"/api/{listing.name}",
            summary=listing.summary,
            handler=partial(self._list, listing),
            query=(*filters, *PAGING),
            answers={200: Answer("A page of the list.", _page_of(listing), (JSON, CSV))},
        )

    async def _list(self, listing: Listing, request: web.Request) -> web.StreamResponse:
        page = read_page(request.query, listing.filters, listing.start)
        if not wants_csv(request):
            items, following = await self._page(listing, page)
            after = None if following is None else cursor_of(following)
            return json_response({"items": items, "next": after})
        if "limit" in request.query:
            items, following = await self._page(listing, page)
            headers: dict[str, str] = {}
            if following is not None:
                url = request.rel_url.update_query(after=cursor_of(following))
                headers[hdrs.LINK] = f'<{url}>; rel="next"'
            return csv_response(csv_text(listing.columns.names, items, header=True), headers)
        return await self._whole(listing, page, request)

    async def _whole(
        self, listing: Listing, page: PageRequest, request: web.Request
    ) -> web.StreamResponse:
        """Send a whole list as CSV, a page at a time, however long it is."""
        page = PageRequest(page.filters, LIMIT_MAX, page.after)
        items, following = await self._page(listing, page)
        response = web.StreamResponse(headers=CSV_HEADERS)
        await response.prepare(request)
        try:
            names = listing.columns.names
            await send(request, response, csv_text(names, items, header=True).encode())
            while following is not None:
                page = PageRequest(page.filters, LIMIT_MAX, following)
                items, following = await self._page(listing, page)
                await send(request, response, csv_text(names, items, header=False).encode())
        except ConnectionError:
            pass  # whoever asked went away
        return response

    async def _page(self, listing: Listing, page: PageRequest) -> tuple[list[Item], Place | None]:
        """Return the items, and where to go on; None on the last page."""
        if listing.query is None:
            items = await self._from_configuration(listing.name, page)
            places: list[Place] = [(str(item["name"]),) for item in items]
        else:
            rows = await self._fetch(*self._question(listing, page))
            places = [tuple(row[column] for column in listing.sorted_by) for row in rows]
            items = list(map(listing.columns.item, rows))
            for item in items:
                listing.finish(item)
                if listing is _EVENTS:
                    event_text(item, self.words)
        more = len(items) > page.limit
        return items[: page.limit], places[page.limit - 1] if more else None

    def _question(self, listing: Listing, page: PageRequest) -> tuple[str, dict[str, SqlValue]]:
        """One row more than asked for tells whether there is a next page."""
        assert listing.query is not None  # or there would be no rows
        used = tuple(each for each in listing.filters if each.name in page.filters)
        after = zip(listing.sorted_by, page.after or listing.start, strict=True)
        values: dict[str, SqlValue] = {
            **page.filters,
            **{f"after_{column}": value for column, value in after},
            "limit": page.limit + 1,
        }
        return listing.statement(self._sql[listing.query], used), values

    async def _from_configuration(self, name: str, page: PageRequest) -> list[Item]:
        rows = await self._fetch(self._sql["halts"], {})
        halts = {(row["scope"], row["name"]): str(row["reason"]) for row in rows}
        return [
            item
            for item in self._configured[name](halts)
            if all(item[key] == value for key, value in page.filters.items())
            and (page.after is None or (item["name"],) > page.after)
        ]

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

    async def page(self, name: str, query: MultiMapping[str]) -> tuple[list[Item], str | None]:
        """Return a page of a list and where to go on. Raises BadInput as the list itself does."""
        listing = _OF_NAME[name]
        items, following = await self._page(
            listing, read_page(query, listing.filters, listing.start)
        )
        return items, None if following is None else cursor_of(following)

    async def life(self, order_id: str) -> OrderLife:
        """Return one order with its life, by its id or a child's. Raises Refused."""

        def read(database: sqlite3.Connection) -> OrderLife | None:
            def fetch(query: str, **values: SqlValue) -> list[sqlite3.Row]:
                return database.execute(self._sql[query], values).fetchall()

            return order_life(fetch, order_id)

        life = await self._driver.run(read)
        if life is None:
            raise Refused(ErrorCode.NOT_FOUND, "there is no such order")
        return life

    async def request(self, request_id: str) -> Item:
        """Return one request with its answer. Raises Refused."""
        rows = await self._fetch(self._sql["webhook"], {"id": request_id})
        if not rows:
            raise Refused(ErrorCode.NOT_FOUND, "there is no such request")
        return _REQUESTS.columns.item(rows[0])

    async def _order(self, request: web.Request) -> web.StreamResponse:
        return json_response(await self.life(request.match_info["id"]))

    async def _request(self, request: web.Request) -> web.StreamResponse:
        return json_response(await self.request(request.match_info["id"]))

    async def events_after(self, event_id: str, limit: int) -> list[Item]:
        """Return the notices that came after one, oldest first."""
        rows = await self._fetch(self._sql["events_after"], {"id": event_id, "limit": limit})
        items = list(map(_EVENTS.columns.item, rows))
        for item in items:
            event_text(item, self.words)
        return items

    async def _fetch(self, sql: str, values: Mapping[str, SqlValue]) -> list[sqlite3.Row]:
        return await self._driver.run(lambda database: database.execute(sql, values).fetchall())


_OF_NAME = {listing.name: listing for listing in LISTINGS}
_EVENTS, _REQUESTS = _OF_NAME["events"], _OF_NAME["webhooks"]


@lru_cache(maxsize=1)
def _queries() -> Mapping[str, str]:
    names = {each.query for each in LISTINGS if each.query} | {"halts", "events_after", "webhook"}
    queries = aiosql.from_path(QUERIES, "sqlite3", mandatory_parameters=False)
    return {name: str(getattr(queries, name).sql) for name in (*names, *LIFE_QUERIES)}


def _page_of(listing: Listing) -> object:
    """Make the type of one page of a list."""
    name = "".join(word.capitalize() for word in listing.name.split("-"))
    functional = cast("Callable[[str, dict[str, object]], object]", TypedDict)
    return functional(f"{name}Page", {"items": list[listing.columns.model], "next": str | None})  # type: ignore[name-defined]
