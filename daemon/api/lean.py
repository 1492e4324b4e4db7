"""An answer that leaves in one write, for the path that every order takes.

aiohttp builds each response's headers anew and sends them through three coroutines. Nothing in
them changes here but the length and the date: for a small JSON body the head is a constant, and
head and body are handed to the transport together. Whatever needs more than that (HTTP/1.0, HEAD,
a connection that is to be closed) takes aiohttp's own way.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import ClientConnectionResetError, HttpVersion11, hdrs, web
from aiohttp.helpers import rfc822_formatted_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp.abc import AbstractStreamWriter

SECURITY_HEADERS: Mapping[str, str] = {
    "Server": "nettingd",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
"""On every answer of the API: it is data for programs, never a page, never kept."""

JSON_TYPE = "application/json"

_FIXED = "".join(f"{name}: {value}\r\n" for name, value in SECURITY_HEADERS.items())
_HEADS = {
    status.value: (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n{_FIXED}Content-Type: {JSON_TYPE}\r\n"
    )
    for status in HTTPStatus
}


def raw_answer(status: int, body: bytes) -> bytes:
    """Write a whole answer with a JSON body, head included."""
    head = f"{_HEADS[status]}Content-Length: {len(body)}\r\nDate: {rfc822_formatted_time()}\r\n\r\n"
    return head.encode("ascii") + body


class LeanResponse(web.Response):
    """A JSON body with a status, and nothing else that could be set.

    The application's ``on_response_prepare`` signal does not see it.
    """

    def __init__(self, body: bytes, status: int = HTTPStatus.OK) -> None:
        # Not calling aiohttp's own constructor is the point: it runs when it is needed.
        self._status = int(status)
        self._body = body

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send everything, or let aiohttp do it."""
        if not request.keep_alive or request.version != HttpVersion11 or request.method == "HEAD":
            super().__init__(
                body=self._body,
                status=self._status,
                headers={**SECURITY_HEADERS, hdrs.CONTENT_TYPE: JSON_TYPE},
            )
            return await super().prepare(request)
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ClientConnectionResetError("the caller is gone")
        body = self._body
        assert isinstance(body, bytes)  # nobody else sets it
        self._eof_sent = True
        self._keep_alive = True
        transport.write(raw_answer(self._status, body))
        if request.protocol.writing_paused:  # a caller that reads no answers gets no more of them
            await request.writer.drain()
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """End the response, unless everything is sent."""
        if not self._eof_sent:
            await super().write_eof(data)
