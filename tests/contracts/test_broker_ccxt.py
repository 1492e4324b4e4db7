"""The bridge keeps the broker contract at the simulated Binance, through the real ccxt.

Binance's own addresses are left untouched and found here by a resolver, under TLS: only so does
ccxt raise what it raises in production.
"""

from __future__ import annotations

import importlib.util
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from adapters.binance.hosts import MarketKind
from adapters.broker import (
    Absent,
    Accepted,
    BrokerOrderState,
    CancelAccepted,
    CancelRefused,
    Found,
    NotOpen,
    OutcomeUnknown,
    Refused,
)
from adapters.ccxt_bridge.account import BridgeSettings
from adapters.ccxt_bridge.broker import BridgeBroker
from adapters.ccxt_bridge.hub import Hub
from adapters.clock import LoopClock, SystemClock
from tests.contracts.broker_contract import BrokerContract
from tests.contracts.test_broker_binance import ACCOUNT, CASH, LOT, LOTS_HELD, SimulatedVenue
from tests.contracts.trader import Trader
from tests.simulators.binance import AccountSeed, Fault
from tests.simulators.binance.certificates import make_certificate
from tests.simulators.binance.resolver import Here
from tests.support.paper import FRIDAY_AFTERNOON
from tests.support.simulated import simulated

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator

    from adapters.broker import Broker, PlaceOutcome, SentOrder
    from tests.contracts.venue import Venue
    from tests.support.simulated import SimulatedBinance

if importlib.util.find_spec("ccxt") is None:
    pytest.skip(
        "ccxt is not installed; `make ccxt` runs this in an environment that has it",
        allow_module_level=True,
    )

ASKS = "the bridge asks; it has no stream that could "


class BridgeVenue(SimulatedVenue):
    def __init__(
        self, clock: LoopClock, binance: SimulatedBinance, trust: ssl.SSLContext, port: int
    ) -> None:
        super().__init__(clock, binance)
        self._trust = trust
        self._port = port
        self._bridge: BridgeBroker | None = None
        self.bridges: list[tuple[BridgeBroker, Hub]] = []

    @property
    def broker(self) -> Broker:
        assert self._bridge is not None
        return self._bridge

    def repeat_next_fill(self) -> None:
        pytest.skip(f"{ASKS}tell twice")

    def delay_next_fill(self) -> None:
        pytest.skip(f"{ASKS}tell late")

    def disconnect_stream(self, gap: timedelta) -> None:
        pytest.skip(f"{ASKS}break for {gap}")

    async def second_session(self) -> Broker:
        hub = Hub(self.clock, trust=self._trust, resolver=Here(self._port))
        key, _ = self.binance.simulator.keys(ACCOUNT)
        settings = BridgeSettings(
            account=ACCOUNT,
            exchange="binance",
            currency="USDT",
            keys={"apiKey": key.api_key, "secret": key.secret},
            is_test=False,
        )
        self._bridge = BridgeBroker(settings, hub)
        self.bridges.append((self._bridge, hub))
        await self._bridge.open()
        return self._bridge


@asynccontextmanager
async def bridge_venue() -> AsyncIterator[BridgeVenue]:
    clock = LoopClock(FRIDAY_AFTERNOON)
    seed = AccountSeed(name=ACCOUNT, spot={"USDT": CASH, "BTC": LOT * LOTS_HELD})
    certificate = make_certificate(SystemClock().now())
    async with simulated(clock, MarketKind.SPOT, [seed]) as binance:
        urls = await binance.simulator.start(tls=certificate.server)
        port = urlsplit(urls.rest).port
        assert port is not None
        venue = BridgeVenue(clock, binance, certificate.client(), port)
        await venue.second_session()
        yield venue
        for bridge, hub in venue.bridges:
            await bridge.close()
            await hub.close()
        await venue.tasks.close(1)


class TestBridge(BrokerContract):
    @pytest.fixture
    async def venue(self) -> AsyncIterator[Venue]:
        async with bridge_venue() as venue:
            yield venue


PLACE, CANCEL = "POST /api/v3/order", "DELETE /api/v3/order"
BROKEN = [fault for fault in Fault if fault is not Fault.MUTATED_AFTER]


async def is_told_truly(trader: Trader, outcome: PlaceOutcome, sent: SentOrder) -> None:
    """What was said of an order is what the exchange has, and a lost one is found out."""
    venue = trader.venue
    if isinstance(outcome, OutcomeUnknown):
        fate = await trader.resolve(sent)
        assert isinstance(fate, Found | Absent)
        is_there = isinstance(fate, Found)
    else:
        is_there = isinstance(outcome, Accepted)
    there = [
        each for each in await venue.orders_there() if each.client_id == sent.request.client_id
    ]
    assert len(there) == is_there
    if isinstance(outcome, Accepted):
        assert outcome.order.id == there[0].number


@pytest.mark.parametrize("fault", BROKEN)
async def test_whatever_befalls_an_order_its_fate_is_told_truly(fault: Fault) -> None:
    async with bridge_venue() as venue:
        trader = Trader(venue)
        venue.time_limit_s = 15
        venue.binance.simulator.faults.script(PLACE, fault, delay_s=1)
        outcome, sent = await trader.send(trader.resting_buy())
        await is_told_truly(trader, outcome, sent)


@pytest.mark.parametrize("fault", BROKEN)
async def test_whatever_befalls_a_cancel_its_order_is_told_truly(fault: Fault) -> None:
    async with bridge_venue() as venue:
        trader = Trader(venue)
        venue.time_limit_s = 15
        sent = await trader.accepted(trader.resting_buy())
        venue.binance.simulator.faults.script(CANCEL, fault, delay_s=1)
        (outcome,) = await trader.cancel(sent)
        (there,) = await venue.orders_there()
        if isinstance(outcome, CancelAccepted | NotOpen):
            assert not there.is_open
        if isinstance(outcome, CancelRefused):
            assert there.is_open
        await venue.pass_time(timedelta(seconds=130))
        while (await trader.found(sent)).order.state is BrokerOrderState.OPEN:
            await trader.cancel(sent)
        (there,) = await venue.orders_there()
        assert not there.is_open


async def test_two_hundred_spoiled_replies_deceive_nobody() -> None:
    """One thing of each is changed: left out, null, another type, a stranger's number."""
    async with bridge_venue() as venue:
        trader = Trader(venue)
        for number in range(200):
            venue.binance.simulator.faults.script(PLACE, Fault.MUTATED_AFTER)
            outcome, sent = await trader.send(trader.resting_buy(ticks_below=500 + number))
            there = (await venue.orders_there())[-1]
            assert there.client_id == sent.request.client_id
            assert not isinstance(outcome, Refused)
            assert (await trader.found(sent)).order.id == there.number
            await trader.cancel(replace(sent, broker_order_id=None))
            await venue.pass_time(timedelta(seconds=1))
        assert not any(each.is_open for each in await venue.orders_there())
