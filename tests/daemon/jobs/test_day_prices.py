from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.domain import Symbol
from tests.daemon.jobs.mornings import DAILY, house, morning, new_york, until
from tests.support.books import select

if TYPE_CHECKING:
    from pathlib import Path


async def test_closes_are_remembered_day_by_day(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": DAILY})) as here:
        for day, price in ((20, "101"), (23, "102"), (24, "103")):
            await until(here, new_york(15, day=day))
            await here.exchange().exchange.set_price(Symbol("TQQQ"), Decimal(price))
        await until(here, new_york(12, day=25))
        rows = select(here, "SELECT * FROM closes ORDER BY day")
        assert [(row["day"], row["close"]) for row in rows] == [
            ("2026-11-19", "100"),
            ("2026-11-20", "101"),
            ("2026-11-23", "102"),
            ("2026-11-24", "103"),
        ]
