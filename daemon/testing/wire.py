"""HTTP without a network: bytes go straight into the server's protocol, and back.

Everything is as over a socket (parsing, limits, tokens, answers), but nothing waits for the
operating system, so it works under virtual time.
"""

from __future__ import annotations

import asyncio
import io
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, cast

import orjson

from daemon.api.app import SHORT_WAY
from daemon.api.connection import Patience
from daemon.api.server import set_up

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from aiohttp import web

    from daemon.config.service import HttpConfig

LONGEST_ANSWER_S = 120.0
"""No answer of the daemon takes longer; one that does is a mistake worth a failed test."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. ``json`` is its body, decoded; None if it is no JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    json: Any

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class _Transport(asyncio.Transport):
    """Keeps what the server writes until it hangs up."""

    def __init__(self, peer: str) -> None:
        super().__init__({"peername": (peer, 50_000), "sockname": ("127.0.0.1", 8710)})
        self.written = bytearray()
        self.hung_up = asyncio.Event()

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.hung_up.is_set()

    def close(self) -> None:
        self.hung_up.set()

    def abort(self) -> None:
        self.hung_up.set()

    def pause_reading(self) -> None:
        """Do nothing: everything has been read already."""

    def resume_reading(self) -> None:
        """Do nothing, as above."""


class Wire:
    """Carries requests to an application and answers back, each on a connection of its own."""

    def __init__(self, runner: web.AppRunner) -> None:
        self._runner = runner
        self.url = "http://127.0.0.1"
        self.renew_certificate: Callable[[], None] = lambda: None
        """There is none."""

    @classmethod
    async def open(cls, app: web.Application, _: HttpConfig) -> Wire:
        """Stand in for ``daemon.api.app.serve``."""
        return cls(await set_up(app, app[SHORT_WAY], Patience()))

    async def close(self) -> None:
        await self._runner.cleanup()

    async def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        body: bytes = b"",
        peer: str = "127.0.0.1",
    ) -> Answer:
        """Send one request from an address and return the answer."""
        answer = await self.raw(_spelled(method, path, headers, body), peer=peer)
        return _read(answer, method)

    async def raw(self, data: bytes, *, peer: str = "127.0.0.1") -> bytes:
        """Send any bytes on a connection; return what comes until the server hangs up."""
        server = self._runner.server
        assert server is not None  # set up
        protocol, transport = server(), _Transport(peer)
        protocol.connection_made(transport)
        protocol.data_received(data)
        try:
            async with asyncio.timeout(LONGEST_ANSWER_S):
                await transport.hung_up.wait()
        finally:
            protocol.connection_lost(None)
        return bytes(transport.written)


def _spelled(method: str, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


class _Bytes:
    """As much of a socket as the standard library's reader of answers needs."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object, **__: object) -> io.BytesIO:
        return io.BytesIO(self._data)


def _read(data: bytes, method: str) -> Answer:
    response = HTTPResponse(cast("socket.socket", _Bytes(data)), method=method)
    response.begin()
    body = response.read()
    headers = {name.lower(): value for name, value in response.getheaders()}
    try:
        decoded = orjson.loads(body)
    except ValueError:
        decoded = None
    return Answer(response.status, headers, body, decoded)
