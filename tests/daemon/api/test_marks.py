from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.daemon.api.fakes import ADMIN, House

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.test_utils import TestClient

    Client = TestClient[web.Request, web.Application]

ALARM = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


async def see(client: Client, body: dict[str, object]) -> tuple[int, dict[str, object]]:
    response = await client.post("/api/events/seen", json=body, headers=ADMIN)
    return response.status, await response.json(content_type=None)


async def test_whoever_does_not_say_who_they_are_is_the_admin() -> None:
    house = House()
    house.admin.alarms = {ALARM: None}
    async with house.client() as client:
        status, _ = await see(client, {"ids": [ALARM]})
        assert (status, house.admin.alarms) == (200, {ALARM: "admin"})


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "ids"),
        ({"ids": []}, "ids"),
        ({"ids": ALARM}, "ids"),
        ({"ids": [ALARM] * 101}, "ids"),
        ({"ids": [7]}, "ids[0]"),
        ({"ids": [ALARM], "by": ""}, "by"),
        ({"ids": [ALARM], "until": ALARM}, "until"),
    ],
)
async def test_what_is_wrong_is_named_and_marks_nothing(body: dict[str, object], path: str) -> None:
    house = House()
    house.admin.alarms = {ALARM: None}
    async with house.client() as client:
        status, told = await see(client, body)
    assert (status, told["code"]) == (400, "bad_input")
    errors = told["errors"]
    assert isinstance(errors, list)
    assert [each["path"] for each in errors] == [path]
    assert house.admin.alarms == {ALARM: None}


async def test_only_the_admin_may() -> None:
    async with House().client() as client:
        response = await client.post("/api/events/seen", json={"ids": [ALARM]})
        assert response.status == 401
