"""Time, injected: production reads the system's clock, a test jumps through a trading day.

Nothing else in the project asks the operating system for the time.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol

LONGEST_NAP_S = 30.0
"""A long wait is slept in naps, so that a stepped system clock is noticed within this time."""


class Clock(Protocol):
    """What the project may know of time."""

    def now(self) -> datetime:
        """Return the current time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; zero or less only lets others run."""
        ...


class SystemClock:
    """The operating system's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))


class LoopClock:
    """Wall-clock time derived from the event loop's own time.

    On a ``VirtualTimeLoop`` the loop's time jumps to the next timer as soon as nothing else can
    run; this clock then makes sleeping, time-outs and the time of day agree.
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            message = "the clock needs an aware start"
            raise ValueError(message)
        self._start = start.astimezone(UTC)
        self._skew = timedelta()
        self._told = (0.0, self._start)

    def now(self) -> datetime:
        elapsed = asyncio.get_running_loop().time()
        if elapsed != self._told[0]:  # much happens at one moment of such a loop
            at = self._start + timedelta(seconds=elapsed) + self._skew
            self._told = (elapsed, at)
        return self._told[1]

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))

    def step(self, by: timedelta) -> None:
        """Move the wall clock as an administrator or NTP would; monotonic time is unmoved."""
        self._skew += by
        self._told = (self._told[0], self._told[1] + by)


async def wait_until(clock: Clock, event: asyncio.Event, until: datetime | None) -> bool:
    """Wait for the event, at most until the given time; return whether the event was set.

    Waits in naps: if the wall clock is stepped forward past ``until``, the wait ends soon after.
    Without ``until`` no clock matters, and nothing wakes before the event.
    """
    if until is None:
        return await event.wait()
    while not event.is_set():
        nap = min(LONGEST_NAP_S, (until - clock.now()).total_seconds())
        if nap <= 0:
            return False
        try:
            async with asyncio.timeout(nap):
                await event.wait()
        except TimeoutError:
            continue
    return True
