"""A crowd comes one by one; whoever is alone waits for nobody."""

from __future__ import annotations

import asyncio

import pytest

from daemon.api.pace import Pace, waited


async def test_who_comes_alone_waits_for_nobody_and_a_crowd_comes_one_by_one() -> None:
    pace = Pace(0.5)
    delays = [pace.delay_s() for _ in range(4)]
    assert delays[0] == 0
    assert delays[1:] == pytest.approx([0.5, 1.0, 1.5], abs=0.1)


async def test_a_wait_ends_with_the_event_or_with_its_time() -> None:
    event = asyncio.Event()
    assert not await waited(event, 0)
    assert not await waited(event, 0.001)
    asyncio.get_running_loop().call_soon(event.set)
    assert await waited(event, 60)
