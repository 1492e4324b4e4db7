"""Questions: each says exactly what will be done, and its form does that."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from daemon.execution.netter import Netter
from tests.support.books import parents
from tests.support.served import Served, served
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    from pathlib import Path

RESTING = {"order_type": "LIMIT", "symbol": "TQQQ", "side": "buy", "qty": 1, "price": 90}
BUY_ONE = {"order_type": "MARKET", "symbol": "TQQQ", "side": "buy", "qty": 1}
APPROVED = THREE_BOOKS.replace('strategy = "alpha"', 'strategy = "alpha"\nmode = "approve"')
APPROVED += "[webhook]\nwait_seconds = 0\n"


async def answered(here: Served, path: str, **more: str) -> Any:  # noqa: ANN401 - a document
    """Say yes to a question, as the script does."""
    html = await here.page(path)
    (api,) = re.findall(r'<form class="question" data-api="([^"]*)"', html)
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', html))
    given = {key: unescape(value) for key, value in fields.items() if value}
    return await here.post(unescape(api), {**given, **more})


async def three_rest(here: Served) -> None:
    for number, strategy in enumerate(("alpha", "alpha", "beta")):
        order = {"strategy": strategy, "id": str(number), **RESTING}
        await here.post("/api/orders", order)


async def test_a_cancel_shows_what_ends_and_what_stays_before_it_is_done(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await three_rest(here)
        html = await here.page("/ask/cancel?strategy=alpha")
        assert "Cancel 2 orders?" in html
        assert html.count("main / a: buy 1 TQQQ LIMIT") == 2
        assert "What stays there: beta 1 (main)." in html
        assert len(parents(here.day, "ended_at IS NULL")) == 3, "a question changes nothing"
        assert (await answered(here, "/ask/cancel?strategy=alpha"))["cancelled_orders"] == 2
        (left,) = parents(here.day, "ended_at IS NULL")
        assert left["strategy"] == "beta"


async def test_one_order_or_one_book_is_cancelled_alone(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await three_rest(here)
        first = parents(here.day)[0]["id"]
        await answered(here, f"/ask/cancel?order_id={first}")
        assert len(parents(here.day, "ended_at IS NULL")) == 2
        await answered(here, "/ask/cancel?book=b")
        (left,) = parents(here.day, "ended_at IS NULL")
        assert left["strategy"] == "alpha"
        nothing = await here.page("/ask/cancel?book=c")
        assert "No open orders" in nothing
        assert 'class="danger"' not in nothing, "there is nothing to press"


@pytest.mark.parametrize("target", ["scope=all", "scope=book&name=a", "scope=account&name=main"])
async def test_a_halt_and_its_end(tmp_path: Path, target: str) -> None:
    async with served(tmp_path) as here:
        assert "New orders are stopped" in await here.page(f"/ask/halt?{target}")
        await answered(here, f"/ask/halt?{target}", reason="odd fills")
        assert "odd fills" in await here.page("/")
        told = await answered(here, f"/ask/resume?{target}")
        assert told["changed"] is True


async def test_an_order_is_tried_and_a_second_click_is_the_same(tmp_path: Path) -> None:
    path = "/ask/order?strategy=alpha&side=buy&symbol=TQQQ&qty=3&order_type=MARKET&price="
    async with served(tmp_path) as here:
        html = await here.page(path)
        assert "buy 3 TQQQ MARKET for each book of alpha?" in html
        assert "main / a (paper)" in html
        (key,) = re.findall(r'name="id" value="([^"]+)"', html)
        body = {"strategy": "alpha", "side": "buy", "symbol": "TQQQ", "qty": "3"}
        for _ in range(2):
            await here.post("/api/orders", {**body, "order_type": "MARKET", "id": key})
        assert len(parents(here.day)) == 1
        assert (await answered(here, path))["status"] == "done"
        assert len(parents(here.day)) == 2, "the question asked again is another order"


async def test_an_order_that_waits_is_approved_or_rejected(tmp_path: Path) -> None:
    async with served(tmp_path, APPROVED) as here:
        for key in ("1", "2"):
            order = {"strategy": "alpha", "id": key, **RESTING}
            await here.post("/api/orders", order, status=202)
        first, second = (order["id"] for order in parents(here.day))
        assert "main / a: buy 1 TQQQ LIMIT" in await here.page(f"/ask/approve?id={first}")
        assert (await answered(here, f"/ask/approve?id={first}"))["approved"] is True
        assert (await answered(here, f"/ask/reject?id={second}"))["approved"] is False


async def test_netting_now_says_what_it_would_cross_and_why_something_is_left(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as here:
        later = {"symbol": "TQQQ", "qty": 1, "order_type": "TWAP", "slices": 2, "minutes": 600}
        move = {"symbol": "TQQQ", "price": "130"}
        await here.post("/api/orders", {**BUY_ONE, "strategy": "alpha"})
        await here.post("/api/paper/main/price", {"id": "up", **move})
        await here.post("/api/orders", {"strategy": "alpha", "side": "sell", **later})
        html = await here.page("/ask/net")
        assert "not netted" not in html, "nothing opposes it"
        await here.post("/api/orders", {"strategy": "beta", "side": "buy", **later})
        await here.heard("netting_skipped")
        html = await here.page("/ask/net")
        assert "main, TQQQ: not netted, the price is too far from the previous close" in html
        assert 'data-api=""' in html
        await here.post("/api/paper/main/price", {"id": "down", **move, "price": "100"})
        html = await here.page("/ask/net")
        assert "Cross 1 pair now?" in html
        assert "main: 1 TQQQ, price 100" in html
        assert len((await answered(here, "/ask/net"))["pairs"]) == 1
        assert "nothing to cross" in await here.page("/ask/net")


async def test_netting_now_says_when_there_is_nothing_to_cross(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        html = await here.page("/ask/net")
        assert "nothing to cross" in html
        assert html.count("<button") == 2, "to log out, and to leave it"


@pytest.mark.parametrize(
    "path",
    [
        "/ask/halt?scope=galaxy",
        "/ask/halt?scope=book&name=nobody",
        "/ask/cancel?book=nobody",
        "/ask/cancel?strategy=nobody",
        "/ask/cancel",
        "/ask/order?strategy=nobody",
    ],
)
async def test_a_question_about_nothing_is_refused(tmp_path: Path, path: str) -> None:
    async with served(tmp_path) as here:
        await here.page(path, status=400)


@pytest.mark.parametrize("path", ["/ask/cancel?order_id=x", "/ask/replay?id=x", "/ask/approve"])
async def test_a_question_about_what_is_not_there_is_not_found(tmp_path: Path, path: str) -> None:
    async with served(tmp_path) as here:
        await here.page(path, status=404)


async def test_pairs_are_shown_before_they_are_crossed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = {"order_type": "TWAP", "symbol": "TQQQ", "qty": 3, "slices": 2, "minutes": 600}
    buy = {"order_type": "MARKET", "symbol": "TQQQ", "qty": 3, "side": "buy"}

    async def no_price(*_: object) -> None:
        return None

    async with served(tmp_path) as here:
        await here.post("/api/orders", {"strategy": "alpha", **buy})
        await here.traded()
        with monkeypatch.context() as blind:
            blind.setattr(Netter, "_basis", no_price)
            await here.post("/api/orders", {"strategy": "beta", "side": "buy", **slow})
            await here.post("/api/orders", {"strategy": "alpha", "side": "sell", **slow})
            assert (await here.post("/api/netting/run", {}))["pairs"] == [], "the round is over"
        html = await here.page("/ask/net")
        assert "Cross 1 pair now?" in html
        assert "main: 3 TQQQ, price 100" in html
        assert (await here.get("/api/netting"))["items"] == [], "a question changes nothing"
        told = await answered(here, "/ask/net")
        assert [pair["quantity"] for pair in told["pairs"]] == ["3"]
        assert "There is nothing to cross" in await here.page("/ask/net")
