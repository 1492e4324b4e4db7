"""``GET /api/events/stream``: notices as they are raised, as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html. Each event carries its notice's
id, so a browser that comes back asks with ``Last-Event-ID`` for what it missed. A reader that
does not keep up is told to read the list anew (``resync``) and is let go: nobody's slowness is
kept in memory.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING

import orjson
from aiohttp import hdrs, web

from daemon.api.errors import ErrorCode, Refused
from daemon.api.lean import SECURITY_HEADERS
from daemon.api.operation import STREAM, Answer, Operation, Parameter, StreamEvent
from daemon.api.problems import BadInput, Problem
from daemon.api.respond import send
from daemon.notices import render
from daemon.signals import NoticeRaised

if TYPE_CHECKING:
    from daemon.api.columns import Item
    from daemon.api.views import Lists
    from daemon.signals import SignalBus

WAITING_MAX = 256
"""Events that may wait for one reader."""
READERS_MAX = 64
REPLAYED_MAX = 1000
HEARTBEAT_S = 15.0
_LAST_ID = "Last-Event-ID"
_ID_LENGTH = 26
_HEADERS = {**SECURITY_HEADERS, hdrs.CONTENT_TYPE: STREAM, "X-Accel-Buffering": "no"}
_RESYNC = b'event: resync\ndata: {"reason": "%s"}\n\n'

log = logging.getLogger(__name__)


class _Reader:
    """What waits for one reader. ``overrun``: it did not keep up."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[str, bytes]] = deque()
        self.news = asyncio.Event()
        self.overrun = False
        self.over = False

    def take(self, event_id: str, event: bytes) -> None:
        if len(self.waiting) >= WAITING_MAX:
            self.overrun = True
            self.waiting.clear()
        elif not self.overrun:
            self.waiting.append((event_id, event))
        self.news.set()

    def end(self) -> None:
        self.over = True
        self.news.set()


class EventStream:
    """Hands every notice to everybody who listens."""

    def __init__(self, bus: SignalBus, lists: Lists) -> None:
        self._lists = lists
        self._readers: set[_Reader] = set()
        bus.subscribe(NoticeRaised, self._raised)

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        return [
            Operation(
                method="GET",
                path="/api/events/stream",
                summary="Notices as they are raised, as server-sent events.",
                handler=self.stream,
                headers=(Parameter(_LAST_ID, "Go on after this notice, as browsers do."),),
                answers={200: Answer("Events without end.", StreamEvent, (STREAM,))},
                codes=frozenset({ErrorCode.BAD_INPUT, ErrorCode.TOO_MANY_READERS}),
            )
        ]

    def close(self) -> None:
        """Let every reader go; none may hold up the end."""
        for reader in self._readers:
            reader.end()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send what was missed, then everything new, until somebody goes away."""
        last = _last_id(request)
        if len(self._readers) >= READERS_MAX:
            detail = f"{READERS_MAX} readers listen already"
            raise Refused(ErrorCode.TOO_MANY_READERS, detail, headers={"Retry-After": "5"})
        response = web.StreamResponse(headers=_HEADERS)
        reader = _Reader()
        self._readers.add(reader)  # before looking back, so that nothing falls in between
        try:
            missed = [] if last is None else await self._lists.events_after(last, REPLAYED_MAX + 1)
            await response.prepare(request)
            await self._send(request, response, reader, missed)
        except ConnectionError:
            log.debug("a reader of events went away")
        finally:
            self._readers.discard(reader)
        return response

    async def _send(
        self,
        request: web.Request,
        response: web.StreamResponse,
        reader: _Reader,
        missed: list[Item],
    ) -> None:
        if len(missed) > REPLAYED_MAX:
            await send(request, response, _RESYNC % b"more was missed than is sent again")
            return
        seen = ""
        await send(request, response, b": notices\n\n")
        for item in missed:
            seen = str(item["id"])
            await send(request, response, _event(seen, item))
        while not reader.over:
            if reader.overrun:
                await send(request, response, _RESYNC % b"this reader was too slow")
                return
            if not reader.waiting:
                reader.news.clear()
                await self._wait(request, response, reader)
                continue
            event_id, event = reader.waiting.popleft()
            if event_id > seen:
                await send(request, response, event)

    async def _wait(
        self, request: web.Request, response: web.StreamResponse, reader: _Reader
    ) -> None:
        """Wait for news; now and then a comment shows that both ends are there."""
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await reader.news.wait()
        except TimeoutError:
            await send(request, response, b": still here\n\n")

    def _raised(self, notice: NoticeRaised) -> None:
        if not self._readers:
            return
        event = _event(
            notice.id,
            {
                "id": notice.id,
                "at": notice.at.isoformat(),
                "level": notice.level,
                "code": notice.code,
                "account": notice.account,
                "book": notice.book,
                "params": dict(notice.params),
                "delivered_at": None,
                "text": render(notice.code, notice.params, self._lists.words),
            },
        )
        for reader in self._readers:
            reader.take(notice.id, event)


def _last_id(request: web.Request) -> str | None:
    last = request.headers.get(_LAST_ID)
    if last is None:
        return None
    if not (last.isascii() and last.isalnum() and len(last) <= _ID_LENGTH):
        raise BadInput([Problem(_LAST_ID, "must be the id of an event of this stream")])
    return last


def _event(event_id: str, item: Item) -> bytes:
    return b"id: %s\nevent: notice\ndata: %s\n\n" % (event_id.encode(), orjson.dumps(item))
