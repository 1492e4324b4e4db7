from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import pytest

from adapters.broker import (
    Accepted,
    BrokerOrderState,
    BrokerUnavailableError,
    OutcomeUnknown,
    RefusalCode,
    Refused,
)
from adapters.paper.exchange import NotStoredError
from adapters.sqlite.driver import InlineDriver
from adapters.sqlite.errors import StorageFailedError
from algorithms.decimals import to_text
from algorithms.domain import ChildId, OrderType
from tests.support.paper import PaperMarket, paper_settings
from tests.support.paper_engine import BUY, SELL, TQQQ, request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from adapters.sqlite.driver import SqliteDriver

T = TypeVar("T")
LIMIT = OrderType.LIMIT


class CountingDriver:
    """The in-process driver, with a disk that can fill up or fail."""

    def __init__(self, driver: SqliteDriver) -> None:
        self._driver = driver
        self.trips = 0
        self.broken = False

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self.trips += 1
        if self.broken:
            raise StorageFailedError("input/output error")
        return await self._driver.run(work)

    def run_here(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return self._driver.run_here(work)

    async def fill_the_disk(self) -> None:
        def fill(connection: sqlite3.Connection) -> None:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")

        await self._driver.run(fill)

    async def free_the_disk(self) -> None:
        await self._driver.run(lambda disk: disk.execute("PRAGMA max_page_count = 1000000"))

    async def close(self) -> None:
        await self._driver.close()


class Market(PaperMarket):
    """A paper market whose disk the test holds in its hands."""

    def __init__(self, folder: Path) -> None:
        super().__init__(paper_settings(folder), open_driver=self._open_counting)
        self.disks: list[CountingDriver] = []

    async def _open_counting(self, path: Path, *, read_only: bool = False) -> SqliteDriver:
        self.disks.append(CountingDriver(await InlineDriver.open(path, read_only=read_only)))
        return self.disks[-1]


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Market]:
    async with Market(tmp_path) as market:
        yield market


def on_disk(market: Market, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(market.settings.database)) as disk:
        return disk.execute(query).fetchall()


async def test_what_is_acknowledged_is_on_disk(market: Market) -> None:
    broker = await market.open()
    await broker.exchange.place(request("a", BUY, 3))
    assert on_disk(market, "SELECT client_id, state, filled FROM orders") == [("a", "filled", "3")]
    assert on_disk(market, "SELECT cash FROM account") == [("9699.25",)]


async def test_orders_that_come_together_share_a_commit(market: Market) -> None:
    broker = await market.open()
    before = market.disks[0].trips
    orders = [request(f"c{number}", BUY, 1, LIMIT, limit="50") for number in range(100)]
    placed = await asyncio.gather(*(broker.exchange.place(order) for order in orders))
    assert not any(isinstance(order, Refused) for order in placed)
    assert market.disks[0].trips - before <= 2
    assert len(await broker.open_orders()) == 100


async def test_questions_about_prices_never_touch_the_disk(market: Market) -> None:
    broker = await market.open(walk_percent=Decimal(1))
    trips = market.disks[0].trips
    for _ in range(100):
        await market.clock.sleep(60)
        await broker.quote(TQQQ)
        await broker.instrument(TQQQ)
    assert market.disks[0].trips == trips


async def test_a_resting_order_costs_nothing_while_prices_stand(market: Market) -> None:
    broker = await market.open()
    await broker.exchange.place(request("a", BUY, 1, LIMIT, limit="50"))
    trips = market.disks[0].trips
    await market.clock.sleep(3600)
    assert market.disks[0].trips == trips


async def test_time_alone_fills_expires_and_commits(market: Market) -> None:
    """Nobody asks anything: the exchange wakes by itself, and its stream tells."""
    broker = await market.open()
    events = broker.events()
    await broker.exchange.place(request("a", BUY, 1, LIMIT, limit="50"))
    await broker.exchange.place(request("b", BUY, 1, OrderType.MOC))
    await market.clock.sleep(timedelta(hours=10, seconds=1).total_seconds())
    states = set(on_disk(market, "SELECT client_id, state FROM orders"))
    assert states == {("a", "expired"), ("b", "filled")}
    await broker.close()
    assert len([event async for event in events]) == 2 + 3


async def test_the_close_of_a_past_day_outlives_a_restart(market: Market) -> None:
    day = market.clock.now().date()
    broker = await market.open()
    assert await broker.closing_price(TQQQ, day) is None
    await broker.exchange.set_price(TQQQ, Decimal(97))
    await market.clock.sleep(timedelta(days=1).total_seconds())
    assert await broker.closing_price(TQQQ, day) == 97
    await broker.exchange.set_price(TQQQ, Decimal(99))
    await broker.close()
    assert await (await market.open()).closing_price(TQQQ, day) == 97


