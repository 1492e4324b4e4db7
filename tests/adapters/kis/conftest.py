from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.clock import LoopClock
from adapters.kis.hosts import Profile
from adapters.kis.hub import Hub
from adapters.kis.tokens import Keys
from tests.support.loops import pytest_asyncio_loop_factories
from tests.support.scripted_kis import ScriptedKis
from tests.support.world import START

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from adapters.kis.hub import Access

__all__ = ["pytest_asyncio_loop_factories"]

KEYS = Keys("app-key", "app-secret")


@pytest.fixture
async def kis() -> AsyncIterator[ScriptedKis]:
    async with ScriptedKis() as kis:
        yield kis


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    hub = Hub(LoopClock(START), tmp_path)
    yield hub
    await hub.close()


@pytest.fixture
async def real(hub: Hub, kis: ScriptedKis) -> Access:
    return hub.access(Profile.REAL, kis.hosts, KEYS)


@pytest.fixture
async def paper(hub: Hub, kis: ScriptedKis) -> Access:
    return hub.access(Profile.PAPER, kis.hosts, KEYS)
