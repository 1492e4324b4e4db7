from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.binance.account import BinanceSettings
from adapters.binance.broker import BinanceBroker
from adapters.binance.hosts import MarketKind
from adapters.binance.hub import Hub
from adapters.binance.signing import read_keys
from adapters.clock import LoopClock
from tests.support.loops import pytest_asyncio_loop_factories
from tests.support.scripted_binance import SPOT_STATE, Says, ScriptedBinance
from tests.support.world import START

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["pytest_asyncio_loop_factories"]


@pytest.fixture
async def venue() -> AsyncIterator[ScriptedBinance]:
    async with ScriptedBinance() as venue:
        venue.says("GET", "/api/v3/account", Says(SPOT_STATE))
        venue.says("GET", "/fapi/v3/account", Says({"assets": [], "positions": []}))
        venue.says("GET", "/fapi/v1/accountConfig", Says({"dualSidePosition": False}))
        venue.says("POST", "/fapi/v1/listenKey", Says({"listenKey": "abc"}))
        venue.says("GET", "/fapi/v1/allAlgoOrders", Says([]))
        venue.says("GET", "/fapi/v1/symbolConfig", Says([{"symbol": "BTCUSDT", "leverage": 20}]))
        yield venue


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    hub = Hub(LoopClock(START))
    yield hub
    await hub.close()


def settings(venue: ScriptedBinance, kind: MarketKind) -> BinanceSettings:
    return BinanceSettings(
        account="main",
        kind=kind,
        currency="USDT",
        hosts=venue.hosts,
        keys=read_keys("key", "secret"),
    )


@pytest.fixture
async def spot(venue: ScriptedBinance, hub: Hub) -> AsyncIterator[BinanceBroker]:
    broker = BinanceBroker(settings(venue, MarketKind.SPOT), hub)
    await broker.open()
    yield broker
    await broker.close()


@pytest.fixture
async def futures(venue: ScriptedBinance, hub: Hub) -> AsyncIterator[BinanceBroker]:
    broker = BinanceBroker(settings(venue, MarketKind.FUTURES), hub)
    await broker.open()
    yield broker
    await broker.close()
