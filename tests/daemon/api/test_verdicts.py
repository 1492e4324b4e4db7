from __future__ import annotations

from typing import TYPE_CHECKING

from tests.daemon.api.fakes import ADMIN, House

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.test_utils import TestClient

    Client = TestClient[web.Request, web.Application]

ORDER = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


async def settle(client: Client, body: dict[str, object]) -> tuple[int, dict[str, object]]:
    response = await client.post(f"/api/orders/{ORDER}/settle", json=body, headers=ADMIN)
    return response.status, await response.json(content_type=None)


async def test_a_person_names_the_number_once() -> None:
    house = House()
    house.admin.waiting = {ORDER: None}
    async with house.client() as client:
        status, told = await settle(client, {"broker_order_id": "218840"})
        assert (status, told) == (200, {"id": ORDER, "broker_order_id": "218840"})
        status, told = await settle(client, {"absent": True})
        assert (status, told["code"]) == (409, "not_unknown")
    assert house.admin.waiting == {ORDER: "218840"}


async def test_an_order_that_never_was_has_no_number() -> None:
    house = House()
    house.admin.waiting = {ORDER: None}
    async with house.client() as client:
        assert await settle(client, {"absent": True}) == (
            200,
            {"id": ORDER, "broker_order_id": None},
        )


async def test_either_a_number_or_absent_and_not_both() -> None:
    house = House()
    house.admin.waiting = {ORDER: None}
    async with house.client() as client:
        for body in ({}, {"absent": True, "broker_order_id": "1"}):
            status, told = await settle(client, body)
            assert (status, told["code"]) == (400, "bad_input")
    assert house.admin.waiting == {ORDER: None}


async def test_what_cannot_be_settled_says_why() -> None:
    house = House()
    async with house.client() as client:
        status, told = await settle(client, {"absent": True})
        assert (status, told["code"]) == (404, "not_found")
        house.admin.waiting = {ORDER: None}
        status, told = await settle(client, {"broker_order_id": "0"})
        assert told["code"] == "broker_silent"
        response = await client.post(f"/api/orders/{ORDER}/settle", json={"absent": True})
        assert response.status == 401
