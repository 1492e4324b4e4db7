"""On the day that a commission changes, orders are reckoned and charged with the new one."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from adapters.virtual_time import VirtualTimeLoop
from algorithms.domain import OrderType
from tests.support.books import fills
from tests.support.houses import house
from tests.support.world import buy, world

if TYPE_CHECKING:
    from pathlib import Path

loop_factory = VirtualTimeLoop
DEARER = """
[accounts.main.rates]
2026-11-20 = { commission_percent = "0.5" }
2026-11-21 = { commission_percent = "1" }
"""
LATE = datetime(2026, 11, 20, 23, 58, 50, tzinfo=UTC)


async def test_midnight_brings_another_commission(tmp_path: Path) -> None:
    text = house({"a": ("alpha", "main")}, top=DEARER)
    async with world(tmp_path, text, clock=LoopClock(LATE)) as day:
        await day.submit("alpha", buy("TQQQ", "10"))
        await day.pass_time(5)
        assert await day.held("a", "USD") == Decimal(100_000) - 1005
        await day.pass_time(130)
        await day.submit("alpha", buy("TQQQ", "10"))
        await day.pass_time(5)
        assert [fill["fee"] for fill in fills(day)] == ["5", "10"]
        await day.submit("alpha", buy("TQQQ", "10", kind=OrderType.LIMIT, price="90"))
        assert await day.reserved("a", "USD") == 909
