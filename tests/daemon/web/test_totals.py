"""Sums follow what was traded, exactly, however they are looked at."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from adapters.sqlite.errors import StorageBusyError
from daemon.web import totals as module
from daemon.web.page import queries
from daemon.web.totals import Totals
from tests.support.world import started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    import pytest

    from daemon.web.page import Sources


class Account:
    currency = "USD"


class Registry:
    accounts: Mapping[str, Account] = {"main": Account()}


class Engine:
    registry = Registry()


class Breaths:
    """Counts how often somebody lets others go first."""

    def __init__(self) -> None:
        self.breaths = 0

    async def sleep(self, _: float) -> None:
        self.breaths += 1
        await asyncio.sleep(0)


class Tables:
    """Fills and pairs of a real database, and nothing else."""

    engine = Engine()

    def __init__(self) -> None:
        self.database = sqlite3.connect(":memory:")
        self.database.row_factory = sqlite3.Row
        self.database.execute(
            "CREATE TABLE fills (id, account, book, source, profit, fee, fee_asset, market_day)"
        )
        self.database.execute(
            "CREATE TABLE netting_pairs "
            "(id, account, quantity, price, commission_saved, broker_orders_saved)"
        )
        self.trips = self.number = 0
        self.clock = Breaths()
        self.is_busy = False
        self.asked = asyncio.Event()

    def fill(self, book: str, day: str, profit: str | None, fee: str, fee_asset: str) -> None:
        row = (f"{self.number:026}", "main", book, "broker", profit, fee, fee_asset, day)
        self.database.execute("INSERT INTO fills VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        self.number += 1

    def pair(self, quantity: str, price: str, commission: str) -> None:
        row = (f"{self.number:026}", "main", quantity, price, commission, 2)
        self.database.execute("INSERT INTO netting_pairs VALUES (?, ?, ?, ?, ?, ?)", row)
        self.number += 1

    async def read(self, work: Callable[[object], object]) -> object:
        self.trips += 1
        self.asked.set()
        if self.is_busy:
            raise StorageBusyError("locked")

        def fetch(query: str, **values: object) -> list[sqlite3.Row]:
            return self.database.execute(queries()[query], values).fetchall()

        return work(fetch)


async def looked(sums: Totals, tables: Tables) -> bool:
    """Look once; return whether what was seen was whole."""
    return await sums.follow(cast("Sources", tables))


@asynccontextmanager
async def making(sums: Totals, tables: Tables) -> AsyncIterator[asyncio.Event]:
    """Have the sums made beside the story; tell when they were."""
    told = asyncio.Event()
    work = started(sums.run(cast("Sources", tables), told.set))
    yield told
    work.cancel()
    await asyncio.wait({work})


async def whole(sums: Totals, tables: Tables) -> None:
    """Look until what is seen is whole, as pages do that are told when it is."""
    async with making(sums, tables) as told:
        while not await looked(sums, tables):
            await told.wait()
            told.clear()


async def test_gains_are_profits_less_fees_in_the_accounts_currency() -> None:
    tables, sums = Tables(), Totals()
    tables.fill("a", "2026-11-19", None, "0.75", "USD")
    tables.fill("a", "2026-11-20", "12.5", "0.25", "USD")
    tables.fill("a", "2026-11-20", "1", "0.001", "BNB")
    tables.fill("b", "2026-11-20", "-3", "0", "USD")
    await whole(sums, tables)
    assert sums.curve("main", ["a"]) == [
        ("2026-11-19", Decimal("-0.75")),
        ("2026-11-20", Decimal("12.5")),
    ]
    assert sums.curve("main", ["a", "b"])[-1] == ("2026-11-20", Decimal("9.5"))
    assert sums.gain_on("main", "a", "2026-11-20").trades == 2
    assert sums.gain_on("main", "nobody", "2026-11-20").trades == 0


async def test_only_what_is_new_is_read_and_a_lot_comes_little_by_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 10)
    tables, sums = Tables(), Totals()
    for _ in range(25):
        tables.fill("a", "2026-11-20", "1", "0", "USD")
    assert not await looked(sums, tables)
    assert tables.trips == 1, "nobody who looks waits for the sums of all that was"
    async with making(sums, tables) as told:
        await told.wait()
    assert (tables.trips, tables.clock.breaths) == (3, 1)
    assert await looked(sums, tables)
    trips = tables.trips
    tables.fill("a", "2026-11-20", "1", "0", "USD")
    assert await looked(sums, tables)
    assert tables.trips == trips + 1
    assert sums.gain_on("main", "a", "2026-11-20").gain == 26


async def test_what_is_too_much_for_one_look_is_not_shown_as_whole_before_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 10)
    tables, sums = Tables(), Totals()
    await whole(sums, tables)
    for _ in range(25):
        tables.fill("a", "2026-11-20", "1", "0", "USD")
    assert not await looked(sums, tables)
    assert not await looked(sums, tables)
    await whole(sums, tables)
    assert sums.gain_on("main", "a", "2026-11-20").gain == 25


async def test_sums_that_a_busy_database_kept_back_are_made_at_the_next_look() -> None:
    tables, sums = Tables(), Totals()
    tables.fill("a", "2026-11-20", "1", "0", "USD")
    tables.is_busy = True
    async with making(sums, tables) as told:
        await tables.asked.wait()
        tables.is_busy = False
        while not await looked(sums, tables):
            await told.wait()
    assert sums.gain_on("main", "a", "2026-11-20").gain == 1


async def test_old_days_are_put_together_and_the_sum_stays_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "DAYS_KEPT", 3)
    tables, sums = Tables(), Totals()
    for day in range(10, 20):
        tables.fill("a", f"2026-11-{day}", "1", "0", "USD")
    await whole(sums, tables)
    curve = sums.curve("main", ["a"])
    assert [day for day, _ in curve] == ["2026-11-17", "2026-11-18", "2026-11-19"]
    assert curve[-1][1] == 10


async def test_savings_of_pairs_add_up() -> None:
    tables, sums = Tables(), Totals()
    for _ in range(3):
        tables.pair("2", "100", "0.5")
    tables.pair("0.1", "0.123456789012345678", "0")
    await whole(sums, tables)
    saved = sums.saved["main"]
    assert (saved.pairs, saved.broker_orders) == (4, 8)
    assert saved.value == Decimal("600.0123456789012345678")
    assert saved.commission == Decimal("1.5")
