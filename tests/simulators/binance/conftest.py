from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.simulators.binance.trader import trading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.simulators.binance.trader import Trader


@pytest.fixture
async def trader() -> AsyncIterator[Trader]:
    async with trading() as trader:
        yield trader
