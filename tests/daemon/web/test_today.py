"""Today: the day in figures, what is next, what happened."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.support.served import served
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    from pathlib import Path

BUY_THREE = {"strategy": "alpha", "order_type": "MARKET", "symbol": "TQQQ", "side": "buy", "qty": 3}
JOBS = """
[[jobs]]
run = "reconcile"
at = ["10:00", "12:30"]
"""


async def test_a_trade_is_in_the_figures_and_in_what_happened(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        assert "Nothing yet" in await here.page("/")
        await here.post("/api/orders", BUY_THREE)
        await here.traded()
        html = await here.page("/")
        figures = re.findall(r"<dd.*?</dd>", html, re.DOTALL)
        assert "\N{MINUS SIGN}0.75" in figures[0], "the commission"
        assert ">1<" in figures[1]
        assert "a bought 3 TQQQ at 100" in html


async def test_the_next_jobs_are_told_with_their_accounts(tmp_path: Path) -> None:
    async with served(tmp_path, THREE_BOOKS + JOBS) as here:
        html = (await here.page("/")).split('id="next"')[1]
        assert "10:00:00" in html
        assert "12:30:00" in html
        assert "compare with broker" in html
        assert html.count("main") > 1
