"""One HTTP connection: aiohttp's, with a short way past it for webhooks.

aiohttp gives every request an object, a stream, a writer and a task of its own. A webhook that
arrived whole needs none of them: its body is at hand and its answer is one write. Such a message is
taken out of aiohttp's queue here and handed on at once. Everything else about the connection stays
aiohttp's: parsing, limits, keep-alive, the orderly end. Messages of a connection are answered in
their order, whichever way they take.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

from aiohttp import HttpVersion11, hdrs, web
from aiohttp.http_exceptions import InvalidURLError
from aiohttp.http_parser import RawRequestMessage

from daemon.api.errors import ErrorCode, Refused
from daemon.api.respond import WRITE_S, internal_error, problem_response, raw_problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import StreamReader
    from multidict import CIMultiDictProxy

LINE_BYTES_MAX = 8190
HEADERS_MAX = 64
AT_ONCE = 16
"""Messages of a connection that are taken before others have their turn: those that are refused are
answered on the spot."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long callers are waited for."""

    head_s: float = 10.0
    """For the headers of a connection's first request."""
    idle_s: float = 75.0
    """For the next request of a connection, its headers included."""
    linger_s: float = 2.0
    """For the rest of a refused body, which is thrown away, so that the answer is seen."""
    write_s: float = WRITE_S
    """For a caller that takes nothing of its answers."""


class Call(NamedTuple):
    """A request that has arrived whole. ``remote`` is the other end of the connection."""

    remote: str | None
    headers: CIMultiDictProxy[str]
    body: bytes


class ShortWay(NamedTuple):
    """Which requests go past aiohttp, and who takes them.

    ``take`` is given the call and what to answer it with: a function that wants the whole HTTP
    answer, head and body, once, now or later. It must not raise.
    """

    method: str
    path: str
    take: Callable[[Call, Callable[[bytes], None]], None]


