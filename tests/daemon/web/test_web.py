"""The small parts of pages: pictures, templates, the lists they lean on."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.web import chart
from daemon.web.templates import FOLDER, environment
from tests.support.served import served

if TYPE_CHECKING:
    from pathlib import Path

BUY_THREE = {"strategy": "alpha", "order_type": "MARKET", "symbol": "TQQQ", "side": "buy", "qty": 3}


def test_a_line_begins_with_nothing_won_and_stays_in_its_field() -> None:
    drawn = chart.line([Decimal(10), Decimal(-10), Decimal(5)])
    assert drawn is not None
    assert drawn.points == "0,24 80,2 160,46 240,13"
    assert drawn.zero == "24"
    assert chart.line([]) is None
    flat = chart.line([Decimal(0)])
    assert flat is not None
    assert flat.points == "0,24 240,24"


@given(st.lists(st.decimals(-1000, 1000, places=2), min_size=1, max_size=30))
def test_no_point_lies_outside(values: list[Decimal]) -> None:
    drawn = chart.line(values)
    assert drawn is not None
    for point in drawn.points.split():
        x, y = map(Decimal, point.split(","))
        assert 0 <= x <= chart.WIDTH
        assert 0 <= y <= chart.HEIGHT


def test_a_name_that_a_page_forgot_is_an_error_and_values_are_escaped() -> None:
    made = environment()
    assert made.from_string("{{ x }}").render(x="<b>") == "&lt;b&gt;"
    with pytest.raises(jinja2.UndefinedError):
        made.from_string("{{ nobody }}").render()


def test_only_the_shell_trusts_what_it_is_given() -> None:
    trusting = {
        path.name for path in FOLDER.glob("*.html") if "|safe" in path.read_text(encoding="utf-8")
    }
    assert trusting == {"shell.html"}, "its main part, which was escaped when it was made"


def test_every_live_part_has_a_name_to_be_found_by() -> None:
    for path in FOLDER.glob("*.html"):
        for tag in re.findall(r"<[a-z]+[^>]*data-live[^>]*>", path.read_text(encoding="utf-8")):
            assert 'id="' in tag, (path.name, tag)


async def test_the_log_is_narrowed_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.web.log.LIMIT", 2)
    async with served(tmp_path) as here:
        for reason in ("first", "second", "third"):
            await here.post("/api/halt", {"reason": reason})
        newest = await here.page("/log")
        assert "third" in newest
        assert "first" not in newest
        older = re.search(r'href="(/log\?after=[^"]+)"', newest)
        assert older is not None
        assert "first" in await here.page(older[1].replace("&amp;", "&"))
        assert "Nothing." in await here.page("/log?level=alarm")


async def test_what_crossing_saved_is_summed_up(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        assert "Nothing was crossed yet" in await here.page("/netting")
        await here.post("/api/orders", BUY_THREE)
        await here.traded()
        slices = {"order_type": "TWAP", "symbol": "TQQQ", "slices": 2, "minutes": 2}
        await here.post("/api/orders", {**slices, "strategy": "alpha", "side": "sell", "qty": 3})
        await here.post("/api/orders", {**slices, "strategy": "beta", "side": "buy", "qty": 3})
        await here.post("/api/netting/run", {})
        html = await here.page("/netting")
        assert "Nothing was crossed yet" not in html
        assert "Commission not paid" in html
        assert "1.5" in html, "0.25 % of 300, twice"
        assert html.count('">buy</a>') == 1
