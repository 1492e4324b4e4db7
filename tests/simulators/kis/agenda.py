"""What is to happen at its time: auctions, expiries, late rejections, notices."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count
from typing import TYPE_CHECKING

from adapters.clock import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from adapters.clock import Clock

    Action = Callable[[], None]


class Agenda:
    """Runs actions in the order of their times; those of one time in the order they were added."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._due: list[tuple[datetime, int, Action]] = []
        self._numbers = count()
        self._earlier = asyncio.Event()

    def at(self, when: datetime, action: Action) -> None:
        heapq.heappush(self._due, (when, next(self._numbers), action))
        if self._due[0][2] is action:
            self._earlier.set()

    def catch_up(self) -> bool:
        """Do all that is due now; return whether there was anything."""
        now, done = self._clock.now(), False
        while self._due and self._due[0][0] <= now:
            heapq.heappop(self._due)[2]()
            done = True
        return done

    async def run(self, done: Action) -> None:
        """Do everything at its time, for ever; call ``done`` after each time."""
        while True:
            self._earlier.clear()
            until = self._due[0][0] if self._due else None
            await wait_until(self._clock, self._earlier, until)
            if self.catch_up():
                done()
