"""What needs a person comes first, and says what can be done about it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from algorithms.domain import AccountName
from tests.support.books import parents
from tests.support.served import Served, served
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

APPROVED = THREE_BOOKS.replace('strategy = "alpha"', 'strategy = "alpha"\nmode = "approve"')
APPROVED += "[webhook]\nwait_seconds = 0\n"
RESTING = {"order_type": "LIMIT", "symbol": "TQQQ", "side": "buy", "qty": 1, "price": 90}


async def needs(here: Served) -> list[str]:
    html = (await here.page("/")).split('id="figures"')[0]
    return re.findall(r'<li class="need .*?</li>', html, re.DOTALL)


async def test_a_quiet_day_needs_nobody(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        assert await needs(here) == []
        assert "Nothing needs you" in await here.page("/")


async def test_a_halt_is_shown_with_its_reason_and_can_be_ended(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await here.post("/api/halt", {"scope": "book", "name": "a", "reason": "odd fills"})
        (need,) = await needs(here)
        assert "Halted: book a. odd fills" in need
        assert "/ask/resume?scope=book&amp;name=a" in need


async def test_an_order_that_waits_for_a_yes_can_be_answered(tmp_path: Path) -> None:
    async with served(tmp_path, APPROVED) as here:
        await here.post("/api/orders", {"strategy": "alpha", **RESTING}, status=202)
        (order,) = parents(here.day)
        (need,) = await needs(here)
        assert "a waits for your yes: buy 1 TQQQ" in need
        for answer in ("approve", "reject"):
            assert f"/ask/{answer}?id={order['id']}" in need


async def test_an_alarm_stands_above_everything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.execution.reconcile.SECOND_LOOK_AFTER", timedelta(0))
    async with served(tmp_path) as here:
        await here.post("/api/halt", {"reason": "odd fills"})
        await here.post("/api/paper/main/adjust", {"id": "x", "asset": "TQQQ", "amount": "5"})
        for _ in range(2):
            await here.day.engine.accounts[AccountName("main")].reconcile()
        found = await needs(here)
        assert any("+5 TQQQ in suspense" in need for need in found)
        assert ["need alarm" in need for need in found] == sorted(
            ("need alarm" in need for need in found), reverse=True
        )
        assert "+5 TQQQ" in await here.page("/accounts")
