"""Accounts and books: what each holds, and what it won."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.served import served

if TYPE_CHECKING:
    from pathlib import Path

BUY_THREE = {"strategy": "alpha", "order_type": "MARKET", "symbol": "TQQQ", "side": "buy", "qty": 3}


async def test_a_book_shows_cash_units_their_cost_and_the_open_gain(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await here.post("/api/orders", BUY_THREE)
        await here.traded()
        html = await here.page("/accounts")
        assert "299,699.25" in html, "cash of the account, less the price and the commission"
        assert "99,699.25" in html
        assert "3 TQQQ" in html
        assert "at 100" in html
        assert "<polyline" in html
        assert "connected" in html


async def test_a_price_that_nobody_has_asked_for_is_not_asked_for_here(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await here.post("/api/orders", BUY_THREE)
        await here.traded()
        here.day.engine.services.market.forget("main")  # type: ignore[arg-type]
        assert "3 TQQQ" in await here.page("/accounts")


async def test_a_halted_account_says_so_and_can_be_resumed(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await here.post("/api/halt", {"scope": "account", "name": "main"})
        html = await here.page("/accounts")
        assert "/ask/resume?scope=account&amp;name=main" in html
