"""The event stream of a paper account, with everything that can befall a stream."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Self
from weakref import ref

from adapters.broker import FillEvent, StreamLost, StreamRestored
from adapters.clock import wait_until
from adapters.paper.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from adapters.broker import BrokerEvent
    from adapters.clock import Clock
    from adapters.paper.faults import Faults
    from adapters.tasks import TaskSupervisor

LATE_BY = timedelta(seconds=3)
GAP = timedelta(seconds=5)
"""How long a stream that broke off by chance stays away."""
MOST_UNREAD = 10_000


class Follower:
    """One reader of the stream. Who reads too slowly loses events, and is told so."""

    def __init__(self) -> None:
        self._unread: deque[BrokerEvent] = deque()
        self._news = asyncio.Event()
        self._ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BrokerEvent:
        while not self._unread:
            if self._ended:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._unread.popleft()

    def tell(self, event: BrokerEvent) -> None:
        if len(self._unread) >= MOST_UNREAD:
            self._unread.clear()
            self._unread.append(StreamLost(f"more than {MOST_UNREAD} events were not read"))
            self._unread.append(StreamRestored())
        self._unread.append(event)
        self._news.set()

    def end(self) -> None:
        self._ended = True
        self._news.set()


class Stream:
    """Hands events to all followers, ``latency`` after they happen."""

    def __init__(
        self, clock: Clock, faults: Faults, tasks: TaskSupervisor, *, latency: timedelta
    ) -> None:
        self._clock = clock
        self.faults = faults
        self._tasks = tasks
        self._latency = latency
        self._followers: list[ref[Follower]] = []
        self._under_way: list[tuple[datetime, int, BrokerEvent]] = []
        self._order = count()
        self._changed = asyncio.Event()
        self._pumps = False
        self._is_lost = False
        self._is_closed = False

    def follow(self) -> Follower:
        """Begin to follow; what happened before is not told."""
        follower = Follower()
        if self._is_closed:
            follower.end()
        else:
            self._followers.append(ref(follower))
        return follower

    def publish(self, events: Iterable[BrokerEvent]) -> None:
        """Send events on their way, unless the stream is lost."""
        if self._is_closed:
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
        self._tell(StreamLost("the stream was disconnected"))
        self._deliver_at(self._clock.now() + gap, StreamRestored())

    def close(self) -> None:
        """End every follower."""
        self._is_closed = True
        for follower in self._reading():
            follower.end()

    def _send(self, event: BrokerEvent) -> None:
        fault = self.faults.of_event(is_fill=isinstance(event, FillEvent))
        if fault is Fault.LOST_EVENT:
            return
        delay = self._latency + LATE_BY if fault is Fault.LATE_FILL else self._latency
        for _ in range(2 if fault is Fault.DUPLICATE_FILL else 1):
            if delay:
                self._deliver_at(self._clock.now() + delay, event)
            else:
                self._tell(event)
        if fault is Fault.DISCONNECT:
            self.disconnect()

    def _tell(self, event: BrokerEvent) -> None:
        for follower in self._reading():
            follower.tell(event)

    def _reading(self) -> list[Follower]:
        """Return the followers somebody still holds, the first to come first."""
        reading = [(each, follower) for each in self._followers if (follower := each())]
        self._followers = [each for each, _ in reading]
        return [follower for _, follower in reading]

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
                self._tell(event)
