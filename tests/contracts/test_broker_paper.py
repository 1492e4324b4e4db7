"""The paper broker keeps the broker contract, in all the forms it has."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from adapters.broker import Holdings, OrderRequest, Refused
from adapters.clock import LoopClock, SystemClock
from adapters.paper import Fault
from adapters.paper.orders import View
from adapters.sessions import ListedSessions, Session
from adapters.sqlite.driver import InlineDriver, ThreadedDriver
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from tests.contracts.broker_contract import BrokerContract
from tests.contracts.venue import Mishap, OrderThere, Venue
from tests.support.paper import FRIDAY_AFTERNOON, TQQQ, PaperMarket, paper_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime
    from pathlib import Path

    from adapters.broker import Broker, BrokerOrder
    from adapters.clock import Clock
    from adapters.paper import PaperBroker
    from adapters.sessions import Sessions
    from adapters.sqlite.driver import OpenDriver
    from tests.contracts.venue import Asked

FAULTS = {
    Mishap.LOST_BEFORE: Fault.ANSWER_LOST_BEFORE,
    Mishap.LOST_AFTER: Fault.ANSWER_LOST_AFTER,
    Mishap.RESET_BEFORE: Fault.RESET_BEFORE,
    Mishap.RESET_AFTER: Fault.RESET_AFTER,
    Mishap.ERROR_BEFORE: Fault.SERVER_ERROR_BEFORE,
    Mishap.ERROR_AFTER: Fault.SERVER_ERROR_AFTER,
    Mishap.RATE_LIMIT: Fault.RATE_LIMIT,
}
LONGEST_REAL_WAIT = timedelta(seconds=2)
REAL_LIMIT_S = 1.0
"""How long an answer is waited for that is meant not to come."""
LOTS_HELD = 50


class PaperVenue(Venue):
    symbol = TQQQ
    currency = "USD"
    price = Decimal(100)
    tick = Decimal("0.01")
    lot = Decimal(1)
    lots_held = LOTS_HELD

    def __init__(self, market: PaperMarket, broker: PaperBroker, *, time_limit_s: float) -> None:
        self.market = market
        self.clock = market.clock
        self.time_limit_s = time_limit_s
        self.paper = broker

    @property
    def _in_real_time(self) -> bool:
        return isinstance(self.clock, SystemClock)

    @property
    def broker(self) -> Broker:
        return self.paper

    async def set_price(self, price: Decimal) -> None:
        await self.paper.exchange.set_price(self.symbol, price)

    async def fill_in_pieces(self) -> None:
        await self._reopen(fill="partial")

    def meet(self, asked: Asked, mishap: Mishap) -> None:
        if self._in_real_time:
            self.time_limit_s = REAL_LIMIT_S
        self.paper.faults.script(asked, FAULTS[mishap])

    def hold_up(self, asked: Asked, by: timedelta) -> None:
        if self._in_real_time:
            pytest.skip("who comes first is the machine's to say")
        self.paper.faults.script(asked, Fault.DELAY, delay_s=by.total_seconds())

    def repeat_next_fill(self) -> None:
        self.paper.faults.script_event(Fault.DUPLICATE_FILL)

    def delay_next_fill(self) -> None:
        self.paper.faults.script_event(Fault.LATE_FILL)

    def disconnect_stream(self, gap: timedelta) -> None:
        self.paper.stream.disconnect(gap)

    async def pass_time(self, by: timedelta) -> None:
        if self._in_real_time and by > LONGEST_REAL_WAIT:
            pytest.skip(f"would take {by.total_seconds()} s of real time")
        await self.clock.sleep(by.total_seconds())

    async def reach_close(self) -> None:
        close = self.market.sessions.next_close(self.clock.now())
        assert close is not None
        await self.pass_time(close - self.clock.now() + timedelta(seconds=1))

    async def orders_there(self) -> tuple[OrderThere, ...]:
        with closing(sqlite3.connect(self.market.settings.database)) as disk:
            rows = disk.execute(
                "SELECT client_id, number, state, filled FROM orders"
                " WHERE client_id <> 'endowment' ORDER BY sequence"
            ).fetchall()
        return tuple(
            OrderThere(
                client_id=ChildId(client_id),
                number=number,
                is_open=state in {"open", "partially_filled"},
                filled=Decimal(filled),
            )
            for client_id, number, state, filled in rows
        )

    async def holdings_there(self) -> Holdings:
        with closing(sqlite3.connect(self.market.settings.database)) as disk:
            (cash,) = disk.execute("SELECT cash FROM account").fetchone()
            positions = disk.execute("SELECT symbol, quantity FROM position").fetchall()
        return Holdings(
            positions={Symbol(symbol): Decimal(units) for symbol, units in positions},
            cash={self.currency: Decimal(cash)},
            at=self.clock.now(),
        )

    async def place_by_hand(self, request: OrderRequest) -> BrokerOrder:
        placed = await self.paper.exchange.place(request)
        assert not isinstance(placed, Refused)
        return View(self.currency, with_client_ids=False).order(placed)

    async def second_session(self) -> Broker:
        return await self._reopen()

    async def _reopen(self, **changes: str) -> PaperBroker:
        self.paper = await self.market.open(**changes)
        return self.paper


@asynccontextmanager
async def paper_venue(
    folder: Path,
    *,
    clock: Clock | None = None,
    open_driver: OpenDriver = InlineDriver.open,
    sessions: Sessions | None = None,
    time_limit_s: float = 0.4,
    **changes: object,
) -> AsyncIterator[PaperVenue]:
    """A paper account with some shares, bought before the story begins."""
    settings = paper_settings(folder, initial_cash=Decimal(25_000), **changes)
    market = PaperMarket(
        settings,
        clock=LoopClock(FRIDAY_AFTERNOON) if clock is None else clock,
        open_driver=open_driver,
        sessions=sessions,
    )
    async with market:
        broker = await market.open()
        await broker.exchange.place(
            OrderRequest(
                client_id=ChildId("endowment"),
                symbol=TQQQ,
                side=Side.BUY,
                order_type=OrderType.MARKET,
                time_in_force=TimeInForce.DAY,
                quantity=Decimal(LOTS_HELD),
            )
        )
        await market.clock.sleep(settings.latency_ms / 1000 + 0.01)  # its events are told
        yield PaperVenue(market, broker, time_limit_s=time_limit_s)


def day_around(now: datetime) -> Sessions:
    """One session whose close no test meets by chance."""
    half_a_day = timedelta(hours=12)
    session = Session(now.date(), now - half_a_day, now + half_a_day)
    return ListedSessions([session], ZoneInfo("UTC"))


class TestPaperWithClientIds(BrokerContract):
    @pytest.fixture
    async def venue(self, tmp_path: Path) -> AsyncIterator[Venue]:
        async with paper_venue(tmp_path) as venue:
            yield venue


class TestPaperWithoutClientIds(BrokerContract):
    @pytest.fixture
    async def venue(self, tmp_path: Path) -> AsyncIterator[Venue]:
        async with paper_venue(tmp_path, client_order_ids=False) as venue:
            yield venue


class TestPaperFarAway(BrokerContract):
    """50 ms to the exchange and 50 ms back, with a spread, without client ids."""

    @pytest.fixture
    async def venue(self, tmp_path: Path) -> AsyncIterator[Venue]:
        async with paper_venue(
            tmp_path, latency_ms=50, spread_percent=Decimal("0.05"), client_order_ids=False
        ) as venue:
            yield venue


class TestPaperInRealTime(BrokerContract):
    """As in production: the system's clock, and a thread for the database."""

    loop_factory = asyncio.SelectorEventLoop

    @pytest.fixture
    async def venue(self, tmp_path: Path) -> AsyncIterator[Venue]:
        clock = SystemClock()
        async with paper_venue(
            tmp_path,
            clock=clock,
            sessions=day_around(clock.now()),
            open_driver=ThreadedDriver.open,
            time_limit_s=60,  # a busy machine must not look like a lost answer
            settle_margin_s=Decimal("1.8"),
        ) as venue:
            yield venue
