"""Orders and positions for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from algorithms.domain import OrderType
from daemon.service.exits import Exit
from tests.support.served import Served, served
from tests.support.world import buy

if TYPE_CHECKING:
    from pathlib import Path


async def morning(here: Served) -> None:
    await here.day.submit("alpha", buy("TQQQ", "10"))
    await here.day.submit("beta", buy("SOXL", "2", kind=OrderType.LIMIT, price="40"))
    await here.traded()


async def test_the_orders_that_live_are_shown_unless_all_are_wanted(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        code, out, _ = await here.nettingd("orders")
        assert (code, out) == (Exit.OK, "no such orders\n")
        await morning(here)
        _, out, _ = await here.nettingd("orders")
        assert ("SOXL" in out, "TQQQ" in out) == (True, False)
        _, out, _ = await here.nettingd("orders", "--all", "--json")
        assert [order["symbol"] for order in orjson.loads(out)["items"]] == ["SOXL", "TQQQ"]
        _, out, _ = await here.nettingd("orders", "--status", "done", "--book", "a", "--json")
        assert [order["symbol"] for order in orjson.loads(out)["items"]] == ["TQQQ"]
        _, out, _ = await here.nettingd("orders", "--all", "--limit", "1", "--json")
        assert len(orjson.loads(out)["items"]) == 1


async def test_one_order_tells_its_life(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await morning(here)
        _, out, _ = await here.nettingd("orders", "--all", "--json")
        order = orjson.loads(out)["items"][1]["id"]
        code, out, _ = await here.nettingd("orders", order)
        assert code == Exit.OK
        for words in ("children:", "fills:", "pairs: none", "phases:", "acknowledged"):
            assert words in out
        code, out, err = await here.nettingd("orders", "../fills")
        assert (code, out) == (Exit.FAILED, "")
        assert err == "nettingd orders: not_found: there is no such order\n"


async def test_positions_are_shown_by_book(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        await morning(here)
        code, out, _ = await here.nettingd("positions", "--book", "a", "--json")
        assert code == Exit.OK
        held = {item["asset"]: item["quantity"] for item in orjson.loads(out)["items"]}
        assert held["TQQQ"] == "10"
        _, out, _ = await here.nettingd("positions", "--symbol", "tqqq")
        assert out.splitlines()[2].split()[:4] == ["main", "a", "TQQQ", "10"]
