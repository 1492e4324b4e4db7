"""Two days of a book that buys dips: its own sell and buy meet in the account's ladder."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.daemon.execution.ladder.stories import at_close, got, ladder_at_broker, outcomes
from tests.daemon.jobs.mornings import house, morning, new_york, until
from tests.support.books import all_is_well, told

if TYPE_CHECKING:
    from pathlib import Path

DIPS = '{ type = "dip_loc", budget = "2000", buy_percent = 8, tp_percent = 5, sl_percent = 20 }'
JOBS = """
[loc]
mode = "ladder"
[[jobs]]
run = "make_orders"
at = "close-1h"
"""


async def test_a_lot_bought_on_friday_is_sold_on_monday_against_the_next_buy(
    tmp_path: Path,
) -> None:
    async with morning(tmp_path, house({"dips": DIPS}, jobs=JOBS), at=new_york(14, 30)) as here:
        await until(here, new_york(15, 1))
        assert ladder_at_broker(here) == ["buy 18 @ 108"]
        await at_close(here, "100", close=new_york(16))
        assert await here.held("dips", "TQQQ") == 18
        # Over the week-end nothing happens but comparisons: the story goes on on Monday.
        now = here.clock.now()
    clock = here.clock
    await clock.sleep((new_york(14, 30, day=23) - now).total_seconds())
    async with morning(tmp_path, house({"dips": DIPS}, jobs=JOBS), clock=clock, seed=2) as here:
        await until(here, new_york(15, 1, day=23))
        assert ladder_at_broker(here) == ["sell 18 @ 108.01", "buy 18 @ 104.99"]
        await at_close(here, "106", close=new_york(16, day=23))
        # At 106 both fill, at one price and for no commission: nothing was left for the broker.
        assert got(here, "dips")[1:] == [
            ("sell", "18", "106", "netting"),
            ("buy", "18", "106", "netting"),
        ]
        assert [status for _, status, _ in outcomes(here)] == ["done", "done", "done"]
        assert len(told(here, "ladder_settled")) == 2
        await here.pass_time(timedelta(minutes=1).total_seconds())
        await all_is_well(here)
