from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.domain import AccountName
from daemon.jobs.snapshot import NOTHING, UNKNOWN, read_snapshot
from tests.daemon.jobs.mornings import house, morning, new_york, until
from tests.support.world import buy, sell

if TYPE_CHECKING:
    from pathlib import Path

MAIN = AccountName("main")
QUIET = '{ type = "schedule", cash = 1, weekdays = ["sun"] }'


async def test_it_holds_what_books_have_and_sold_since_they_were_asked(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": QUIET})) as here:
        await here.submit("bot", buy("TQQQ", "10"))
        await here.pass_time(1)
        await here.submit("bot", sell("TQQQ", "3"))
        await here.pass_time(1)
        before = await here.engine.store.read(lambda view: read_snapshot(view, MAIN, {"bot"}))
        assert before.holding("bot", "TQQQ").quantity == 7
        assert before.holding("bot", "TQQQ").cost == 700
        assert before.holding("bot", "USD").free == Decimal(99300)
        assert before.holding("bot", "SOXL") == NOTHING
        (sale,) = before.new_sales("bot", "TQQQ")
        assert (sale.day, sale.is_full) == (date(2026, 11, 20), False)

        await until(here, new_york(9, 36))
        await here.submit("bot", sell("TQQQ", "7"))
        await here.pass_time(1)
        after = await here.engine.store.read(lambda view: read_snapshot(view, MAIN, {"bot"}))
        (sale,) = after.new_sales("bot", "TQQQ")
        assert sale.is_full
        assert after.state("bot", "TQQQ").seen_fill == before.last_fill


async def test_a_fresh_account_has_nothing_to_tell(tmp_path: Path) -> None:
    async with morning(tmp_path, house({})) as here:
        found = await here.engine.store.read(lambda view: read_snapshot(view, MAIN, ()))
        assert found.last_fill == ""
        assert found.state("bot", "TQQQ") == UNKNOWN
        assert found.new_sales("bot", "TQQQ") == ()
