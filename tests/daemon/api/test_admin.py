"""What the admin token opens: halts, resumes, previews."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from daemon.api.bodies import SMALL_BODY_BYTES_MAX
from daemon.execution.halts import Scope
from tests.daemon.api.fakes import ADMIN, House

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.test_utils import TestClient

    Client = TestClient[web.Request, web.Application]

TWO_BOTS = {
    "price": "100",
    "orders": [
        {"id": "A", "symbol": "TQQQ", "kind": "BUY", "value": "3000"},
        {"id": "B", "symbol": "TQQQ", "kind": "SELL", "value": "10"},
    ],
}


async def ask(client: Client, path: str, body: object) -> tuple[int, dict[str, object]]:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    response = await client.post(path, data=data, headers=ADMIN)
    return response.status, await response.json(content_type=None)


class TestHalts:
    async def test_a_book_is_halted_and_resumed(self) -> None:
        house = House()
        book = {"scope": "book", "name": "alpha_main"}
        async with house.client() as client:
            status, told = await ask(client, "/api/halt", {**book, "reason": "odd fills"})
            assert (status, told) == (200, {**book, "halted": True})
            assert house.admin.halts == {(Scope.BOOK, "alpha_main"): "odd fills"}
            status, told = await ask(client, "/api/resume", book)
            assert (status, told) == (200, {**book, "halted": False, "changed": True})
            _, told = await ask(client, "/api/resume", book)
            assert told["changed"] is False

    @pytest.mark.parametrize("body", [b"", b"{}", b'{"scope": "all"}'])
    async def test_without_a_name_everything_is_halted(self, body: bytes) -> None:
        house = House()
        async with house.client() as client:
            status, told = await ask(client, "/api/halt", body)
            assert (status, told) == (200, {"scope": "all", "name": "", "halted": True})
            assert house.admin.halts == {(Scope.ALL, ""): "by hand"}

    @pytest.mark.parametrize(
        ("body", "paths"),
        [
            ([], {"body"}),
            ({"scope": "planet"}, {"scope"}),
            ({"scope": 7}, {"scope"}),
            ({"scope": {}, "name": "main"}, {"scope"}),
            ({"scope": "all", "name": "main"}, {"name"}),
            ({"scope": "account"}, {"name"}),
            ({"scope": "account", "name": "nobody"}, {"name"}),
            ({"scope": "account", "name": ["main"]}, {"name"}),
            ({"scope": "strategy", "name": "main", "reason": "", "x": 1}, {"name", "reason", "x"}),
            ({"reason": "a\nb"}, {"reason"}),
            ({"reason": "x" * 201}, {"reason"}),
            ({"reason": 5}, {"reason"}),
        ],
    )
    async def test_a_halt_of_nothing_is_refused(self, body: object, paths: set[str]) -> None:
        house = House()
        async with house.client() as client:
            status, told = await ask(client, "/api/halt", body)
        assert status == 400
        assert isinstance(told["errors"], list)
        assert {fault["path"] for fault in told["errors"]} == paths
        assert house.admin.halts == {}


class TestNettingPreview:
    async def test_orders_of_one_s_own_are_netted(self) -> None:
        async with House().client() as client:
            status, told = await ask(client, "/api/netting/preview", TWO_BOTS)
        assert status == 200
        assert told["pairs"] == [
            {
                "buy": "A",
                "sell": "B",
                "symbol": "TQQQ",
                "account": "default",
                "shares": "10",
                "price": "100",
            }
        ]

    async def test_a_large_preview_is_calculated_aside(self) -> None:
        orders = TWO_BOTS["orders"]
        assert isinstance(orders, list)
        many = [{**order, "id": f"{order['id']}{n}"} for n in range(1000) for order in orders]
        body = orjson.dumps({**TWO_BOTS, "orders": many})
        assert len(body) > SMALL_BODY_BYTES_MAX
        async with House().client() as client:
            status, told = await ask(client, "/api/netting/preview", body)
        assert status == 200
        assert isinstance(told["pairs"], list)
        assert len(told["pairs"]) >= 1000

    @pytest.mark.parametrize("body", [b"", {}, {"account": "main"}, {"orders": None}])
    async def test_without_orders_the_live_ones_are_previewed(self, body: object) -> None:
        async with House().client() as client:
            status, told = await ask(client, "/api/netting/preview", body)
        assert (status, told["live"]) == (200, True)

    async def test_faults_have_their_places(self) -> None:
        async with House().client() as client:
            status, told = await ask(client, "/api/netting/preview", {"price": 0, "orders": [7]})
        assert status == 400
        assert isinstance(told["errors"], list)
        assert {fault["path"] for fault in told["errors"]} == {"price", "orders[0]"}


@pytest.mark.parametrize("path", ["/api/halt", "/api/resume", "/api/netting/preview"])
async def test_without_the_admin_s_token_nothing_is_read(path: str) -> None:
    house = House()
    async with house.client() as client:
        response = await client.post(path, data=b"no JSON")
        assert response.status == 401
    assert house.admin.halts == {}
