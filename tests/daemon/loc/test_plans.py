"""What the dip_loc books of an account would have at the next close."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from adapters.paper import Fault
from adapters.virtual_time import VirtualTimeLoop
from algorithms.domain import AccountName, Symbol
from daemon.config.service import Locale
from daemon.i18n import words_in
from daemon.loc.live import live_loc
from daemon.loc.plans import NoPlanError, plan_symbol, planned_symbols
from daemon.loc.text import plan_text
from tests.daemon.jobs.mornings import house, morning, new_york, until
from tests.support.world import World, buy

if TYPE_CHECKING:
    from pathlib import Path

loop_factory = VirtualTimeLoop
MAIN, TQQQ = AccountName("main"), Symbol("TQQQ")
DIPS = '{ type = "dip_loc", budget = "2000", buy_percent = -1, tp_percent = 5, max_days = 1 }'
DEAR = '{ type = "dip_loc", budget = "500", buy_percent = 6, tp_percent = 5 }'
TWO = house({"dips": DIPS, "dear": DEAR}, jobs="")


async def bought(here: World) -> None:
    await here.submit("dips", buy("TQQQ", "10"))
    await here.pass_time(5)


async def test_the_orders_of_all_books_come_to_one_sheet(tmp_path: Path) -> None:
    """The dear buy of one book stands above the other's sell: those two are netted."""
    async with morning(tmp_path, TWO) as here:
        await bought(here)
        await until(here, new_york(16, 30))
        assert planned_symbols(here.engine.services, MAIN) == [TQQQ]
        plan = await plan_symbol(here.engine.services, MAIN, TQQQ)
        assert plan is not None
        assert [(order.id, str(order.price), order.quantity) for order in plan.orders] == [
            ("dips:buy", "99.00", Decimal(20)),
            ("dips:1", "100.00", Decimal(10)),
            ("dear:buy", "106.00", Decimal(4)),
        ]
        found: Any = await live_loc(here.engine.services, "main", "TQQQ")
        assert found["orders"] == []
        assert found["next"]["day"] == "2026-11-23"
        assert found["next"]["books"][0]["sells"] == [
            {
                "price": "100",
                "why": "EXP",
                "quantity": "10",
                "entry": "100",
                "bought_on": "2026-11-20",
                "days": 1,
            }
        ]
        assert [(rung["side"], rung["price"]) for rung in found["next"]["ladder"]] == [
            ("sell", "106.01"),
            ("sell", "100"),
            ("buy", "99.99"),
            ("buy", "99"),
        ]


async def test_a_lot_is_for_sale_at_the_last_close_once_it_was_held_for_long(
    tmp_path: Path,
) -> None:
    async with morning(tmp_path, TWO) as here:
        await bought(here)
        today = await plan_symbol(here.engine.services, MAIN, TQQQ)
        await until(here, new_york(17))
        monday = await plan_symbol(here.engine.services, MAIN, TQQQ)
        assert today is not None
        assert monday is not None
        for plan, why, days in ((today, "TP", 0), (monday, "EXP", 1)):
            (sell,) = plan.books[0].plan.sells
            assert (sell.why.value, sell.held.days) == (why, days)


async def test_a_plan_on_a_price_that_is_no_official_close_says_so(tmp_path: Path) -> None:
    """The exchange is a day old and the market not open yet: nobody knows yesterday's close."""
    async with morning(tmp_path, TWO, at=new_york(8)) as here:
        early = await plan_symbol(here.engine.services, MAIN, TQQQ)
        assert early is not None
        assert early.previous_close == 100
        assert not early.is_final
        assert "not final yet" in plan_text(early, words_in(Locale.ENGLISH), Locale.ENGLISH)
        await until(here, new_york(16, 30))
        after = await plan_symbol(here.engine.services, MAIN, TQQQ)
        assert after is not None
        assert after.is_final
        assert after.as_json()["previous_close_final"] is True
        assert "not final" not in plan_text(after, words_in(Locale.ENGLISH), Locale.ENGLISH)


async def test_a_symbol_that_no_such_book_trades_has_no_plan(tmp_path: Path) -> None:
    async with morning(tmp_path, TWO) as here:
        assert await plan_symbol(here.engine.services, MAIN, Symbol("SOXL")) is None


async def test_a_symbol_that_the_broker_does_not_know_cannot_be_planned(tmp_path: Path) -> None:
    text = TWO.replace('["TQQQ"]', '["NOPE"]')
    async with morning(tmp_path, text) as here:
        with pytest.raises(NoPlanError, match="not traded here"):
            await plan_symbol(here.engine.services, MAIN, Symbol("NOPE"))


async def test_a_silent_broker_hides_the_plan_and_not_the_live_orders(tmp_path: Path) -> None:
    async with morning(tmp_path, TWO) as here:
        await bought(here)
        for _ in range(3):
            here.broker("main").faults.script("quote", Fault.SERVER_ERROR_BEFORE)
        await here.pass_time(5)
        found = await live_loc(here.engine.services, "main", "TQQQ")
        assert (found["next"], found["next_problem"]) == (None, "503 Service Unavailable")
