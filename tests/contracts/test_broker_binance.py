"""Binance keeps the broker contract at the simulated exchange."""

from __future__ import annotations

from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.binance.broker import BinanceBroker
from adapters.binance.hosts import MarketKind
from adapters.binance.hub import Hub
from adapters.binance.routes import ALGO
from adapters.broker import BrokerOrder, BrokerOrderState, Holdings
from adapters.clock import LoopClock
from adapters.fields import from_ms, plain
from adapters.tasks import TaskSupervisor
from algorithms.domain import BrokerOrderId, ChildId, Symbol
from tests.contracts.broker_contract import BrokerContract
from tests.contracts.venue import Mishap, OrderThere, Venue
from tests.simulators.binance import AccountSeed, Fault
from tests.support.paper import FRIDAY_AFTERNOON
from tests.support.simulated import SimulatedBinance, simulated

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import timedelta

    from adapters.broker import Broker, OrderRequest
    from tests.contracts.venue import Asked

BTC = Symbol("BTCUSDT")
ACCOUNT = "main"
LOTS_HELD = 50
ENDOWMENT = "endowment"
LOT = Decimal("0.001")
CASH = Decimal(20_000)
PIECE = 10 * LOT
MISHAPS = {
    Mishap.LOST_BEFORE: Fault.SILENT_BEFORE,
    Mishap.LOST_AFTER: Fault.SILENT_AFTER,
    Mishap.RESET_BEFORE: Fault.DROP_BEFORE,
    Mishap.RESET_AFTER: Fault.DROP_AFTER,
    Mishap.ERROR_BEFORE: Fault.FIREWALL_403_BEFORE,
    Mishap.ERROR_AFTER: Fault.BAD_GATEWAY_502_AFTER,
    Mishap.RATE_LIMIT: Fault.RATE_LIMIT_429_BEFORE,
}
ROUTES: dict[MarketKind, dict[Asked, str]] = {
    MarketKind.SPOT: {
        "place": "POST /api/v3/order",
        "cancel": "DELETE /api/v3/order",
        "find": "GET /api/v3/order",
        "open_orders": "GET /api/v3/openOrders",
        "fills_since": "GET /api/v3/myTrades",
        "holdings": "GET /api/v3/account",
        "quote": "GET /api/v3/ticker/24hr",
    },
    MarketKind.FUTURES: {
        "place": "POST /fapi/v1/*rder",
        "cancel": "DELETE /fapi/v1/*rder*",
        "find": "GET /fapi/v1/*rder",
        "open_orders": "GET /fapi/v1/openOrders",
        "fills_since": "GET /fapi/v1/userTrades",
        "holdings": "GET /fapi/v3/account",
        "quote": "GET /fapi/v1/ticker/24hr",
    },
}


