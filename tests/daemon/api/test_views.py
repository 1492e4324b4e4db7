"""What lists tell after a morning's trading: all of it, newest first, page by page."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from adapters.sqlite.driver import InlineDriver
from algorithms.domain import OrderType
from daemon.api.problems import BadInput
from daemon.api.views import Lists
from daemon.execution.halts import Scope
from tests.daemon.api.fakes import ADMIN, House
from tests.support.loops import in_virtual_time
from tests.support.world import START, World, buy, cancel_all, sell, world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    Item = dict[str, Any]

NAMES = {
    "accounts",
    "strategies",
    "books",
    "orders",
    "open-orders",
    "fills",
    "positions",
    "netting",
    "webhooks",
    "events",
}


class Reader:
    """Asks for lists as the admin does."""

    def __init__(self, lists: Lists) -> None:
        self.handlers = {each.path: each.handler for each in lists.operations()}

    async def page(self, name: str, query: str = "") -> tuple[list[Item], str | None]:
        response = await self.handlers[f"/api/{name}"](
            make_mocked_request("GET", f"/api/{name}?{query}")
        )
        assert isinstance(response, web.Response)
        assert isinstance(response.body, bytes)
        told = orjson.loads(response.body)
        assert told.keys() == {"items", "next"}
        return told["items"], told["next"]

    async def all(self, name: str, query: str = "") -> list[Item]:
        items, following = await self.page(name, f"limit=500&{query}")
        assert following is None
        return items


@asynccontextmanager
async def morning(folder: Path) -> AsyncIterator[tuple[World, Reader]]:
    """Alpha buys 12 TQQQ, beta crosses 5 of them, alpha leaves three limit orders open."""
    async with world(folder) as day:
        await day.submit("alpha", buy("TQQQ", "10"))
        await day.pass_time(1)
        await day.submit("beta", buy("TQQQ", "5"))
        await day.pass_time(1)
        for price in ("90", "80", "70"):
            await day.submit("alpha", buy("TQQQ", "1", kind=OrderType.LIMIT, price=price))
            await day.pass_time(1)
        await day.submit("gamma", buy("SOXL", "2", kind=OrderType.LIMIT, price="40"))
        await day.pass_time(1)
        driver = await InlineDriver.open(day.engine.config.database.path, read_only=True)
        try:
            yield day, Reader(Lists(driver, day.engine.current))
        finally:
            await driver.close()


def test_orders_come_newest_first_and_tell_what_became_of_them(tmp_path: Path) -> None:
    async def story() -> None:
        async with morning(tmp_path) as (_, reader):
            orders = await reader.all("orders")
            assert [order["symbol"] for order in orders] == ["SOXL", *["TQQQ"] * 5]
            first = orders[-1]
            assert first["book"] == "a"
            assert first["order_type"] == "MARKET"
            assert (first["total"], first["remain"], first["status"]) == ("10", "0", "done")
            assert first["nets"] is True
            assert first["limit_price"] is None
            created = datetime.fromisoformat(first["created_at"])
            assert timedelta() <= created - START < timedelta(seconds=1)

    in_virtual_time(story())


def test_open_orders_are_those_at_the_broker(tmp_path: Path) -> None:
    async def story() -> None:
        async with morning(tmp_path) as (day, reader):
            prices = [order["limit_price"] for order in await reader.all("open-orders")]
            assert prices == ["40", "70", "80", "90"]
            assert all(order["broker_order_id"] for order in await reader.all("open-orders"))
            await day.submit("alpha", cancel_all())
            left = await reader.all("open-orders")
            assert [(order["book"], order["symbol"]) for order in left] == [("c", "SOXL")]

    in_virtual_time(story())


def test_fills_and_positions_agree(tmp_path: Path) -> None:
    async def story() -> None:
        async with morning(tmp_path) as (_, reader):
            fills = await reader.all("fills", "book=a")
            bought = sum(Decimal(fill["quantity"]) for fill in fills)
            (held,) = await reader.all("positions", "book=a&symbol=TQQQ")
            assert bought == Decimal(held["quantity"]) == 10
            assert (held["free"], held["average_cost"]) == ("10", "100")
            (cash,) = await reader.all("positions", "book=a&symbol=usd")
            assert cash["average_cost"] is None
            assert Decimal(cash["quantity"]) - Decimal(cash["reserved"]) == Decimal(cash["free"])

    in_virtual_time(story())


def test_crossed_pairs_tell_what_they_saved(tmp_path: Path) -> None:
    async def story() -> None:
        async with morning(tmp_path) as (day, reader):
            assert await reader.all("netting") == []
            resting = buy("TQQQ", "4", kind=OrderType.TWAP, slices=2, minutes="10", price="100")
            await day.submit("beta", resting)
            await day.submit("alpha", sell("TQQQ", "4"))
            await day.pass_time(5)
            (pair,) = await reader.all("netting", "account=main&symbol=tqqq")
            assert (pair["quantity"], pair["price"]) == ("4", "100")
            assert pair["broker_orders_saved"] >= 1
            assert await reader.all("netting", "symbol=SOXL") == []

    in_virtual_time(story())


def test_webhooks_are_listed_with_their_answers_and_without_secrets(tmp_path: Path) -> None:
    async def story() -> None:
        async with morning(tmp_path) as (_, reader):
            requests = await reader.all("webhooks", "strategy=beta")
            (request,) = requests
            assert (request["strategy"], request["status"]) == ("beta", "done")
            assert request["answer"]["success"] is True
            assert request["body"]["warnings"] == []
            assert len(await reader.all("webhooks")) == 6

    in_virtual_time(story())


def test_events_are_told_in_sentences(tmp_path: Path) -> None:
    async def story() -> None:
        async with morning(tmp_path) as (_, reader):
            events = await reader.all("events", "book=b")
            assert {"bought"} <= {event["code"] for event in events}
            sentence = next(event["text"] for event in events if event["code"] == "bought")
            assert sentence == "b bought 5 TQQQ at 100"

    in_virtual_time(story())


def test_what_is_configured_is_listed_with_its_halts(tmp_path: Path) -> None:
    async def story() -> None:
        async with morning(tmp_path) as (day, reader):
            await day.engine.halts.halt(Scope.BOOK, "b", "odd fills", day.clock.now())
            await day.engine.halts.halt(Scope.ACCOUNT, "main", "holiday", day.clock.now())
            (account,) = await reader.all("accounts")
            assert (account["name"], account["halted"]) == ("main", "holiday")
            assert account["books"] == ["a", "b", "c"]
            assert account["commission_percent"] == "0.25"
            books = await reader.all("books", "strategy=beta")
            assert [(book["name"], book["halted"]) for book in books] == [("b", "odd fills")]
            assert [each["name"] for each in await reader.all("strategies")] == [
                "alpha",
                "beta",
                "gamma",
            ]

    in_virtual_time(story())


def test_pages_put_together_are_the_whole_list(tmp_path: Path) -> None:
    async def story() -> None:
        async with morning(tmp_path) as (_, reader):
            for name in sorted(NAMES):
                pages, following = await reader.page(name, "limit=1")
                while following is not None:
                    items, following = await reader.page(name, f"limit=1&after={following}")
                    assert len(items) == 1
                    pages += items
                assert pages == await reader.all(name)

    in_virtual_time(story())


def test_a_list_takes_no_other_list_s_filters(tmp_path: Path) -> None:
    async def story() -> None:
        async with morning(tmp_path) as (_, reader):
            for name, query in (
                ("webhooks", "account=main"),
                ("accounts", "book=a"),
                ("events", "symbol=TQQQ"),
                ("orders", "limit=0"),
            ):
                with pytest.raises(BadInput):
                    await reader.page(name, query)

    in_virtual_time(story())


async def test_every_list_is_behind_the_admin_s_token(tmp_path: Path) -> None:
    house = House()
    async with world(tmp_path) as day:
        driver = await InlineDriver.open(day.engine.config.database.path, read_only=True)
        house.more = [Lists(driver, day.engine.current)]
        async with house.client() as client:
            for name in NAMES:
                assert (await client.get(f"/api/{name}")).status == 401
                response = await client.get(f"/api/{name}", headers=ADMIN)
                assert response.status == 200
                assert response.headers["Cache-Control"] == "no-store"
                response = await client.get(f"/api/{name}?limit=x&color=red", headers=ADMIN)
                assert response.status == 400
                assert len((await response.json(content_type=None))["errors"]) == 2
        await driver.close()
