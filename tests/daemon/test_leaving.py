"""What keeps a book or an account in the configuration."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from adapters.virtual_time import VirtualTimeLoop
from algorithms.domain import SUSPENSE, AccountName, BookName, OrderType
from daemon.config import load_config
from daemon.leaving import obstacles, stays
from tests.support.world import THREE_BOOKS, buy, world

if TYPE_CHECKING:
    from pathlib import Path

    from daemon.config import Config
    from daemon.storage.tx import Tx
    from tests.support.world import World

loop_factory = VirtualTimeLoop

BOOK_C = '[books.c]\nstrategy = "gamma"\naccount = "main"\ncapital = "100000"\n'
OTHER = """
[accounts.other]
market = "24/7"
currency = "USD"
[accounts.other.paper]
prices = { TQQQ = "100" }
"""


def read(folder: Path, text: str) -> Config:
    path = folder / "other.toml"
    path.write_text(text)
    return load_config(path, {})


async def found(here: World, folder: Path, text: str) -> list[str]:
    new = read(folder, text)
    problems = await here.engine.store.read(
        partial(obstacles, old=here.engine.current.setup, new=new)
    )
    return [str(problem) for problem in problems]


async def test_a_book_with_nothing_but_cash_may_go(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        assert await found(here, tmp_path, THREE_BOOKS.replace(BOOK_C, "")) == []
        assert await here.held("c", "USD") == 100_000


async def test_everything_that_is_in_the_way_is_told_at_once(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("beta", buy("TQQQ", "10"))
        await here.submit("gamma", buy("SOXL", "20"))
        await here.submit("gamma", buy("SOXL", "1", kind=OrderType.LIMIT, price="40"))
        await here.pass_time(1)
        only_a = THREE_BOOKS.replace(BOOK_C, "").replace("[books.b]", "[books.b2]")
        advice = " (set active = false, let it end, then take the book out)"
        assert await found(here, tmp_path, only_a) == [
            f"books.b: cannot go: b holds 10 TQQQ{advice}",
            f"books.c: cannot go: 1 order has not ended{advice}",
            f"books.c: cannot go: c holds 20 SOXL{advice}",
        ]


async def test_a_book_of_another_strategy_or_account_is_another_book(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.submit("gamma", buy("TQQQ", "10"))
        await here.pass_time(1)
        swapped = THREE_BOOKS.replace('strategy = "gamma"', 'strategy = "idle"') + (
            "[strategies.idle]\n"
        )
        moved = THREE_BOOKS.replace(BOOK_C, BOOK_C.replace('"main"', '"other"')) + OTHER
        for text in (swapped, moved):
            (problem,) = await found(here, tmp_path, text)
            assert problem.startswith("books.c: cannot go: c holds 10 TQQQ")
            assert not stays(BookName("c"), here.engine.config, read(tmp_path, text))
        assert stays(BookName("a"), here.engine.config, read(tmp_path, moved))


async def test_an_account_keeps_what_is_in_suspense(tmp_path: Path) -> None:
    async with world(tmp_path, THREE_BOOKS + OTHER) as here:

        def surprise(tx: Tx) -> None:
            tx.position(AccountName("other"), SUSPENSE, "TQQQ").quantity += Decimal(3)

        assert await found(here, tmp_path, THREE_BOOKS) == []
        await here.engine.store.write(surprise)
        (problem,) = await found(here, tmp_path, THREE_BOOKS)
        assert problem == (
            "accounts.other: cannot go: @suspense holds 3 TQQQ (sell or assign it first)"
        )


async def test_an_account_with_money_stays_where_it_is(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        elsewhere = THREE_BOOKS.replace(
            "[accounts.main.paper]", '[accounts.main.paper]\ndatabase = "elsewhere.db"'
        )
        (problem,) = await found(here, tmp_path, elsewhere)
        assert problem.startswith("accounts.main.paper.database: cannot change: a holds 100000 USD")
        assert "b holds 100000 USD, c holds 100000 USD (" in problem
        assert await found(here, tmp_path, THREE_BOOKS.replace("0.25", "0.1")) == []
