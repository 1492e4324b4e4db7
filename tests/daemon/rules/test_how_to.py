"""The worked example of the documentation, done as it says."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from algorithms.domain import Symbol
from tests.daemon.config.loading import complaints
from tests.daemon.jobs.mornings import HEAD, morning, new_york, until
from tests.support.books import all_is_well, told
from tests.support.installed import install

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "my-own-rule.md"


def shown(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


async def test_the_rule_of_the_how_to_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = shown("python")
    points, book = shown("toml")
    entry_points = points.replace('[project.entry-points."nettingd.rules"]', "[nettingd.rules]")
    install(tmp_path, monkeypatch, "dip_rules", code, entry_points.replace('"', ""))
    text = f"{HEAD}[strategies.dip]\n{book}"

    async with morning(tmp_path, text) as here:
        market = here.exchange().exchange
        for day, price in ((20, "100"), (23, "96.99")):
            await until(here, new_york(9, 20, day=day))
            await market.set_price(Symbol("TQQQ"), Decimal(price))
            await until(here, new_york(12, day=day))
        first, second = told(here, "rule_decided")
        assert first["decision"].startswith("no order: price 100, last close 100, buys below 97")
        assert second["decision"].startswith("buy: price 96.99, last close 100, buys below 97")
        assert await here.held("dip", "TQQQ") == 5
        await all_is_well(here)

    assert complaints(tmp_path, text.replace("percent = 3", "percent = 0")).keys() == {
        "books.dip.rule.percent"
    }
