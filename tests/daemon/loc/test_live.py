"""The sheet of the live orders, as they stand."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from algorithms.domain import Measure, OrderType, Side
from daemon.api.problems import BadInput
from daemon.loc.live import HERE_MAX, by_turns, live_loc
from tests.support.books import Wish, make
from tests.support.loops import in_virtual_time
from tests.support.world import buy, sell, world

if TYPE_CHECKING:
    from pathlib import Path


def test_live_orders_for_the_close_make_a_sheet(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            await here.submit("beta", buy("TQQQ", "40"))
            await here.pass_time(1)
            await here.submit("alpha", buy("TQQQ", "50", kind=OrderType.LOC, price="101"))
            await here.submit("beta", sell("TQQQ", "30", kind=OrderType.LOC, price="99"))
            await here.submit("gamma", buy("TQQQ", "3", kind=OrderType.MOC))
            await here.submit("gamma", buy("SOXL", "3", kind=OrderType.LOC, price="40"))
            found = await live_loc(here.engine.services, "main", "tqqq")
            assert found["skipped"] == []
            orders = found["orders"]
            assert isinstance(orders, list)
            assert [(o["book"], o["side"], o["price"], o["quantity"]) for o in orders] == [
                ("a", "buy", "101", "50"),
                ("b", "sell", "99", "30"),
                ("c", "buy", None, "3"),
            ]
            ladder = found["ladder"]
            assert isinstance(ladder, list)
            assert [(r["side"], r["price"], r["quantity"]) for r in ladder] == [
                ("sell", "101.01", "27"),
                ("buy", "101", "23"),
                ("buy", "98.99", "30"),
            ]

    in_virtual_time(story())


def test_an_order_for_cash_counts_with_the_units_that_are_sent_for_it(tmp_path: Path) -> None:
    """Its cash pays the commission, too: 1,000 dollars are nine shares at 100, not ten."""

    async def story() -> None:
        async with world(tmp_path) as here:
            cash = Wish(book="a", side=Side.BUY, value="1000", measure=Measure.CASH)
            limited = replace(cash, order_type=OrderType.LOC, limit="100", reserve_price="100.25")
            unlimited = replace(cash, order_type=OrderType.MOC, reserve_price="105")
            await make(here, limited, unlimited, replace(limited, value="100"))
            found = await live_loc(here.engine.services, "main", "TQQQ")
            orders = found["orders"]
            assert isinstance(orders, list)
            assert [(o["price"], o["quantity"]) for o in orders] == [("100", "9"), (None, "9")]
            skipped = found["skipped"]
            assert isinstance(skipped, list)
            assert len(skipped) == 1

    in_virtual_time(story())


async def test_many_orders_are_worked_on_beside_the_event_loop() -> None:
    here = threading.get_ident()
    assert await by_turns(HERE_MAX, threading.get_ident) == here
    assert await by_turns(HERE_MAX + 1, threading.get_ident) != here


def test_without_orders_there_is_an_empty_sheet(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            found = await live_loc(here.engine.services, "main", "SOXL")
            assert (found["orders"], found["rows"], found["ladder"]) == ([], [], [])

    in_virtual_time(story())


def test_what_is_no_account_or_symbol_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            for account, symbol, paths in (
                ("nobody", "a b", ["account", "symbol"]),
                ("nobody", "TQQQ", ["account"]),
                ("main", "", ["symbol"]),
                ("main", "NOSUCH", ["symbol"]),
            ):
                with pytest.raises(BadInput) as refused:
                    await live_loc(here.engine.services, account, symbol)
                assert [problem.path for problem in refused.value.problems] == paths

    in_virtual_time(story())
