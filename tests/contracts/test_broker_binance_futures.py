"""Binance's futures keep the broker contract."""

from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager, closing
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.binance.account import BinanceSettings
from adapters.binance.broker import BinanceBroker
from adapters.binance.hosts import MarketKind
from adapters.binance.hub import Hub
from adapters.binance.signing import read_keys
from adapters.broker import Holdings, OrderRequest, Refused
from adapters.clock import LoopClock
from adapters.paper import Fault
from adapters.paper.orders import View
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from algorithms.instruments import default_instrument
from tests.contracts.broker_contract import BrokerContract
from tests.contracts.venue import Mishap, OrderThere, Venue
from tests.support.binance_front import KEY, SECRET, BinanceFront
from tests.support.paper import FRIDAY_AFTERNOON, PaperMarket, paper_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import timedelta
    from pathlib import Path

    from adapters.broker import Broker, BrokerOrder
    from adapters.paper import PaperBroker
    from tests.contracts.venue import Asked

BTC = Symbol("BTCUSDT")
LOT = Decimal("0.001")
LOTS_HELD = 50


class BinanceVenue(Venue):
    symbol = BTC
    currency = "USDT"
    price = Decimal(100)
    tick = Decimal("0.01")
    lot = LOT
    lots_held = LOTS_HELD
    time_limit_s = 0.4

    def __init__(self, market: PaperMarket, front: BinanceFront) -> None:
        self.market = market
        self.clock = market.clock
        self.front = front
        self.hub = Hub(market.clock)
        self._broker: BinanceBroker | None = None

    @property
    def paper(self) -> PaperBroker:
        return self.front.paper

    @property
    def broker(self) -> Broker:
        assert self._broker is not None
        return self._broker

    async def set_price(self, price: Decimal) -> None:
        await self.paper.exchange.set_price(self.symbol, price)

    async def fill_in_pieces(self) -> None:
        self.front.follow(await self.market.open(fill="partial"))

    def meet(self, asked: Asked, mishap: Mishap) -> None:
        self.front.script(asked, mishap)

    def hold_up(self, asked: Asked, by: timedelta) -> None:
        self.front.script(asked, None, by)

    def repeat_next_fill(self) -> None:
        self.paper.faults.script_event(Fault.DUPLICATE_FILL)

    def delay_next_fill(self) -> None:
        self.paper.faults.script_event(Fault.LATE_FILL)

    def disconnect_stream(self, gap: timedelta) -> None:
        self.front.disconnect(gap)

    async def pass_time(self, by: timedelta) -> None:
        await self.clock.sleep(by.total_seconds())

    async def reach_close(self) -> None:
        pytest.skip("this market never closes")

    async def orders_there(self) -> tuple[OrderThere, ...]:
        with closing(sqlite3.connect(self.market.settings.database)) as disk:
            rows = disk.execute(
                "SELECT client_id, sequence, order_type, state, filled FROM orders"
                " WHERE client_id <> 'endowment' ORDER BY sequence"
            ).fetchall()
        return tuple(
            OrderThere(
                client_id=ChildId(client_id),
                number=str(number),
                is_open=state in {"open", "partially_filled"},
                filled=Decimal(filled),
            )
            for client_id, number, _, state, filled in rows
        )

    async def holdings_there(self) -> Holdings:
        return await self.paper.exchange.holdings()

    async def place_by_hand(self, request: OrderRequest) -> BrokerOrder:
        placed = await self.paper.exchange.place(request)
        assert not isinstance(placed, Refused)
        return View(self.currency, with_client_ids=False).order(placed)

    async def second_session(self) -> Broker:
        settings = BinanceSettings(
            account="main",
            kind=self.front.kind,
            currency=self.currency,
            hosts=self.front.hosts,
            keys=read_keys(KEY, SECRET),
        )
        self._broker = BinanceBroker(settings, self.hub)
        await self._broker.open()
        return self._broker


@asynccontextmanager
async def binance_venue(folder: Path, kind: MarketKind) -> AsyncIterator[BinanceVenue]:
    """An account with some coins, bought before the story begins."""
    instrument = default_instrument(BTC, "24/7", "USDT", lot=LOT, tick=Decimal("0.01"))
    settings = paper_settings(
        folder,
        currency="USDT",
        initial_cash=Decimal(25),
        prices={BTC: Decimal(100)},
        market="24/7",
        market_type=kind.value,
        instruments={BTC: instrument},
        leverage=Decimal(1),
    )
    async with PaperMarket(settings, clock=LoopClock(FRIDAY_AFTERNOON)) as market:
        paper = await market.open()
        await paper.exchange.place(
            OrderRequest(
                client_id=ChildId("endowment"),
                symbol=BTC,
                side=Side.BUY,
                order_type=OrderType.MARKET,
                time_in_force=TimeInForce.DAY,
                quantity=LOT * LOTS_HELD,
            )
        )
        await market.clock.sleep(0.01)  # its events are told
        async with BinanceFront(paper, kind, BTC, LOT) as front:
            venue = BinanceVenue(market, front)
            await venue.second_session()
            yield venue
            await venue.broker.close()
            await venue.hub.close()


class TestBinanceFutures(BrokerContract):
    @pytest.fixture
    async def venue(self, tmp_path: Path) -> AsyncIterator[Venue]:
        async with binance_venue(tmp_path, MarketKind.FUTURES) as venue:
            yield venue
