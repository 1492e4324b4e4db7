"""``GET /api/events/changes``: says to open pages that something is new, so that they look.

It tells that, not what: nothing waits for anybody, however slow, and a thousand commits a second
are one event. Pages are told one after another over the time between two events, so that they do
not all look at once, which webhooks would notice.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from daemon.api.errors import ErrorCode, Refused
from daemon.api.lean import SECURITY_HEADERS
from daemon.api.operation import STREAM, Answer, Operation, StreamEvent
from daemon.api.pace import Pace, waited
from daemon.api.respond import send
from daemon.signals import Committed, StandingKnown

if TYPE_CHECKING:
    from daemon.signals import SignalBus

EVERY_S = 2.0
"""The least time between two events to one reader."""
READERS_MAX = 256
GAP_S = EVERY_S / READERS_MAX
"""The least time between two readers."""
HEARTBEAT_S = 15.0
_HEADERS = {**SECURITY_HEADERS, hdrs.CONTENT_TYPE: STREAM, "X-Accel-Buffering": "no"}

log = logging.getLogger(__name__)


class Changes:
    """Wakes every open page after commits."""

    def __init__(self, bus: SignalBus) -> None:
        self.count = 0
        """How many there were since the start."""
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._readers = 0
        self._pace = Pace(GAP_S)
        bus.subscribe(Committed, lambda _: self.tell())
        bus.subscribe(StandingKnown, lambda _: self.tell())

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        return [
            Operation(
                method="GET",
                path="/api/events/changes",
                summary="That something was stored, every two seconds at most, as server-sent "
                "events.",
                handler=self.stream,
                answers={200: Answer("Events without end.", StreamEvent, (STREAM,))},
                codes=frozenset({ErrorCode.TOO_MANY_READERS}),
                asks_database=False,
            )
        ]

    def close(self) -> None:
        """Let every reader go."""
        self._over.set()
        self._news.set()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Tell of changes until somebody goes away."""
        if self._readers >= READERS_MAX:
            detail = f"{READERS_MAX} pages are open already"
            raise Refused(ErrorCode.TOO_MANY_READERS, detail, headers={"Retry-After": "5"})
        response = web.StreamResponse(headers=_HEADERS)
        self._readers += 1
        try:
            await response.prepare(request)
            await self._tell(request, response)
        except ConnectionError:
            log.debug("an open page went away")
        finally:
            self._readers -= 1
        return response

    async def _tell(self, request: web.Request, response: web.StreamResponse) -> None:
        seen = self.count
        await send(request, response, b": changes\n\n")
        while not self._over.is_set():
            if self.count == seen:
                self._news.clear()
                if not await waited(self._news, HEARTBEAT_S):
                    await send(request, response, b": still here\n\n")
                continue
            await waited(self._over, self._pace.delay_s())
            seen = self.count
            await send(request, response, b"event: changed\ndata: {}\n\n")
            await waited(self._over, EVERY_S)

    def tell(self) -> None:
        """Wake whoever looks."""
        self.count += 1
        if self._readers:
            self._news.set()
