"""A person orders and cancels: the same door, the same checks, the same once as strategies."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from algorithms.domain import OrderType
from daemon.api.webhook_model import HEADER_KEY
from daemon.execution.commands import Place
from tests.daemon.api.fakes import ADMIN, House
from tests.support.books import all_is_well, parents
from tests.support.served import Served, served
from tests.support.world import buy

if TYPE_CHECKING:
    from pathlib import Path

BUY_THREE = {"strategy": "alpha", "order_type": "MARKET", "symbol": "TQQQ", "side": "buy", "qty": 3}
RESTING = {"order_type": "LIMIT", "symbol": "TQQQ", "side": "buy", "qty": "1", "price": "90"}


async def refused(path: str, body: object) -> dict[str, str]:
    house = House()
    async with house.client() as client:
        response = await client.post(path, json=body, headers=ADMIN)
        told: dict[str, Any] = await response.json(content_type=None)
    assert response.status == 400, told
    assert house.desk.submissions == []
    return {fault["path"]: fault["message"] for fault in told["errors"]}


class TestOrders:
    async def test_an_order_by_hand_is_bought_and_says_so(self, tmp_path: Path) -> None:
        async with served(tmp_path) as here:
            told = await here.post("/api/orders", BUY_THREE)
            assert (told["status"], told["message"]) == ("done", "1 order accepted")
            (order,) = parents(here.day)
            assert (order["book"], order["kind"]) == ("a", "BUY_FORCE")
            (request,) = (await here.get("/api/webhooks?source=hand"))["items"]
            assert request["id"] == told["id"]
            assert (await here.get(f"/api/webhooks/{told['id']}"))["answer"] == told
            await all_is_well(here.day)

    async def test_a_book_may_be_named_instead_of_strategy_and_account(
        self, tmp_path: Path
    ) -> None:
        async with served(tmp_path) as here:
            await here.post("/api/orders", {"book": "b", **RESTING})
            (order,) = parents(here.day)
            assert (order["strategy"], order["account"], order["book"]) == ("beta", "main", "b")

    async def test_the_same_key_orders_once(self, tmp_path: Path) -> None:
        async with served(tmp_path) as here:
            first = await here.post("/api/orders", {**BUY_THREE, "id": "mine"})
            assert await here.post("/api/orders", {**BUY_THREE, "id": "mine"}) == first
            await here.post("/api/orders", {**BUY_THREE, "qty": 4, "id": "mine"}, status=409)
            assert len(parents(here.day)) == 1

    async def test_what_the_book_cannot_pay_is_refused_as_of_a_webhook(
        self, tmp_path: Path
    ) -> None:
        async with served(tmp_path) as here:
            told = await here.post("/api/orders", {**BUY_THREE, "qty": "1000000"}, status=422)
            assert told["results"][0]["orders"][0]["error"].startswith("insufficient_cash")

    @pytest.mark.parametrize(
        ("changes", "paths"),
        [
            ({"strategy": "nobody"}, {"group_name"}),
            ({"strategy": None}, {"group_name"}),
            ({"group_name": "beta"}, {"strategy"}),
            ({"strategy": None, "book": "none", "qty": -1}, {"book", "qty"}),
            ({"book": "alpha_main", "strategy": "beta", "account": "x"}, {"group_name", "account"}),
            ({"token": "x", "side": "up"}, {"token", "side"}),
        ],
    )
    async def test_every_fault_is_told_at_once(
        self, changes: dict[str, object], paths: set[str]
    ) -> None:
        assert (await refused("/api/orders", {**BUY_THREE, **changes})).keys() == paths

    async def test_only_an_object_is_an_order(self) -> None:
        assert await refused("/api/orders", [1]) == {"body": "must be a JSON object"}

    async def test_the_header_s_key_counts(self) -> None:
        house = House()
        async with house.client() as client:
            headers = {**ADMIN, HEADER_KEY: "k"}
            response = await client.post("/api/orders", json=BUY_THREE, headers=headers)
            assert response.status == 200
        (submission,) = house.desk.submissions
        assert (submission.key, submission.source) == ("k", "hand")
        assert "token" not in submission.body


async def three_strategies(here: Served) -> None:
    for name in ("alpha", "alpha", "beta", "gamma"):
        order = buy("TQQQ", "1", kind=OrderType.LIMIT, price="90")
        await here.day.submit(name, order)
    await here.traded()


class TestCancel:
    async def test_a_preview_names_what_would_end_and_what_stays(self, tmp_path: Path) -> None:
        async with served(tmp_path) as here:
            await three_strategies(here)
            told = await here.post("/api/cancel", {"strategy": "alpha", "preview": True})
            assert [order["book"] for order in told["orders"]] == ["a", "a"]
            assert told["accounts"] == [
                {
                    "account": "main",
                    "orders": 2,
                    "stays": [
                        {"strategy": "beta", "book": "b", "orders": 1},
                        {"strategy": "gamma", "book": "c", "orders": 1},
                    ],
                }
            ]
            assert told["message"] == (
                "would cancel 2 orders in 1 account; 2 other orders of these accounts would stay"
            )
            assert len((await here.get("/api/open-orders"))["items"]) == 4

    async def test_the_cancel_ends_exactly_what_the_preview_named(self, tmp_path: Path) -> None:
        async with served(tmp_path) as here:
            await three_strategies(here)
            told = await here.post("/api/cancel", {"book": "a"})
            assert (told["success"], told["cancelled_orders"]) == (True, 2)
            left = (await here.get("/api/open-orders"))["items"]
            assert sorted(order["book"] for order in left) == ["b", "c"]
            again = await here.post("/api/cancel", {"strategy": "alpha", "preview": True})
            assert again["message"] == "no open orders to cancel"

    async def test_how_a_cancel_stands_can_be_asked_again(self, tmp_path: Path) -> None:
        async with served(tmp_path) as here:
            await three_strategies(here)
            told = await here.post("/api/cancel", {"strategy": "alpha"})
            assert await here.get(f"/api/cancel/{told['id']}") == told
            assert told["results"][0]["receipt"]["cancelled"] == 2

    async def test_only_requests_that_cancel_have_a_standing(self, tmp_path: Path) -> None:
        async with served(tmp_path) as here:
            bought = await here.post("/api/orders", BUY_THREE)
            for request_id in (bought["id"], "unheard-of"):
                await here.get(f"/api/cancel/{request_id}", status=404)

    async def test_our_id_alone_finds_the_order(self, tmp_path: Path) -> None:
        async with served(tmp_path) as here:
            await three_strategies(here)
            child = (await here.get("/api/open-orders?book=b"))["items"][0]
            looked = await here.post("/api/cancel", {"order_id": child["id"], "preview": True})
            assert [order["id"] for order in looked["orders"]] == [child["parent_id"]]
            told = await here.post("/api/cancel", {"order_id": child["id"]})
            assert told["cancelled_orders"] == 1
            ended = await here.post("/api/cancel", {"order_id": child["id"], "preview": True})
            assert ended["orders"] == []
            assert "has ended before" in ended["problems"][0]

    @pytest.mark.parametrize(
        ("body", "paths"),
        [
            ({}, {"strategy"}),
            ([], {"body"}),
            ({"strategy": "nobody"}, {"strategy"}),
            ({"order_id": "unheard-of"}, {"order_id"}),
            ({"strategy": "alpha", "account": "far"}, {"account"}),
            (
                {"strategy": "alpha", "side": "up", "colour": 1, "preview": "yes"},
                {"side", "colour", "preview"},
            ),
            ({"order_id": "A1", "side": "buy"}, {"side"}),
        ],
    )
    async def test_a_cancel_of_nothing_is_refused(self, body: object, paths: set[str]) -> None:
        assert (await refused("/api/cancel", body)).keys() == paths


class TestReplay:
    async def test_a_dropped_request_is_sent_again_once(self) -> None:
        house = House()
        async with house.client() as client:
            for _ in range(2):
                response = await client.post("/api/webhooks/late/replay", headers=ADMIN)
                assert response.status == 200
        first, second = house.desk.submissions
        assert first.key == second.key == "replay:late"
        assert first.body_hash == second.body_hash
        assert (first.strategy, first.source) == ("alpha", "hand")
        assert [command.by_hand for command in first.commands if isinstance(command, Place)] == [
            True
        ]

    @pytest.mark.parametrize(("request_id", "status"), [("good", 409), ("none", 404)])
    async def test_what_was_worked_is_not_sent_again(self, request_id: str, status: int) -> None:
        house = House()
        async with house.client() as client:
            response = await client.post(f"/api/webhooks/{request_id}/replay", headers=ADMIN)
            assert response.status == status
        assert house.desk.submissions == []

    async def test_an_order_that_came_too_late_trades_after_all(self, tmp_path: Path) -> None:
        async with served(tmp_path) as here:
            told = await here.day.submit("alpha", buy("TQQQ", "2"))
            with sqlite3.connect(here.day.engine.config.database.path) as database:
                database.execute(
                    "UPDATE requests SET status = 'dropped', body = ? WHERE id = ?",
                    (
                        '{"order_type":"MARKET","symbol":"TQQQ","side":"buy","qty":"2"}',
                        told.body["id"],
                    ),
                )
            database.close()
            path = f"/api/webhooks/{told.body['id']}/replay"
            first = await here.post(path, {})
            assert first["status"] == "done"
            assert await here.post(path, {}) == first
            assert [order["kind"] for order in parents(here.day)] == ["BUY", "BUY_FORCE"]
