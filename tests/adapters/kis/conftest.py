from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from adapters.clock import LoopClock
from adapters.kis.broker import KisBroker
from adapters.kis.desk import KisSettings
from adapters.kis.fields import NEW_YORK
from adapters.kis.hosts import Profile
from adapters.kis.hub import Hub
from adapters.kis.operations import Operation
from adapters.kis.tokens import Keys
from adapters.sessions import ListedSessions
from tests.adapters.kis import lines
from tests.support.loops import pytest_asyncio_loop_factories
from tests.support.scripted_kis import ScriptedKis, good

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from adapters.kis.hub import Access

__all__ = ["pytest_asyncio_loop_factories"]

MORNING = datetime(2026, 11, 20, 1, 15, tzinfo=UTC)
"""A quarter past ten in Seoul; in New York it is the evening before."""
KEYS = Keys("app-key", "app-secret")
NEVER_OPEN = ListedSessions((), NEW_YORK)


@pytest.fixture
async def kis() -> AsyncIterator[ScriptedKis]:
    async with ScriptedKis() as kis:
        yield kis


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    hub = Hub(LoopClock(MORNING), tmp_path)
    yield hub
    await hub.close()


@pytest.fixture
async def real(hub: Hub, kis: ScriptedKis) -> Access:
    return hub.access(Profile.REAL, kis.hosts, KEYS)


@pytest.fixture
async def paper(hub: Hub, kis: ScriptedKis) -> Access:
    return hub.access(Profile.PAPER, kis.hosts, KEYS)


def settings(kis: ScriptedKis, profile: Profile, market: str = "XKRX") -> KisSettings:
    return KisSettings(
        account="main",
        profile=profile,
        hosts=kis.hosts,
        keys=KEYS,
        cano="50123456",
        product="01",
        market=market,
        currency="KRW" if market == "XKRX" else "USD",
    )


async def opened(hub: Hub, kis: ScriptedKis, profile: Profile, market: str) -> KisBroker:
    kis.says(Operation.KR_BALANCE, good(**lines.KR_BALANCE))
    kis.says(Operation.US_BALANCE, good(**lines.US_BALANCE))
    kis.says(Operation.US_MARGIN, good(**lines.US_MARGIN))
    kis.says(Operation.US_BUYABLE, good(output={"ord_psbl_frcr_amt": "862.80"}))
    kis.says(Operation.KR_PRICE, good(**lines.KR_PRICE))
    kis.says(Operation.KR_BOOK, good(**lines.KR_BOOK))
    kis.says(Operation.US_PRICE, good(**lines.US_PRICE))
    kis.says(Operation.KR_ORDERS, good(output1=[]))
    kis.says(Operation.KR_CANCELLABLE, good(output=[]))
    kis.says(Operation.US_ORDERS, good(output=[]))
    kis.says(Operation.US_OPEN, good(output=[]))
    access = hub.access(profile, kis.hosts, KEYS)
    broker = KisBroker(settings(kis, profile, market), access, NEVER_OPEN)
    await broker.open()
    return broker


@pytest.fixture
async def seoul(hub: Hub, kis: ScriptedKis) -> AsyncIterator[KisBroker]:
    broker = await opened(hub, kis, Profile.REAL, "XKRX")
    yield broker
    await broker.close()


@pytest.fixture
async def seoul_on_paper(hub: Hub, kis: ScriptedKis) -> AsyncIterator[KisBroker]:
    broker = await opened(hub, kis, Profile.PAPER, "XKRX")
    yield broker
    await broker.close()


@pytest.fixture
async def new_york(hub: Hub, kis: ScriptedKis) -> AsyncIterator[KisBroker]:
    broker = await opened(hub, kis, Profile.REAL, "XNYS")
    yield broker
    await broker.close()


@pytest.fixture
async def new_york_on_paper(hub: Hub, kis: ScriptedKis) -> AsyncIterator[KisBroker]:
    broker = await opened(hub, kis, Profile.PAPER, "XNYS")
    yield broker
    await broker.close()
