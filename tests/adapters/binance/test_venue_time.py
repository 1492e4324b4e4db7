"""The venue's clock, seen from here."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from adapters.binance.venue_time import FRESH_S, VenueTime
from adapters.clock import LoopClock
from tests.support.world import START

AHEAD = timedelta(seconds=3)


async def test_the_quickest_answer_tells_the_offset_best() -> None:
    time = VenueTime(LoopClock(START))
    time.learn(START + AHEAD + timedelta(seconds=2), asked_at=START, round_trip_s=2.0)
    time.learn(START + AHEAD + timedelta(seconds=0.1), asked_at=START, round_trip_s=0.2)
    time.learn(START + timedelta(seconds=60), asked_at=START, round_trip_s=9.0)
    assert time.now() == START + AHEAD


async def test_an_old_answer_no_longer_counts() -> None:
    clock = LoopClock(START)
    time = VenueTime(clock)
    time.learn(START + AHEAD, asked_at=START, round_trip_s=0.0)
    await asyncio.sleep(FRESH_S + 1)
    time.learn(clock.now() - AHEAD, asked_at=clock.now(), round_trip_s=0.0)
    assert time.now() == clock.now() - AHEAD


async def test_after_a_stepped_clock_everything_is_measured_anew() -> None:
    clock = LoopClock(START)
    time = VenueTime(clock)
    time.learn(START, asked_at=START, round_trip_s=0.0)
    clock.step(AHEAD)
    time.forget()
    time.learn(START, asked_at=clock.now(), round_trip_s=1.0)
    assert abs(time.now() - START) <= timedelta(seconds=0.5)
