"""The event stream of a paper account, with everything that can befall a stream."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

from adapters.broker import FillEvent, StreamLost, StreamRestored
from adapters.clock import wait_until
from adapters.followers import Followers
from adapters.paper.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from adapters.broker import BrokerEvent
    from adapters.clock import Clock
    from adapters.followers import Follower
    from adapters.paper.faults import Faults
    from adapters.tasks import TaskSupervisor

LATE_BY = timedelta(seconds=3)
GAP = timedelta(seconds=5)
"""How long a stream that broke off by chance stays away."""


class Stream:
    """Hands events to all followers, ``latency`` after they happen."""

    def __init__(
        self, clock: Clock, faults: Faults, tasks: TaskSupervisor, *, latency: timedelta
    ) -> None:
        self._clock = clock
        self.faults = faults
        self._tasks = tasks
        self._latency = latency
        self._followers = Followers()
        self._under_way: list[tuple[datetime, int, BrokerEvent]] = []
        self._order = count()
        self._changed = asyncio.Event()
        self._pumps = False
        self._is_lost = False

    def follow(self) -> Follower:
        """Begin to follow; what happened before is not told."""
        return self._followers.follow()

    def publish(self, events: Iterable[BrokerEvent]) -> None:
        """Send events on their way, unless the stream is lost."""
        if self._followers.is_closed:
            return
        for event in events:
            if self._is_lost:
                return
            self._send(event)

    def disconnect(self, gap: timedelta = GAP) -> None:
        """Break the stream off: what is under way, and what happens in the gap, is lost."""
        if self._is_lost:
            return
        self._is_lost = True
        self._under_way.clear()
        self._followers.tell(StreamLost("the stream was disconnected"))
        self._deliver_at(self._clock.now() + gap, StreamRestored())

    def close(self) -> None:
        """End every follower."""
        self._followers.close()

    def _send(self, event: BrokerEvent) -> None:
        fault = self.faults.of_event(is_fill=isinstance(event, FillEvent))
        if fault is Fault.LOST_EVENT:
            return
        delay = self._latency + LATE_BY if fault is Fault.LATE_FILL else self._latency
        for _ in range(2 if fault is Fault.DUPLICATE_FILL else 1):
            if delay:
                self._deliver_at(self._clock.now() + delay, event)
            else:
                self._followers.tell(event)
        if fault is Fault.DISCONNECT:
            self.disconnect()

    def _deliver_at(self, due: datetime, event: BrokerEvent) -> None:
        heappush(self._under_way, (due, next(self._order), event))
        self._changed.set()
        if not self._pumps:
            self._pumps = True
            self._tasks.spawn(self._pump(), name="paper event stream")

    async def _pump(self) -> None:
        while True:
            due = self._under_way[0][0] if self._under_way else None
            if await wait_until(self._clock, self._changed, due):
                self._changed.clear()
            while self._under_way and self._under_way[0][0] <= self._clock.now():
                event = heappop(self._under_way)[2]
                if isinstance(event, StreamRestored):
                    self._is_lost = False
                self._followers.tell(event)
