from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from adapters.ccxt_bridge.account import BridgeSettings
from adapters.ccxt_bridge.broker import BridgeBroker
from adapters.ccxt_bridge.hub import Hub
from adapters.clock import LoopClock
from tests.support.fake_ccxt import START_MS, install
from tests.support.loops import pytest_asyncio_loop_factories

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.fake_ccxt import Exchange

__all__ = ["pytest_asyncio_loop_factories"]

SETTINGS = BridgeSettings(
    account="main",
    exchange="smallx",
    currency="USDT",
    keys={"apiKey": "k", "secret": "s"},
    is_test=False,
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> type[Exchange]:
    """The exchange behind the library."""
    return install(monkeypatch)


@pytest.fixture
async def hub(small: type[Exchange]) -> AsyncIterator[Hub]:
    del small
    hub = Hub(LoopClock(datetime.fromtimestamp(START_MS / 1000, UTC)))
    yield hub
    await hub.close()


@pytest.fixture
async def broker(hub: Hub) -> AsyncIterator[BridgeBroker]:
    broker = BridgeBroker(SETTINGS, hub)
    await broker.open()
    yield broker
    await broker.close()
