"""An evening's sheet: told after the close for the next trading day, whatever lies between."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from adapters.paper import Fault
from daemon.jobs.runs import RunStatus
from tests.daemon.jobs.mornings import house, morning, new_york, runs, until
from tests.support.books import paper, parents, told
from tests.support.world import buy

ROOT = Path(__file__).resolve().parents[3]
DIPS = (
    '{ type = "dip_loc", budget = "2000", buy_percent = -1, tp_percent = 5, sl_percent = 20, '
    "spread = { step = 1, floor_percent = 7 } }"
)
JOBS = """
[[jobs]]
run = "loc"
at = "close+30m"
"""


async def test_the_sheet_of_monday_is_told_on_friday_evening(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"dips": DIPS}, jobs=JOBS)) as here:
        await here.submit("dips", buy("TQQQ", "15"))
        await until(here, new_york(15, 59))
        await here.set_price("TQQQ", "105.30")
        await until(here, new_york(16, 31))
        (notice,) = told(here, "loc_sheet")
        assert (notice["symbol"], notice["day"], notice["close"]) == (
            "TQQQ",
            "2026-11-23",
            "105.3",
        )
        assert notice["sheet"].splitlines() == [
            "kind      price  quantity  note",
            "-------  ------  --------  ---------------------------------------------",
            "buy      104.25        19  bought (close ≤ $104.25)",
            "sell TP     105        15  not netted (sold at a close of $105 or above)",
            "stop loss of dips: 15 at a close of $80 or below",
            "buy (-5.03%) of dips, not sent: 1 at $100",
            "Rows are alternatives: do not send them together.",
        ]
        assert parents(here, "order_type = 'LOC'") == []
        assert runs(here) == [("loc close+30m", "", "2026-11-20", RunStatus.DONE)]


async def test_a_holiday_between_moves_the_sheet_to_the_day_after(tmp_path: Path) -> None:
    closed = {date(2026, 11, 23)}
    async with morning(tmp_path, house({"dips": DIPS}, jobs=JOBS), closed=closed) as here:
        await until(here, new_york(16, 31))
        assert [notice["day"] for notice in told(here, "loc_sheet")] == ["2026-11-24"]


async def test_in_korean_the_table_is_korean(tmp_path: Path) -> None:
    text = house({"dips": DIPS}, jobs=JOBS, more="") + '\n[daemon]\nlocale = "ko"\n'
    async with morning(tmp_path, text) as here:
        await until(here, new_york(16, 31))
        (notice,) = told(here, "loc_sheet")
        assert notice["sheet"].startswith("구분")
        assert "매수" in notice["sheet"]


async def test_a_silent_broker_is_asked_again(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"dips": DIPS}, jobs=JOBS)) as here:
        await until(here, new_york(16, 29))
        for _ in range(3):
            paper(here).faults.script("quote", Fault.SERVER_ERROR_BEFORE)
        await until(here, new_york(16, 35))
        assert len(told(here, "loc_sheet")) == 1


async def test_an_account_without_such_books_has_no_sheet(tmp_path: Path) -> None:
    async with morning(tmp_path, house({}, jobs=JOBS)) as here:
        await until(here, new_york(16, 31))
        assert told(here, "loc_sheet") == []
        assert runs(here) == [("loc close+30m", "", "2026-11-20", RunStatus.DONE)]


def examples() -> tuple[str, str]:
    """Return the configuration of the how-to: what shows, and what is added to send."""
    page = (ROOT / "docs/how-to/buy-dips-at-the-close.md").read_text(encoding="utf-8")
    shows, sends = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    return shows, sends


async def test_the_example_of_the_how_to_shows(tmp_path: Path) -> None:
    async with morning(tmp_path, examples()[0]) as here:
        await until(here, new_york(17, 1))
        assert len(told(here, "loc_sheet")) == 1
        assert parents(here) == []


async def test_the_example_of_the_how_to_sends(tmp_path: Path) -> None:
    shows, sends = examples()
    async with morning(tmp_path, shows.replace('[loc]\nmode = "sheet"\n', "") + sends) as here:
        await until(here, new_york(9, 41))
        (order,) = parents(here, "book = '@loc'")
        assert (order["total"], order["limit_price"]) == ("30", "65.11")
        await here.set_price("TQQQ", "65")
        await until(here, new_york(17, 1))
        assert await here.held("dips", "TQQQ", account="us") == 30
        (notice,) = told(here, "loc_sheet")
        assert (notice["day"], notice["close"]) == ("2026-11-23", "65")
