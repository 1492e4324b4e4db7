from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING

from daemon.config.market import Market
from tests.support.markets import weekdays
from tests.year.story import live

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.sessions import Session


def sessions() -> dict[Market, tuple[Session, ...]]:
    """A fortnight with a holiday, a half day, and the end of daylight saving in New York."""
    compute = weekdays(closed=[date(2026, 11, 3)], half=[date(2026, 11, 4)])
    first, last = date(2026, 7, 1), date(2027, 12, 31)
    markets = (Market.XKRX, Market.XNYS)
    return {market: asyncio.run(compute(market, first, last)) for market in markets}


def test_a_week_of_the_year_goes_by_as_planned(tmp_path: Path) -> None:
    first, last = date(2026, 10, 30), date(2026, 11, 6)
    tally = live(tmp_path, sessions(), first=first, last=last, downs=2, seed=3)
    assert tally.evenings == 10
    assert tally.runs["make_orders"] >= 48
    assert tally.crossed
