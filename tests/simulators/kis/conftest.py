from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.simulators.kis import Profile
from tests.simulators.kis.client import FRIDAY_NIGHT, American, trading

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.simulators.kis.client import Client


@pytest.fixture
async def real() -> AsyncIterator[Client]:
    async with trading(Profile.REAL) as client:
        yield client


@pytest.fixture
async def paper() -> AsyncIterator[Client]:
    async with trading(Profile.PAPER) as client:
        yield client


@pytest.fixture
async def night() -> AsyncIterator[American]:
    """New York's morning, at the real host."""
    async with trading(Profile.REAL, at=FRIDAY_NIGHT) as client:
        yield American(client)


@pytest.fixture
async def paper_night() -> AsyncIterator[American]:
    """New York's morning, in paper."""
    async with trading(Profile.PAPER, at=FRIDAY_NIGHT) as client:
        yield American(client)


@pytest.fixture(params=list(Profile))
async def either(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    """Stories that are the same on both hosts."""
    async with trading(request.param) as client:
        yield client
