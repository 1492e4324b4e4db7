"""Calculations over HTTP: the body's own, and those of the live orders."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from daemon.api.bodies import SMALL_BODY_BYTES_MAX
from tests.algorithms.loc.books import CASES as LOC_CASES
from tests.daemon.api.fakes import ADMIN, House
from tests.daemon.api.test_loc_preview import body_of as loc_body

TAKE_PROFIT = {
    "orders": [
        {"id": "A", "side": "buy", "price": "65.11", "quantity": 28},
        {"id": "B", "side": "sell", "price": "63.73", "quantity": 29, "label": "TP"},
    ]
}


async def test_orders_of_one_s_own_make_a_sheet_and_a_ladder() -> None:
    async with House().client() as client:
        body = orjson.dumps(TAKE_PROFIT)
        response = await client.post("/api/loc/preview", data=body, headers=ADMIN)
        assert response.status == 200
        assert (await response.json())["ladder"] == [
            {"side": "sell", "price": "65.12", "quantity": "28"},
            {"side": "sell", "price": "63.73", "quantity": "1"},
            {"side": "buy", "price": "63.72", "quantity": "28"},
        ]


@pytest.mark.parametrize("case", LOC_CASES, ids=lambda case: case["name"])
async def test_the_published_loc_cases_hold(case: dict[str, Any]) -> None:
    body = orjson.dumps(loc_body(case))
    async with House().client() as client:
        response = await client.post("/api/loc/preview", data=body, headers=ADMIN)
        answer = await response.json()
    rungs = [[rung["side"], rung["price"], int(rung["quantity"])] for rung in answer["ladder"]]
    assert sorted(rungs) == sorted(case["ladder"])
    assert [int(each["net"]) for each in answer["ranges"]] == [net for *_, net in case["net"]]


async def test_a_large_body_is_calculated_aside_and_answered_the_same() -> None:
    house, padding = House(), b" " * SMALL_BODY_BYTES_MAX
    async with house.client() as client:
        body = orjson.dumps(TAKE_PROFIT)
        small = await client.post("/api/loc/preview", data=body, headers=ADMIN)
        large = await client.post("/api/loc/preview", data=body + padding, headers=ADMIN)
        assert large.status == 200
        assert await large.read() == await small.read()


async def test_faults_have_their_places() -> None:
    async with House().client() as client:
        response = await client.post("/api/loc/preview", data=b'{"tick": 0}', headers=ADMIN)
        assert response.status == 400
        faults = (await response.json(content_type=None))["errors"]
        assert [fault["path"] for fault in faults] == ["orders", "tick"]


async def test_the_sheet_of_the_live_orders_is_asked_for_by_account_and_symbol() -> None:
    async with House().client() as client:
        path = "/api/loc/sheet?account=main&symbol=TQQQ"
        response = await client.get(path, headers=ADMIN)
        assert await response.json() == {"account": "main", "symbol": "TQQQ", "rows": []}
        response = await client.get("/api/loc/sheet?account=a&account=b&x=1", headers=ADMIN)
        assert response.status == 400
        faults = (await response.json(content_type=None))["errors"]
        assert [fault["path"] for fault in faults] == ["x", "account", "symbol"]


@pytest.mark.parametrize("path", ["/api/loc/preview"])
async def test_without_the_admin_s_token_nothing_is_calculated(path: str) -> None:
    async with House().client() as client:
        assert (await client.post(path, data=b"no JSON")).status == 401
