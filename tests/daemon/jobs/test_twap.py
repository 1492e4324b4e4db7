from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from adapters.paper.faults import Fault
from algorithms.domain import OrderType
from daemon.execution.halts import Scope
from daemon.execution.slicer import Slicer
from tests.daemon.jobs.mornings import DAILY, house, morning, new_york, until
from tests.support.books import all_is_well, children, parents, select
from tests.support.world import buy

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SELLS = '{ type = "schedule", side = "sell", quantity = 3 }'
SLICES = """
[[jobs]]
run = "make_orders"
at = "open+5m"
[[jobs]]
run = "twap"
at = ["open+10m", "open+20m", "open+30m", "open+40m", "open+50m"]
"""


async def test_three_shares_in_five_slices(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": SELLS}, jobs=SLICES)) as here:
        await here.submit("bot", buy("TQQQ", "3"))
        await until(here, new_york(10, 30))
        sells = children(here, "side = 'sell'")
        assert [(row["quantity"], row["created_at"]) for row in sells] == [
            ("1", int(new_york(10, minute).timestamp() * 1_000_000)) for minute in (0, 10, 20)
        ]
        assert parents(here, "side = 'sell'")[0]["status"] == "done"
        await all_is_well(here)


async def test_a_failed_slice_uses_up_its_slot_and_its_value_goes_on(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": DAILY})) as here:
        await until(here, new_york(9, 36))
        here.exchange().faults.script("place", Fault.REJECT)
        await until(here, new_york(10, 30))
        placed = [(row["quantity"], row["state"]) for row in children(here)]
        assert placed == [("2", "rejected"), ("3", "filled"), ("3", "filled"), ("3", "filled")]


async def test_a_halt_lets_slots_go_by_and_after_the_last_the_order_expires(
    tmp_path: Path,
) -> None:
    async with morning(tmp_path, house({"bot": DAILY})) as here:
        await until(here, new_york(9, 45))
        await here.engine.halts.halt(Scope.BOOK, "bot", "by hand", here.clock.now())
        await until(here, new_york(10, 9))
        (order,) = parents(here)
        assert (order["status"], order["slices_left"]) == ("working", 1)
        await until(here, new_york(10, 11))
        (order,) = parents(here)
        assert (order["status"], order["remain"]) == ("expired", "800")
        assert await here.reserved("bot", "USD") == 0
        await all_is_well(here)


async def test_a_sell_that_ends_with_part_of_it_sold_says_so(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": SELLS})) as here:
        await here.submit("bot", buy("TQQQ", "3"))
        await until(here, new_york(10, 1))
        await here.engine.halts.halt(Scope.BOOK, "bot", "by hand", here.clock.now())
        await until(here, new_york(10, 30))
        (order,) = parents(here, "side = 'sell'")
        assert (order["kind"], order["status"], order["remain"]) == ("SELL_PART", "expired", "1")
        assert {row["kind"] for row in select(here, "SELECT kind FROM fills")} == {"BUY", "SELL"}
        await all_is_well(here)


async def test_slices_that_down_time_swallowed_leave_their_value_to_the_rest(
    tmp_path: Path,
) -> None:
    text = house({"bot": DAILY}).replace("catch_up_minutes = 30", "catch_up_minutes = 5")
    async with morning(tmp_path, text) as here:
        await until(here, new_york(9, 41))
        clock = here.clock
    await clock.sleep((new_york(10, 9) - clock.now()).total_seconds())
    async with morning(tmp_path, text, clock=clock, seed=2) as here:
        await until(here, new_york(10, 15))
        # 09:50 and 10:00 are missed; the last time takes all that is left.
        assert [row["quantity"] for row in children(here)] == ["2", "7"]
        assert await here.held("bot", "TQQQ") == Decimal(9)
        await all_is_well(here)


async def test_a_slice_whose_turn_was_stored_before_a_kill_is_not_worked_a_day_later(
    tmp_path: Path,
) -> None:
    text = house({"bot": DAILY})
    async with morning(tmp_path, text) as here:
        await until(here, new_york(9, 45))
        (order,) = parents(here)
        await here.engine.store.write(
            lambda tx: tx.execute(
                "begin_slices", account="main", left=3, since=0, now=order["created_at"]
            )
        )
        clock = here.clock
    await clock.sleep((new_york(8, day=23) - clock.now()).total_seconds())
    async with morning(tmp_path, text, clock=clock, seed=2) as here:
        await here.pass_time(60)
        assert len(children(here)) == 1


async def test_orders_with_a_schedule_of_their_own_do_not_wait_for_the_job(
    tmp_path: Path,
) -> None:
    async with morning(tmp_path, house({"bot": DAILY})) as here:
        twap = buy("TQQQ", "4", kind=OrderType.TWAP, slices=2, minutes="10")
        await here.submit("bot", twap)
        await until(here, new_york(9, 11))
        assert [row["quantity"] for row in children(here)] == ["2", "2"]


async def test_without_a_time_left_an_order_is_worked_at_once(tmp_path: Path) -> None:
    jobs = '[[jobs]]\nrun = "make_orders"\nat = "open+5m"\n'
    async with morning(tmp_path, house({"bot": DAILY}, jobs=jobs)) as here:
        await until(here, new_york(9, 36))
        assert [row["quantity"] for row in children(here)] == ["9"]
        assert parents(here)[0]["status"] == "done"


async def test_slices_planned_together_are_those_planned_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = {"cash": DAILY, "units": '{ type = "schedule", quantity = 7 }', "seller": SELLS}
    seen: list[object] = []
    for name, alone in (("together", False), ("alone", True)):
        (tmp_path / name).mkdir()
        if alone:
            monkeypatch.setattr(Slicer, "_plain", lambda *_: None)
        lived = timedelta(seconds=asyncio.get_running_loop().time())
        clock = LoopClock(new_york(9) - lived)
        async with morning(tmp_path / name, house(books), clock=clock) as here:
            await here.submit("seller", buy("TQQQ", "3", nets=False))
            await here.engine.halts.halt(Scope.BOOK, "seller", "by hand", here.clock.now())
            await until(here, new_york(9, 45))
            await here.engine.halts.resume(Scope.BOOK, "seller")
            await until(here, new_york(10, 30))
            await all_is_well(here)
            columns = (
                "book, side, quantity, limit_price, reserve_price, state, created_at, cancel_at"
            )
            seen.append(
                (
                    select(here, f"SELECT {columns} FROM child_orders ORDER BY created_at, book"),  # noqa: S608 - our words
                    select(here, "SELECT * FROM positions ORDER BY book, asset"),
                    select(
                        here, "SELECT book, status, remain, reason FROM parent_orders ORDER BY id"
                    ),
                )
            )
    assert seen[0] == seen[1]
