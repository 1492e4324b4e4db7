from __future__ import annotations

import asyncio

import pytest

from adapters.virtual_time import VirtualTimeLoop
from daemon.testing.loops import (
    RealTimeError,
    play,
    pytest_asyncio_loop_factories,
    require_virtual_time,
)


async def test_the_hook_puts_tests_on_virtual_time() -> None:
    assert isinstance(asyncio.get_running_loop(), VirtualTimeLoop)
    require_virtual_time()
    await asyncio.sleep(86_400)
    assert set(pytest_asyncio_loop_factories().values()) == {VirtualTimeLoop}


def test_a_story_played_returns_what_it_returns() -> None:
    async def a_day() -> float:
        await asyncio.sleep(86_400)
        return asyncio.get_running_loop().time()

    assert play(a_day()) == pytest.approx(86_400)


def test_real_time_is_refused() -> None:
    async def story() -> None:
        require_virtual_time()

    with pytest.raises(RealTimeError, match="play"):
        asyncio.run(story())
