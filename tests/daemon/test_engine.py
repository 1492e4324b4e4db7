"""The engine as a whole: it starts with what is there, keeps its promises, and ends in order."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.sqlite.errors import StorageError
from algorithms.domain import OrderType
from tests.support.books import MAIN, all_is_well, children, paper, parents, select, states
from tests.support.loops import in_virtual_time
from tests.support.mortal import Life
from tests.support.world import THREE_BOOKS, buy, cancel_all, sell, world

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = OrderType.LIMIT


def test_capital_is_posted_once_and_a_change_of_it_as_the_difference(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            assert await here.held("a", "USD") == 100_000
            clock = here.clock
        async with world(tmp_path, clock=clock, seed=2) as here:
            assert await here.held("a", "USD") == 100_000
            assert len(select(here, "SELECT * FROM ledger_events WHERE kind = 'capital'")) == 3
        less = THREE_BOOKS.replace('capital = "100000"', 'capital = "90000"', 1)
        async with world(tmp_path, less, clock=clock, seed=3) as here:
            assert await here.held("a", "USD") == 90_000

    in_virtual_time(story())


def test_orders_outlive_the_daemon_and_are_still_its_own(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
            await here.submit("beta", buy("TQQQ", "10", kind=LIMIT, price="90"))
            clock = here.clock
        async with world(tmp_path, clock=clock, seed=2) as here:
            assert states(here) == ["open", "open"]
            reply = await here.submit("alpha", cancel_all(), key="all")
            assert reply.body["cancelled_orders"] == 1
            assert len(await paper(here).open_orders()) == 1
            await paper(here).exchange.set_price("TQQQ", Decimal(90))  # type: ignore[arg-type]
            await here.pass_time(1)
            assert await here.held("b", "TQQQ") == 10
            await all_is_well(here)

    in_virtual_time(story())


def test_ten_lives_of_one_day_lose_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        clock = None
        for life_number in range(10):
            life = Life()
            async with world(tmp_path, clock=clock, seed=life_number + 1, life=life) as here:
                clock = here.clock
                day = str(life_number)
                await here.submit("alpha", buy("TQQQ", "3"), key=day)
                await here.submit("beta", buy("TQQQ", "2", kind=LIMIT, price="95"), key=day)
                await life.kill()
        async with world(tmp_path, clock=clock, seed=99) as here:
            await here.pass_time(60)
            bought = sum(Decimal(row["filled"]) for row in children(here, "book = 'a'"))
            assert await here.held("a", "TQQQ") == bought <= 30
            assert len(await paper(here).open_orders()) == len(
                children(here, "book = 'b' AND state = 'open'")
            )
            await all_is_well(here)

    in_virtual_time(story())


def test_waking_lets_every_account_look_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as here:
            await here.submit("alpha", buy("TQQQ", "10"))
            await here.pass_time(1)
            await here.submit("alpha", sell("TQQQ", "10", kind=LIMIT, price="120"))
            here.engine.fleet.wake()
            await here.pass_time(1)
            assert here.engine.accounts[MAIN].problem is None
            assert [row["status"] for row in parents(here)] == ["done", "working"]

    in_virtual_time(story())


def test_a_database_that_is_none_stops_the_start_with_advice(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "nettingd.db").write_bytes(b"no database" * 1000)

    async def story() -> None:
        async with world(tmp_path):
            pass

    with pytest.raises(StorageError, match="restore"):
        in_virtual_time(story())