class Connection(web.RequestHandler):
    """One connection. What aiohttp itself refuses is answered as a problem too."""

    __slots__ = (
        "_head_s",
        "_head_timer",
        "_is_at_end",
        "_is_passing_on",
        "_is_taken",
        "_remote",
        "_short_way",
        "_write_s",
    )

    def __init__(self, manager: web.Server, patience: Patience, short_way: ShortWay) -> None:
        super().__init__(
            manager,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # means none, which the library leaves untold
            keepalive_timeout=patience.idle_s,
            lingering_time=patience.linger_s,
            max_line_size=LINE_BYTES_MAX,
            max_field_size=LINE_BYTES_MAX,
            max_headers=HEADERS_MAX,
            auto_decompress=False,
        )
        self._head_s = patience.head_s
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_s = patience.write_s
        self._short_way = short_way
        self._remote: str | None = None
        self._is_taken = False
        """Whether a message is on the short way; those behind it wait for its answer."""
        self._is_passing_on = False
        """Whether messages are just being taken, one after another."""
        self._is_at_end = False
        """Whether the caller says no more; what it said is answered."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._head_timer = self._loop.call_later(self._head_s, self._give_up_waiting)
        _limit_silence(transport, self._write_s)
        peer = transport.get_extra_info("peername")
        self._remote = peer[0] if isinstance(peer, tuple) else peer

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None  # it leads back here: a cycle, if it stayed
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Let aiohttp parse, and decide which way the next message takes.

        aiohttp's own loop sleeps on ``_waiter`` until there is a message. While a message may
        still be taken from it, it is kept from hearing of it.
        """
        waiter = self._sleeping()
        if waiter is None:  # it is at work, and goes on by itself
            super().data_received(data)
            return
        self._waiter = None
        try:
            super().data_received(data)
        finally:
            self._waiter = waiter
        if self._messages:
            self._pass_on()

    def eof_received(self) -> bool:  # type: ignore[override] # asyncio asks for a bool
        """Answer what was asked by a caller that ends its side, as scripts do, then hang up.

        A caller that went away looks the same until it is written to. So nothing that is not
        whole is waited for, and an answer that has begun, as a stream of events, ends here. TLS
        knows no end of one side.
        """
        request = self._current_request
        has_begun = request is not None and request.writer.output_size > 0
        self._is_at_end = self.ssl_context is None and not has_begun and self._owes_answers()
        if self._is_at_end:
            self._loop.call_soon(self._look_again)
        return self._is_at_end

    def _owes_answers(self) -> bool:
        """Whether a request that came whole is still to be answered."""
        if self._current_request is not None:
            return self._current_request.content.is_eof()
        if self._messages:
            _, last = self._messages[-1]
            return bool(last.is_eof())
        return self._is_taken or (self._request_count > 0 and self._sleeping() is None)

    def _look_again(self) -> None:
        """Hang up where aiohttp had just begun with a request, or ended, as the end came."""
        if not self._owes_answers():
            self.force_close()

    def _sleeping(self) -> asyncio.Future[None] | None:
        """What aiohttp's loop waits on for a message; none while it is at work."""
        waiter = self._waiter
        return None if waiter is None or waiter.done() else waiter

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send an answer aiohttp's way; the last one of a caller that says no more is the end."""
        response, is_reset = await super().finish_response(request, resp, start_time)
        if self._is_at_end and not self._messages:
            response.force_close()
        return response, is_reset

    def _pass_on(self) -> None:
        """Send waiting messages on their way, until one is not answered at once.

        Not by calling itself: a thousand that are refused would be a thousand calls deep.
        """
        if self._is_passing_on:
            return
        self._is_passing_on = True
        try:
            for _ in range(AT_ONCE):
                if self._is_taken or not self._messages or not self._take(*self._messages[0]):
                    return
        finally:
            self._is_passing_on = False
        self._loop.call_soon(self._pass_on)

    def _take(self, message: object, payload: StreamReader) -> bool:
        """Take the first message, or wake aiohttp's loop for it; return whether it was taken.

        While a caller does not take its answers, no more are made for it.
        """
        waiter = self._sleeping()
        if waiter is None:
            return False  # aiohttp is at work, and goes on by itself
        if not (self._fits(message) and payload.is_eof()):
            waiter.set_result(None)
            return False
        transport = self.transport
        if self._paused or self._force_close or transport is None or transport.is_closing():
            return False
        self._messages.popleft()
        self._is_taken = self._request_in_progress = True
        self._make_room()
        call = Call(self._remote, message.headers, payload.read_nowait())
        self._short_way.take(call, self._answer)
        return True

    def _fits(self, message: object) -> TypeGuard[RawRequestMessage]:
        return (
            isinstance(message, RawRequestMessage)
            and message.path == self._short_way.path
            and message.method == self._short_way.method
            and not message.should_close
            and message.version == HttpVersion11
            and hdrs.EXPECT not in message.headers
            and hdrs.CONTENT_ENCODING not in message.headers
        )

    def _make_room(self) -> None:
        """Let the parser go on that stopped at a full queue; as ``start`` does."""
        if self._parser is not None:
            self._parser.message_consumed()
        if self._buffer_paused and len(self._messages) <= self._msg_queue_resume_size:
            self._resume_reading_if_drained()

    def resume_reading(self, resume_parser: bool = True) -> None:  # noqa: FBT001, FBT002 - its form
        """Read on, if reading was paused; a body taken in one piece hardly ever did that.

        aiohttp would parse nothing, and ask the transport, each time.
        """
        if self._reading_paused or self._buffer_paused:
            super().resume_reading(resume_parser)

    def _answer(self, answer: bytes) -> None:
        """Answer the message that was taken; the next one follows."""
        assert self._is_taken  # one answer for each call
        self._is_taken = self._request_in_progress = False
        if self._handler_waiter is not None and not self._handler_waiter.done():
            self._handler_waiter.set_result(None)  # somebody shuts down, and waited for this
        transport = self.transport
        if transport is None or transport.is_closing():
            return  # the caller is gone
        transport.write(answer)
        if self._force_close or self._close:
            return
        if self._is_at_end and not self._messages:
            self.force_close()
            return
        self._keepalive = True
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        if self._keepalive_handle is None:
            self._keepalive_handle = self._loop.call_at(
                self._next_keepalive_close_time, self._process_keepalive
            )
        if self._messages:
            self._pass_on()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._pass_on()

    def _process_keepalive(self) -> None:
        if self._is_taken:  # not idle, although aiohttp's loop sleeps
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        super()._process_keepalive()

    def _give_up_waiting(self) -> None:
        """Tell a caller that has not finished its first request's headers, and hang up."""
        if self._request_count == 0 and self.transport is not None:
            detail = f"the headers did not arrive within {self._head_s:g} s"
            refused = Refused(ErrorCode.HEAD_TOO_SLOW, detail)
            self.transport.write(raw_problem(refused, closes=True))
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what is no HTTP, or a fault of ours."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer had begun; another one cannot follow")
        if status < web.HTTPInternalServerError.status_code:
            if exc is not None:
                exc.__traceback__ = None  # its frames lead to this connection, which leads to it
            # What follows a colon, or the first line, is what came, which may be a token.
            words = (message or "not HTTP").partition("\n")[0].partition(":")[0].rstrip()
            if isinstance(exc, InvalidURLError):
                words = "what is asked for is no URL"  # its message is what was asked for
            response = problem_response(Refused(ErrorCode.BAD_HTTP, words[:200]))
        else:
            log.error("a request failed", exc_info=exc)
            response = problem_response(internal_error())
        response.force_close()
        return response


def _limit_silence(transport: asyncio.BaseTransport, seconds: float) -> None:
    """Let the kernel hang up on a caller that takes nothing for so long, also while it closes."""
    connection = transport.get_extra_info("socket")
    if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(seconds * 1000))
