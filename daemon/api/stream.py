"""``GET /api/events/stream``: notices as they are raised, as server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html. Each event carries its notice's
id, so a browser that comes back asks with ``Last-Event-ID`` for what it missed. All
read from one record of the last ones; a reader that does not keep up with it is told to read the
list anew (``resync``) and is let go: nobody's slowness is kept in memory. What comes close
together is one write, and readers are served one after another, so that two hundred of them are
no burst in which a webhook waits.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

import orjson
from aiohttp import hdrs, web

from daemon.api.errors import ErrorCode, Refused
from daemon.api.lean import SECURITY_HEADERS
from daemon.api.operation import STREAM, Answer, Operation, Parameter, StreamEvent
from daemon.api.pace import Pace, waited
from daemon.api.problems import BadInput, Problem
from daemon.api.respond import send
from daemon.notices import render
from daemon.signals import NoticeRaised

if TYPE_CHECKING:
    from daemon.api.columns import Item
    from daemon.api.sessions import Sessions
    from daemon.api.views import Lists
    from daemon.signals import SignalBus

WAITING_MAX = 4096
"""Events that a reader may be behind."""
READERS_MAX = 256
EVERY_S = 0.25
"""The least time between two writes to one reader."""
GAP_S = 0.001
"""The same between two readers."""
REPLAYED_MAX = 1000
HEARTBEAT_S = 15.0
_LAST_ID = "Last-Event-ID"
_ID_LENGTH = 26
_HEADERS = {**SECURITY_HEADERS, hdrs.CONTENT_TYPE: STREAM, "X-Accel-Buffering": "no"}
_RESYNC = b'event: resync\ndata: {"reason": "%s"}\n\n'

log = logging.getLogger(__name__)


class EventStream:
    """Hands every notice to everybody who listens."""

    def __init__(self, bus: SignalBus, lists: Lists, sessions: Sessions) -> None:
        self._lists = lists
        self._sessions = sessions
        self.readers = 0
        """How many listen now."""
        self._record: deque[tuple[str, bytes]] = deque(maxlen=WAITING_MAX)
        self._raised_so_far = 0
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._pace = Pace(GAP_S)
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
        self._over.set()
        self._news.set()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send what was missed, then everything new, until somebody goes away or has logged out."""
        last = _last_id(request)
        if self.readers >= READERS_MAX:
            detail = f"{READERS_MAX} readers listen already"
            raise Refused(ErrorCode.TOO_MANY_READERS, detail, headers={"Retry-After": "5"})
        response = web.StreamResponse(headers=_HEADERS)
        self.readers += 1
        position = self._raised_so_far  # before looking back, so that nothing falls in between
        try:
            missed = [] if last is None else await self._lists.events_after(last, REPLAYED_MAX + 1)
            await response.prepare(request)
            if len(missed) > REPLAYED_MAX:
                await send(request, response, _RESYNC % b"more was missed than is sent again")
            else:
                await self._send(request, response, position, missed)
        except ConnectionError:
            log.debug("a reader of events went away")
        finally:
            self.readers -= 1
            if not self.readers:
                self._record.clear()
        return response

    async def _send(
        self, request: web.Request, response: web.StreamResponse, position: int, missed: list[Item]
    ) -> None:
        seen, admitted = "", await self._sessions.pass_of(request)
        await send(request, response, b": notices\n\n")
        for item in missed:
            seen = str(item["id"])
            await send(request, response, _event(seen, item))
        while not self._over.is_set() and self._sessions.holds(admitted):
            if position == self._raised_so_far:
                self._news.clear()
                await self._wait(request, response)
                continue
            await waited(self._over, self._pace.delay_s())
            behind = self._raised_so_far - position
            if behind > len(self._record):
                await send(request, response, _RESYNC % b"this reader was too slow")
                return
            new = islice(self._record, len(self._record) - behind, None)
            position += behind
            await send(request, response, b"".join(event for key, event in new if key > seen))
            await waited(self._over, EVERY_S)

    async def _wait(self, request: web.Request, response: web.StreamResponse) -> None:
        """Wait for news; now and then a comment shows that both ends are there."""
        if not await waited(self._news, HEARTBEAT_S):
            await send(request, response, b": still here\n\n")

    def _raised(self, notice: NoticeRaised) -> None:
        if not self.readers:
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
                "seen_at": None,
                "seen_by": None,
                "text": render(notice.code, notice.params, self._lists.words),
            },
        )
        self._record.append((notice.id, event))
        self._raised_so_far += 1
        self._news.set()


def _last_id(request: web.Request) -> str | None:
    last = request.headers.get(_LAST_ID)
    if last is None:
        return None
    if not (last.isascii() and last.isalnum() and len(last) <= _ID_LENGTH):
        raise BadInput([Problem(_LAST_ID, "must be the id of an event of this stream")])
    return last


def _event(event_id: str, item: Item) -> bytes:
    return b"id: %s\nevent: notice\ndata: %s\n\n" % (event_id.encode(), orjson.dumps(item))
