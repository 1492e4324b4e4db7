from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.clock import SystemClock
from algorithms.domain import OrderType
from daemon.cli.demo_books import Books, money
from daemon.cli.demo_stage import CONFIG, Stage
from tests.support.loops import in_virtual_time
from tests.support.world import Told, buy, sell, world

if TYPE_CHECKING:
    from pathlib import Path


def order_of(told: Told) -> str:
    (order,) = told.body["results"][0]["orders"]
    return str(order["id"])


def test_the_books_tell_what_was_netted_and_what_waits(tmp_path: Path) -> None:
    async def story() -> None:
        stage = Stage(tmp_path, SystemClock())
        books = Books(stage)
        async with world(tmp_path, CONFIG) as here:
            await here.submit("gamma", buy("TQQQ", "60"))
            await here.pass_time(2)
            twap = {"kind": OrderType.TWAP, "slices": 2, "minutes": "60"}
            bought = order_of(await here.submit("alpha", buy("TQQQ", "50", **twap)))
            sold = order_of(await here.submit("gamma", sell("TQQQ", "30")))
            low = {"kind": OrderType.LIMIT, "price": "40"}
            waiting = order_of(await here.submit("beta", buy("SOXL", "4", **low)))
            await here.pass_time(2)
            assert books.has_ended(sold)
            assert not books.has_ended(bought)
            assert books.filled(bought) == books.held("alpha", "TQQQ") == 30
            assert len(books.pairs()) == 1
            assert len(books.netting_fills()) == 2
            (child,) = books.children(waiting)
            assert books.waiting() == {"beta": {child["id"]}}
            assert books.newest_child("beta")["id"] == child["id"]
            assert len(books.sent(child["id"])) == 1
            assert books.ended_slices(bought) == []
            assert books.at_exchange() == books.inside()
            price = Decimal(books.pairs()[0]["price"])
            saved = books.saved()
            assert (saved.broker_orders, saved.value) == (1, 30 * price)
            assert saved.commission == saved.value * 2 * Decimal("0.0025")

    in_virtual_time(story())


def test_tables_show_books_and_not_what_is_inside_the_ledger(tmp_path: Path) -> None:
    async def story() -> None:
        books = Books(Stage(tmp_path, SystemClock()))
        async with world(tmp_path, CONFIG) as here:
            await here.submit("gamma", buy("TQQQ", "60"))
            await here.pass_time(2)
            closing = books.closing_table()
            assert "gamma" in closing
            assert "@" not in closing
            assert "10000.00" in closing
            assert books.pairs_table().count("\n") == 2

    in_virtual_time(story())


def test_money_is_written_to_the_cent() -> None:
    assert money(Decimal("59472.80765")) == "59472.81"
