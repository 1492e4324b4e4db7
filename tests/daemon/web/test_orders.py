"""Orders: what lives, and the life of one with the time of every phase."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.web.orders import steps
from tests.support.books import children, parents
from tests.support.served import served
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.api.order_life import Phase

BUY_THREE = {"strategy": "alpha", "order_type": "MARKET", "symbol": "TQQQ", "side": "buy", "qty": 3}
RESTING = {"strategy": "beta", "order_type": "LIMIT", "symbol": "TQQQ", "side": "buy", "qty": 1}


def phase(name: str, after_ms: int) -> Phase:
    return {"phase": name, "at": "2026-11-20T09:00:00+00:00", "after_ms": after_ms}  # type: ignore[typeddict-item]


def test_phases_follow_each_other_and_fill_the_whole() -> None:
    found = steps([phase("received", 0), phase("stored", 5), phase("ended", 100)])
    assert [step.since_ms for step in found] == [0, 5, 95]
    assert [(step.begins, step.takes) for step in found] == [(0, 1), (0, 5), (5, 95)]
    assert steps([]) == []
    assert [step.takes for step in steps([phase("received", 0)])] == [1]


async def test_the_life_of_an_order_leads_from_the_request_to_the_fill(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        told = await here.post("/api/orders", BUY_THREE)
        await here.traded()
        (order,), (child,) = parents(here.day), children(here.day)
        html = await here.page(f"/orders/{order['id']}")
        for word in ("received", "stored", "sent", "first fill", "ended"):
            assert f"<td>{word}</td>" in html
        assert f"/webhooks/{told['id']}" in html
        assert "Cancel" not in html, "it has ended"
        assert await here.page(f"/orders/{child['id']}") == html, "found by a child's id, too"


async def test_a_live_order_can_be_cancelled_from_the_list(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        assert "No order lives" in await here.page("/orders")
        await here.post("/api/orders", {**RESTING, "price": 90})
        (order,) = parents(here.day)
        assert f"/ask/cancel?order_id={order['id']}" in await here.page("/orders")
        narrowed = await here.page("/orders?book=a&side=&symbol=")
        assert narrowed.count(f"/orders/{order['id']}") == 1, "in what lives alone"


async def test_an_order_that_waits_for_a_yes_is_answered_in_the_list_and_on_its_page(
    tmp_path: Path,
) -> None:
    text = THREE_BOOKS.replace('strategy = "beta"', 'strategy = "beta"\nmode = "approve"')
    async with served(tmp_path, text + "[webhook]\nwait_seconds = 0\n") as here:
        await here.post("/api/orders", {**RESTING, "price": 90}, status=202)
        (order,) = parents(here.day)
        for path in ("/orders", f"/orders/{order['id']}"):
            html = await here.page(path)
            for answer in ("approve", "reject"):
                assert f"/ask/{answer}?id={order['id']}" in html