class SimulatedVenue(Venue):
    symbol = BTC
    currency = "USDT"
    price = Decimal(50_000)
    lot = LOT
    lots_held = LOTS_HELD
    time_limit_s = 0.4

    def __init__(self, clock: LoopClock, binance: SimulatedBinance) -> None:
        self.clock = clock
        self.binance = binance
        self.tick = binance.venue.listings[BTC].tick
        self.hubs: list[Hub] = []
        self.tasks = TaskSupervisor()
        self._broker: BinanceBroker | None = None
        binance.simulator.faults.retry_after_s = 1

    @property
    def broker(self) -> Broker:
        assert self._broker is not None
        return self._broker

    async def set_price(self, price: Decimal) -> None:
        self.binance.simulator.set_price(BTC, price)

    async def fill_in_pieces(self) -> None:
        self.binance.venue.depth[BTC] = PIECE
        self.tasks.spawn(self._trade_on(), name="a market in pieces")

    async def _trade_on(self) -> None:
        while True:
            await self.clock.sleep(1)
            self.binance.venue.trade_resting(BTC)
            self.binance.simulator.sockets.flush()

    def meet(self, asked: Asked, mishap: Mishap) -> None:
        route = ROUTES[self.binance.kind][asked]
        self.binance.simulator.faults.script(route, MISHAPS[mishap])

    def hold_up(self, asked: Asked, by: timedelta) -> None:
        route = ROUTES[self.binance.kind][asked]
        self.binance.simulator.faults.script(route, Fault.DELAY, delay_s=by.total_seconds())

    def repeat_next_fill(self) -> None:
        self.binance.simulator.faults.duplicates = True

    def delay_next_fill(self) -> None:
        self.binance.simulator.faults.late_trades = 1

    def disconnect_stream(self, gap: timedelta) -> None:
        self.binance.simulator.sockets.go_away(gap.total_seconds())

    async def pass_time(self, by: timedelta) -> None:
        await self.clock.sleep(by.total_seconds())

    async def reach_close(self) -> None:
        pytest.skip("this market never closes")

    async def orders_there(self) -> tuple[OrderThere, ...]:
        plain_ones = [
            OrderThere(
                client_id=ChildId(order.draft.client_id),
                number=str(order.id),
                is_open=order.status.is_open,
                filled=order.executed,
            )
            for order in self.binance.orders(ACCOUNT)
            if order.draft.client_id != ENDOWMENT
        ]
        conditional = [
            OrderThere(
                client_id=ChildId(order.draft.client_id),
                number=ALGO + str(order.id),
                is_open=order.is_open,
                filled=Decimal(0),
            )
            for order in self.binance.simulator.exchange.futures.algos.of(ACCOUNT)
        ]
        return (*plain_ones, *conditional)

    async def holdings_there(self) -> Holdings:
        exchange = self.binance.simulator.exchange
        if self.binance.kind is MarketKind.SPOT:
            owned = exchange.spot.balances[ACCOUNT]
            units, cash = owned["BTC"], owned["USDT"]
        else:
            position = exchange.futures.positions[ACCOUNT, BTC, "BOTH"]
            units = position.amount
            cash = exchange.futures.wallets[ACCOUNT]["USDT"] - units * position.entry
        return Holdings(
            positions={BTC: plain(units)}, cash={"USDT": plain(cash)}, at=self.clock.now()
        )

    async def place_by_hand(self, request: OrderRequest) -> BrokerOrder:
        assert request.limit_price is not None
        order = self.binance.buy_by_hand(ACCOUNT, BTC, request.quantity, request.limit_price)
        at = from_ms(order.created_ms)
        return BrokerOrder(
            id=BrokerOrderId(str(order.id)),
            client_id=ChildId(order.draft.client_id),
            symbol=BTC,
            side=request.side,
            order_type=request.order_type,
            quantity=request.quantity,
            limit_price=request.limit_price,
            state=BrokerOrderState.OPEN,
            filled=Decimal(0),
            market_day=at.date(),
            placed_at=at,
        )

    async def second_session(self) -> Broker:
        self.hubs.append(Hub(self.clock))
        self._broker = BinanceBroker(self.binance.settings(ACCOUNT), self.hubs[-1])
        await self._broker.open()
        return self._broker


@asynccontextmanager
async def simulated_venue(kind: MarketKind) -> AsyncIterator[SimulatedVenue]:
    clock = LoopClock(FRIDAY_AFTERNOON)
    seed = AccountSeed(
        name=ACCOUNT, spot={"USDT": CASH, "BTC": LOT * LOTS_HELD}, futures={"USDT": CASH}
    )
    async with simulated(clock, kind, [seed]) as binance:
        if kind is MarketKind.FUTURES:
            binance.buy(ACCOUNT, BTC, LOT * LOTS_HELD, client_id=ENDOWMENT)
            await clock.sleep(1)  # the story begins after it
        venue = SimulatedVenue(clock, binance)
        await venue.second_session()
        yield venue
        await venue.broker.close()
        for hub in venue.hubs:
            await hub.close()
        await venue.tasks.close(1)


class TestBinanceFutures(BrokerContract):
    @pytest.fixture
    async def venue(self) -> AsyncIterator[Venue]:
        async with simulated_venue(MarketKind.FUTURES) as venue:
            yield venue


class TestBinanceSpot(BrokerContract):
    @pytest.fixture
    async def venue(self) -> AsyncIterator[Venue]:
        async with simulated_venue(MarketKind.SPOT) as venue:
            yield venue
