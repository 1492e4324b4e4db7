"""Readers of an account's events: each with its own bounded list of what it has not read yet."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Self
from weakref import ref

from adapters.broker import StreamLost, StreamRestored

if TYPE_CHECKING:
    from adapters.broker import BrokerEvent

MOST_UNREAD = 10_000


class Follower:
    """One reader of a stream. Who reads too slowly loses events, and is told so."""

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


class Followers:
    """Everybody who follows an account. Who lets go of a follower need not say so."""

    def __init__(self) -> None:
        self._followers: list[ref[Follower]] = []
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def follow(self) -> Follower:
        """Begin to follow; what happened before is not told."""
        follower = Follower()
        if self._is_closed:
            follower.end()
        else:
            self._followers.append(ref(follower))
        return follower

    def tell(self, event: BrokerEvent) -> None:
        """Tell an event to all, until closed."""
        if self._is_closed:
            return
        for follower in self._reading():
            follower.tell(event)

    def close(self) -> None:
        """End every follower, once it has read what it was told."""
        self._is_closed = True
        for follower in self._reading():
            follower.end()

    def _reading(self) -> list[Follower]:
        """Return the followers somebody still holds, the first to come first."""
        reading = [(each, follower) for each in self._followers if (follower := each())]
        self._followers = [each for each, _ in reading]
        return [follower for _, follower in reading]
