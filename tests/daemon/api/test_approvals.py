from __future__ import annotations

from typing import TYPE_CHECKING

from tests.daemon.api.fakes import ADMIN, House

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.test_utils import TestClient

    Client = TestClient[web.Request, web.Application]


async def ask(client: Client, path: str) -> tuple[int, dict[str, object]]:
    response = await client.post(path, headers=ADMIN)
    return response.status, await response.json(content_type=None)


async def test_an_order_is_approved_or_rejected_once() -> None:
    house = House()
    house.admin.waiting = {"A": None, "B": None}
    async with house.client() as client:
        assert await ask(client, "/api/orders/A/approve") == (
            200, {"id": "A", "approved": True},
        )  # fmt: skip
        assert await ask(client, "/api/orders/B/reject") == (
            200, {"id": "B", "approved": False},
        )  # fmt: skip
        status, told = await ask(client, "/api/orders/A/reject")
        assert (status, told["code"]) == (409, "not_waiting")
        assert "was approved before" in str(told["detail"])
    assert house.admin.waiting == {"A": "approved", "B": "rejected"}


async def test_an_order_that_does_not_exist_is_not_found() -> None:
    async with House().client() as client:
        status, told = await ask(client, "/api/orders/X/approve")
        assert (status, told["code"]) == (404, "not_found")


async def test_only_the_admin_may() -> None:
    async with House().client() as client:
        response = await client.post("/api/orders/A/approve")
        assert response.status == 401