async def test_on_a_full_disk_an_order_is_refused_and_nothing_remains(market: Market) -> None:
    broker = await market.open()
    await broker.exchange.place(request("first", BUY, 1))
    await market.disks[0].fill_the_disk()
    refused = 0
    for number in range(200):
        outcome = await broker.place(request(f"c{number}", BUY, 1, LIMIT, limit="1"))
        if isinstance(outcome, Refused):
            assert outcome.code is RefusalCode.UNAVAILABLE
            refused += 1
    accepted = {client for (client,) in on_disk(market, "SELECT client_id FROM orders")}
    assert refused > 0
    assert len(accepted) == 201 - refused
    assert len(await broker.open_orders()) == 200 - refused
    await market.disks[0].free_the_disk()
    outcome = await broker.place(request("after", BUY, 1))
    assert isinstance(outcome, Accepted)
    holdings = await broker.holdings()
    assert holdings.positions == {TQQQ: 2}
    assert on_disk(market, "SELECT cash FROM account") == [(to_text(holdings.cash["USD"]),)]


async def test_those_who_share_a_failed_commit_share_its_fate(market: Market) -> None:
    """What one order did in memory is never stored by the next."""
    broker = await market.open()
    await broker.exchange.place(request("held", BUY, 10))
    cash = (await broker.holdings()).cash["USD"]
    await market.disks[0].fill_the_disk()
    orders = [request(f"c{number}", SELL if number % 2 else BUY, 1) for number in range(300)]
    outcomes = await asyncio.gather(*(broker.place(order) for order in orders))
    assert {type(outcome) for outcome in outcomes} == {Refused}
    await market.disks[0].free_the_disk()
    assert (await broker.holdings()).cash["USD"] == cash
    assert (await broker.holdings()).positions == {TQQQ: 10}
    assert on_disk(market, "SELECT count(*) FROM fills") == [(1,)]


async def test_when_even_reading_fails_the_outcome_is_unknown(market: Market) -> None:
    broker = await market.open()
    resting = await broker.place(request("resting", BUY, 1, LIMIT, limit="50"))
    market.disks[0].broken = True
    assert isinstance(await broker.place(request("a", BUY, 1)), OutcomeUnknown)
    second = await broker.place(request("b", BUY, 1))
    assert isinstance(second, Refused)
    assert second.code is RefusalCode.UNAVAILABLE
    with pytest.raises(BrokerUnavailableError):
        await broker.open_orders()
    with pytest.raises(BrokerUnavailableError):
        await broker.quote(TQQQ)
    with pytest.raises(NotStoredError):
        await broker.exchange.cancel(lambda engine: list(engine.book))
    market.disks[0].broken = False
    await market.clock.sleep(2)
    assert isinstance(resting, Accepted)
    (order,) = await broker.open_orders()
    assert order == resting.order


async def test_a_disk_that_stays_full_is_tried_once_a_second(market: Market) -> None:
    broker = await market.open()
    await broker.exchange.place(request("a", BUY, 1, LIMIT, limit="50"))
    market.disks[0].broken = True
    await market.clock.sleep(timedelta(hours=10, seconds=1).total_seconds())
    trips = market.disks[0].trips
    await market.clock.sleep(60)
    assert 50 <= market.disks[0].trips - trips <= 70
    market.disks[0].broken = False
    await market.clock.sleep(2)
    assert await broker.open_orders() == ()


async def test_a_session_left_behind_cannot_trade_any_more(market: Market) -> None:
    """Two sessions on one account: only what is on disk counts, and it stays consistent."""
    old = await market.open()
    await old.exchange.place(request("a", BUY, 1))
    new = await market.open()
    await new.exchange.place(request("b", BUY, 2))
    stale = await old.place(request("c", BUY, 4))
    assert isinstance(stale, Refused)
    assert (await new.holdings()).positions == {TQQQ: 3}
    assert isinstance(await old.place(request("d", BUY, 8)), Accepted)
    assert (await old.holdings()).positions == {TQQQ: 11}


async def test_a_caller_that_gives_up_during_the_commit_has_an_order_all_the_same(
    market: Market,
) -> None:
    broker = await market.open()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await broker.exchange.place(request("a", BUY, 1))
    await market.clock.sleep(1)
    order = await broker.exchange.order_of_client(ChildId("a"))
    assert order is not None
    assert order.state is BrokerOrderState.FILLED


async def test_closing_stores_what_waits_and_ends_the_tasks(market: Market) -> None:
    broker = await market.open()
    placing = asyncio.gather(*(broker.place(request(f"c{n}", BUY, 1)) for n in range(5)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await broker.close()
    outcomes = await placing
    accepted = sum(isinstance(outcome, Accepted) for outcome in outcomes)
    assert on_disk(market, "SELECT count(*) FROM orders") == [(accepted,)]
    assert [task for task in asyncio.all_tasks() if "paper" in task.get_name()] == []
