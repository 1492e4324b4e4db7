from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.domain import OrderType
from daemon.execution.halts import Scope
from daemon.notify.lengths import TEXT_UNITS_MAX, units
from tests.daemon.telegram.bots import room
from tests.support.world import buy, sell

if TYPE_CHECKING:
    from pathlib import Path

LOW = {"kind": OrderType.LIMIT, "price": "1"}


async def test_a_person_sees_whether_all_is_well(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.day.submit("beta", buy("SOXL", "4", **LOW))
        assert (await here.write("/status")).text == (
            "nettingd: ready\nmain: paper, paper, 3 books\norders: 1 asked for, 1 at brokers"
        )


async def test_a_person_sees_what_is_not_well_and_what_is_halted(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        here.readiness.register("database", lambda: "the disk is full")
        await here.day.engine.halts.halt(Scope.BOOK, "a", "odd fills", here.day.now)
        said = (await here.write("/status")).text.splitlines()
        assert said[:3] == [
            "nettingd: not ready",
            "\u26a0\ufe0f database: the disk is full",
            "halted: book a (odd fills)",
        ]


async def test_positions_are_told_with_their_cost_and_what_is_set_aside(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.day.submit("alpha", buy("TQQQ", "10"))
        await here.day.settle()
        await here.day.submit("alpha", sell("TQQQ", "4", kind=OrderType.LIMIT, price="200"))
        said = (await here.write("/positions a")).text.splitlines()
        assert said[0] == "a @ main: 10 TQQQ at 100 (4 reserved)"
        assert [line.split(":")[0] for line in said] == ["a @ main", "a @ main"]
        everything = (await here.write("/positions")).text.splitlines()
        assert len(everything) == 4
        assert (await here.write("/positions main")).text.splitlines() == everything
        assert (await here.write("/positions gamma")).text == "c @ main: 100000 USD"


async def test_orders_are_told_with_the_id_that_cancels_them(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        assert (await here.write("/orders")).text == "no open orders"
        told = await here.day.submit("beta", buy("SOXL", "4", **LOW))
        order = told.body["results"][0]["orders"][0]["id"]
        assert (await here.write("/orders beta")).text == (
            f"b buy 4/4 SOXL LIMIT 1, working\n  {order}"
        )
        assert (await here.write("/orders a")).text == "no open orders"
        assert (await here.write("/orders nobody")).text == (
            "No account, strategy or book is called nobody."
        )


async def test_many_orders_are_one_message_that_counts_the_rest(tmp_path: Path) -> None:
    async with room(tmp_path) as here:
        await here.day.submit("beta", *[buy("SOXL", "1", **LOW)] * 80)
        said = await here.write("/orders")
        assert units(said.text) <= TEXT_UNITS_MAX + 20
        *lines, last = said.text.splitlines()
        assert last == f"{80 - len(lines) // 2} more"
