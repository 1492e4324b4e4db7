"""Strategies: what lives, what is halted, and the newest of their open orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.web.strategies import SHOWN_MAX
from tests.support.books import parents
from tests.support.served import served

if TYPE_CHECKING:
    from pathlib import Path


async def test_strategies_show_what_lives_and_what_is_halted(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        resting = {"order_type": "LIMIT", "symbol": "TQQQ", "side": "buy", "qty": 1, "price": 90}
        await here.post("/api/orders", {"strategy": "alpha", **resting})
        await here.post("/api/halt", {"scope": "strategy", "name": "beta"})
        html = await here.page("/strategies")
        alpha, beta = (html.split(f'id="strategy-{name}"')[1] for name in ("alpha", "beta"))
        assert "1 live order<" in alpha.split("</section>")[0]
        (order,) = parents(here.day)
        assert f"/ask/cancel?order_id={order['id']}" in alpha.split("</section>")[0]
        assert "Open orders" not in beta.split("</section>")[0]
        assert "/ask/halt?scope=strategy&amp;name=alpha" in alpha
        assert "/ask/resume?scope=strategy&amp;name=beta" in beta.split("</section>")[0]
        await here.post("/api/halt", {})
        assert "everything is halted" in await here.page("/strategies")


async def test_of_many_open_orders_the_newest_are_shown_and_all_are_a_click_away(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as here:
        resting = {"order_type": "LIMIT", "symbol": "TQQQ", "side": "buy", "qty": 1, "price": 90}
        for number in range(SHOWN_MAX + 1):
            await here.post("/api/orders", {"strategy": "alpha", "id": str(number), **resting})
        await here.post("/api/orders", {"strategy": "beta", **resting})
        html = await here.page("/strategies")
        alpha, beta = (
            html.split(f'id="strategy-{name}"')[1].split("</section>")[0]
            for name in ("alpha", "beta")
        )
        oldest, *newer, other = (order["id"] for order in parents(here.day))
        assert f"/orders/{oldest}" not in alpha
        assert all(f"/orders/{each}" in alpha for each in newer)
        assert "All open orders" in alpha
        assert f"/orders/{other}" in beta
        assert "All open orders" not in beta
