"""Korean orders beyond KRX's regular day: at NXT, where KIS routes them, and after the close."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from adapters.broker import (
    Accepted,
    BrokerOrderState,
    CancelAccepted,
    Found,
    OrderRequest,
    RefusalCode,
    Refused,
    SentOrder,
)
from adapters.clock import LoopClock
from adapters.http import Hosts
from adapters.kis.broker import KisBroker
from adapters.kis.desk import KisSettings
from adapters.kis.fields import SEOUL
from adapters.kis.hosts import Profile as Environment
from adapters.kis.hub import Hub
from adapters.kis.krx import Venue
from adapters.kis.tokens import Keys
from adapters.sessions import ListedSessions
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from tests.simulators.kis import AccountSeed, KisSimulator, Profile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

STOCK, FUND = Symbol("005930"), Symbol("069500")
MORNING = datetime(2026, 11, 20, 10, 15, tzinfo=ZoneInfo("Asia/Seoul"))
EVENING = MORNING.replace(hour=17)
BUY = OrderRequest(
    client_id=ChildId("c1"),
    symbol=STOCK,
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    time_in_force=TimeInForce.DAY,
    quantity=Decimal(3),
    limit_price=Decimal(70_000),
)


class Seoul:
    """An account at the live host, at a time of the day."""

    def __init__(self, at: datetime, folder: Path) -> None:
        self.clock = LoopClock(at)
        seed = AccountSeed(name="alice", number="5012345601", won=Decimal(10_000_000))
        self.simulator = KisSimulator(self.clock, Profile.REAL, accounts=[seed])
        self.simulator.switches.visible_to_s = 0.0
        self.hub = Hub(self.clock, folder)

    async def open(self, venue: Venue = Venue.KRX, *, after_market: bool = False) -> KisBroker:
        urls, key = await self.simulator.start(), self.simulator.key("alice")
        settings = KisSettings(
            account="alice",
            profile=Environment.REAL,
            hosts=Hosts(urls.rest, urls.ws),
            keys=Keys(key.app_key, key.app_secret),
            cano="50123456",
            product="01",
            market="XKRX",
            currency="KRW",
            venue=venue,
            after_market=after_market,
        )
        access = self.hub.access(settings.profile, settings.hosts, settings.keys)
        self.broker = KisBroker(settings, access, ListedSessions((), SEOUL))
        await self.broker.open()
        return self.broker

    async def send(self, request: OrderRequest) -> SentOrder:
        """Place an order that is taken."""
        print_, at = await self.broker.fingerprint(request), self.clock.now()
        outcome = await self.broker.place(request)
        assert isinstance(outcome, Accepted), outcome
        return SentOrder(
            request=request,
            sent_at=at,
            fingerprint=print_,
            broker_order_id=outcome.order.id,
            market_day=outcome.order.market_day,
        )

    async def state(self, sent: SentOrder) -> BrokerOrderState:
        found = await self.broker.find(sent)
        assert isinstance(found, Found)
        return found.order.state

    async def close(self) -> None:
        await self.broker.close()
        await self.hub.close()
        await self.simulator.close()


@pytest.fixture
async def morning(tmp_path: Path) -> AsyncIterator[Seoul]:
    seoul = Seoul(MORNING, tmp_path)
    yield seoul
    await seoul.close()


@pytest.fixture
async def evening(tmp_path: Path) -> AsyncIterator[Seoul]:
    seoul = Seoul(EVENING, tmp_path)
    yield seoul
    await seoul.close()


@pytest.mark.parametrize("venue", [Venue.NXT, Venue.SOR])
async def test_an_order_elsewhere_outlives_krxs_close_and_is_cancelled_where_it_is(
    morning: Seoul, venue: Venue
) -> None:
    broker = await morning.open(venue)
    sent = await morning.send(BUY)
    (there,) = morning.simulator.account("alice").open.values()
    assert there.draft.venue == venue
    morning.clock.step(timedelta(hours=6))
    assert await morning.state(sent) is BrokerOrderState.OPEN
    assert await broker.cancel((sent,)) == (CancelAccepted(),)
    assert await morning.state(sent) is BrokerOrderState.CANCELLED


async def test_an_order_nobody_takes_elsewhere_has_expired_by_night(morning: Seoul) -> None:
    await morning.open(Venue.NXT)
    sent = await morning.send(BUY)
    morning.clock.step(timedelta(hours=10, minutes=30))
    assert await morning.state(sent) is BrokerOrderState.EXPIRED


async def test_after_the_close_a_stock_trades_on_where_that_is_wanted(evening: Seoul) -> None:
    broker = await evening.open(after_market=True)
    resting = await evening.send(BUY)
    assert await evening.state(resting) is BrokerOrderState.OPEN
    dear = replace(BUY, client_id=ChildId("c2"), limit_price=Decimal(72_000))
    assert await evening.state(await evening.send(dear)) is BrokerOrderState.FILLED
    refused = await broker.place(replace(BUY, client_id=ChildId("c3"), symbol=FUND))
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.UNSUPPORTED
    evening.clock.step(timedelta(hours=3, minutes=45))
    assert await evening.state(resting) is BrokerOrderState.EXPIRED


async def test_after_the_close_kis_refuses_orders_of_the_day(evening: Seoul) -> None:
    broker = await evening.open()
    refused = await broker.place(BUY)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.UNSUPPORTED


async def test_funds_are_not_traded_elsewhere_and_kis_says_so(morning: Seoul) -> None:
    broker = await morning.open(Venue.NXT)
    refused = await broker.place(replace(BUY, symbol=FUND, limit_price=Decimal(41_000)))
    assert isinstance(refused, Refused)
