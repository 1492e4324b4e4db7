from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import orjson

from daemon.jobs.reports import DayReport
from tests.daemon.jobs.mornings import DAILY, house, morning, new_york, until
from tests.support.books import select, told
from tests.support.world import buy

if TYPE_CHECKING:
    from pathlib import Path

JOBS = """
[[jobs]]
run = "make_orders"
at = "open+5m"
[[jobs]]
run = "report"
at = "close+10m"
"""
SELLS = '{ type = "schedule", side = "sell", quantity = 6 }'


async def test_each_book_has_a_report_of_its_day(tmp_path: Path) -> None:
    text = house({"buyer": DAILY, "seller": SELLS}, jobs=JOBS)
    text = text.replace('currency = "USD"', 'currency = "USD"\ncommission_percent = "0.25"')
    async with morning(tmp_path, text) as here:
        await here.submit("seller", buy("TQQQ", "6"))
        await until(here, new_york(16, 11))
        buyer, seller = told(here, "daily_report")
        # The buyer takes six from the seller at 100, and buys three more for the other 400.
        assert (buyer["trades"], buyer["bought"], buyer["fees"], buyer["saved"]) == (
            "2", "900", "0.75", "1.5",
        )  # fmt: skip
        assert (seller["trades"], seller["crossed"], seller["sold"], seller["profit"]) == (
            "2", "1", "600", "0",
        )  # fmt: skip
        rows = select(here, "SELECT * FROM daily_reports ORDER BY book")
        assert [(row["book"], row["day"]) for row in rows] == [
            ("buyer", "2026-11-20"),
            ("seller", "2026-11-20"),
        ]
        assert orjson.loads(rows[0]["report"])["bought"] == "900"


def test_a_quiet_day_is_all_zeros() -> None:
    assert set(DayReport().texts().values()) == {"0"}
    assert DayReport(sold=Decimal("1.50")).texts()["sold"] == "1.5"
