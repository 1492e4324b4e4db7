"""A socket that is kept open, and everybody whose events come over it.

Nothing is replayed after a gap, so a gap is always told. A socket is exchanged for a new one
before the venue ends it, and while both are open events come twice, which harms nobody.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

import aiohttp
import orjson

from adapters.fields import MalformedError

if TYPE_CHECKING:
    import random
    from collections.abc import Coroutine, Iterable

    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor

CONNECT_S = 8.0
HEARTBEAT_S = 20.0
"""How often we ping; no pong within half of it ends the connection."""
ROTATE_AFTER_S = 23 * 3600.0
"""Binance ends every socket after 24 hours."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 30.0
CLOSE_S = 2.0
MOST_BYTES = 4 * 1024 * 1024

log = logging.getLogger(__name__)


class FeedError(Exception):
    """The venue did not let us listen."""


class Member(Protocol):
    """An account whose events come over a feed."""

    name: str

    def heard(self, event: object) -> None:
        """Take in an event of this account."""
        ...

    def lost(self, reason: str) -> None:
        """Hear that events may be missing from here on."""
        ...

    def restored(self) -> None:
        """Hear that events flow (again)."""
        ...


class Link:
    """One open socket and the task that reads it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.ended = asyncio.Event()
        self.worn = asyncio.Event()
        """Set when the venue asks for a new connection."""
        self.reason = "closed"

    def end(self, reason: str) -> None:
        if not self.ended.is_set():
            self.reason = reason
            self.ended.set()

    async def close(self) -> None:
        """Close without waiting long for a peer that may be gone."""
        try:
            async with asyncio.timeout(CLOSE_S):
                await self.socket.close()
        except (TimeoutError, aiohttp.ClientError, OSError):
            log.debug("a socket did not close in order")


class Feed(ABC):
    """Keeps one socket open for its members until closed."""

    def __init__(
        self,
        *,
        name: str,
        session: aiohttp.ClientSession,
        clock: Clock,
        tasks: TaskSupervisor,
        dice: random.Random,
    ) -> None:
        self.name = name
        self._session = session
        self._clock = clock
        self._tasks = tasks
        self._dice = dice
        self._link: Link | None = None
        self._running: list[asyncio.Task[None]] = []

    @abstractmethod
    async def _address(self) -> str:
        """Return where to connect; raise FeedError when there is no leave to."""

    @abstractmethod
    async def _introduce(self, link: Link) -> None:
        """Have every member's events sent over a new link, and tell who hears (again)."""

    @abstractmethod
    def _members(self) -> Iterable[Member]:
        """Return who hears over the present link."""

    @abstractmethod
    def _dispatch(self, link: Link, message: object) -> None:
        """Give a message to whom it is for."""

    def start(self) -> None:
        """Begin to connect, unless that has begun."""
        if not self._running:
            self._keep_running(self._run(), f"feed {self.name}")

    def _keep_running(self, work: Coroutine[object, object, None], name: str) -> None:
        """Have something go on beside, until this feed is closed."""
        self._running.append(self._tasks.spawn(work, name=name))

    def reconnect(self, reason: str) -> None:
        """Give the present socket up: it is open, and yet nothing more will come."""
        if self._link is not None:
            self._link.end(reason)

    async def close(self) -> None:
        """Close the socket, and open none any more."""
        link, self._link = self._link, None
        for task in self._running:
            if task is not asyncio.current_task():
                task.cancel()
        if link is not None:
            link.end("closed by us")
            await link.close()

    async def _run(self) -> None:
        try:
            await self._keep_open()
        finally:
            await self.close()

    async def _keep_open(self) -> None:
        failures = 0
        while True:
            old = self._link
            try:
                async with asyncio.timeout(CONNECT_S):
                    link = await self._connect()
            except (aiohttp.ClientError, FeedError, MalformedError, OSError, TimeoutError) as error:
                failures += 1
                if old is not None and old.ended.is_set():
                    await self._drop(old)
                log.warning("feed %s: %s: %s", self.name, type(error).__name__, error)
                await self._clock.sleep(self._pause(failures))
            else:
                failures = 0
                if old is not None:
                    await old.close()
                await self._watch(link)

    async def _connect(self) -> Link:
        address = await self._address()
        socket = await self._session.ws_connect(
            address, heartbeat=HEARTBEAT_S, max_msg_size=MOST_BYTES
        )
        link = Link(socket)
        self._tasks.spawn(self._read(link), name=f"reader of {self.name}")
        try:
            await self._introduce(link)
        except BaseException:
            link.end("not introduced")
            await link.close()
            raise
        self._link = link
        return link

    async def _watch(self, link: Link) -> None:
        """Wait until a link ends or is worn; tell the members of an end."""
        waits = [
            self._tasks.spawn(event.wait(), name=f"watch {self.name}")
            for event in (link.ended, link.worn)
        ]
        try:
            await asyncio.wait(waits, timeout=ROTATE_AFTER_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if link.ended.is_set():
            await self._drop(link)
            await self._clock.sleep(self._pause(1))

    async def _drop(self, link: Link) -> None:
        """Tell the members that they hear nothing any more."""
        self._link = None
        for member in tuple(self._members()):
            member.lost(link.reason)
        await link.close()

    async def _read(self, link: Link) -> None:
        """Read a socket to its end. A message that cannot be read ends it: others may miss too."""
        try:
            while not link.ended.is_set():
                message = await link.socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    link.end(f"{message.type.name.lower()}: {message.data or message.extra or ''}")
                    return
                self._dispatch(link, orjson.loads(message.data))
        except (MalformedError, orjson.JSONDecodeError) as error:
            log.exception("feed %s: a message could not be read", self.name)
            link.end(f"unreadable message: {error}")
        except (aiohttp.ClientError, OSError) as error:
            link.end(f"{type(error).__name__}: {error}")
        finally:
            link.end("its reader stopped")

    def _pause(self, failures: int) -> float:
        """Longer after each failure, and never the same for two accounts."""
        most = min(FIRST_PAUSE_S * 2.0 ** (failures - 1), LONGEST_PAUSE_S)
        return most * self._dice.uniform(0.5, 1.0)
