"""Open pages are sent their main part again once something is new.

A page that is asked for as ``text/event-stream`` is a stream of its main part. A part is made once
for all who look at the same page, and sent to whom it is new. Nothing waits for anybody, however
slow, and a thousand commits a second are one event. Pages are told one after another over the time
between two events, so that no webhook waits for all of them.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from daemon.api.errors import ErrorCode, Refused
from daemon.api.lean import SECURITY_HEADERS
from daemon.api.operation import STREAM
from daemon.api.pace import Pace, waited
from daemon.api.respond import refusal_of, send
from daemon.signals import Committed, StandingChanged

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daemon.api.sessions import Sessions
    from daemon.signals import SignalBus

    Part = Callable[[], Awaitable[bytes]]

EVERY_S = 2.0
"""The least time between two events to one reader."""
READERS_MAX = 256
GAP_S = EVERY_S / READERS_MAX
"""The least time between two readers."""
HEARTBEAT_S = 15.0
_HEADERS = {**SECURITY_HEADERS, hdrs.CONTENT_TYPE: STREAM, "X-Accel-Buffering": "no"}

log = logging.getLogger(__name__)


class Changes:
    """Serves every open page after commits."""

    def __init__(self, bus: SignalBus) -> None:
        self.count = 0
        """How many there were since the start."""
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._readers = 0
        self._pace = Pace(GAP_S)
        bus.subscribe(Committed, lambda _: self.tell())
        bus.subscribe(StandingChanged, lambda _: self.tell())

    def close(self) -> None:
        """Let every reader go."""
        self._over.set()
        self._news.set()

    async def stream(
        self, request: web.Request, sessions: Sessions, part: Part
    ) -> web.StreamResponse:
        """Send what ``part`` makes, now and after changes, until somebody goes away.

        It ends with the session too: the page asks again, and is told to log in. Raises Refused.
        """
        if self._readers >= READERS_MAX:
            detail = f"{READERS_MAX} pages are open already"
            raise Refused(ErrorCode.TOO_MANY_READERS, detail, headers={"Retry-After": "5"})
        response = web.StreamResponse(headers=_HEADERS)
        self._readers += 1
        try:
            admitted = await sessions.pass_of(request)
            await waited(self._over, self._pace.delay_s())
            seen, sent = self.count, await part()
            await response.prepare(request)
            await send(request, response, b": parts\n\n" + sent)
            while not self._over.is_set():
                if not sessions.holds(admitted):
                    await send(request, response, b"event: ended\ndata: {}\n\n")
                    break
                if self.count == seen:
                    await self._wait(request, response)
                    continue
                await waited(self._over, self._pace.delay_s())
                seen, event = self.count, await _made(part)
                if event is None:
                    break
                if event != sent:
                    await send(request, response, event)
                    sent = event
                await waited(self._over, EVERY_S)
        except ConnectionError:
            log.debug("an open page went away")
        finally:
            self._readers -= 1
        return response

    async def _wait(self, request: web.Request, response: web.StreamResponse) -> None:
        """Wait for news; now and then a comment shows that both ends are there."""
        self._news.clear()
        if not await waited(self._news, HEARTBEAT_S):
            await send(request, response, b": still here\n\n")

    def tell(self) -> None:
        """Wake whoever looks."""
        self.count += 1
        if self._readers:
            self._news.set()


async def _made(part: Part) -> bytes | None:
    """Make a part; None if it cannot be: the page asks again, and is told why."""
    try:
        return await part()
    except Exception as error:  # noqa: BLE001 - the answer has begun, its end is all one can say
        log.info("an open page is let go: %s", refusal_of(error).detail)
        return None
