"""Requests that reach the host in the same process without a network: a third of a day's cost.

Everything on both sides of the network is as it is: what is asked, the time limits, the host's
faults. A connection that breaks is told with the error that aiohttp tells it with. The event
socket stays a real one.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from unittest.mock import patch
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from adapters.http import Connections
from adapters.tasks import TaskSupervisor
from tests.simulators.kis.rest import CutShortError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from tests.simulators.kis import KisSimulator


@dataclass(slots=True)
class _Line:
    """What the host has of a connection: it can break it off."""

    is_broken: bool = False

    def abort(self) -> None:
        self.is_broken = True


@dataclass(slots=True)
class _Request:
    """A request as the host reads it."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    transport: _Line = field(default_factory=_Line)

    async def read(self) -> bytes:
        return self.body


@dataclass(frozen=True, slots=True)
class _Response:
    """An answer as the adapter reads it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    async def read(self) -> bytes:
        return self.body


class Shortcut:
    """Leads to one host. The host's work is its own: it goes on when who asked is killed."""

    def __init__(self, simulator: KisSimulator) -> None:
        self._simulator = simulator
        self._tasks = TaskSupervisor()
        self._context = copy_context()

    @contextmanager
    def is_taken(self) -> Iterator[None]:
        """Have all sessions made meanwhile take it."""
        real = vars(Connections)["session"]

        def session(connections: Connections) -> _Session:
            return _Session(self, real.fget(connections))

        with patch.object(Connections, "session", property(session)):
            yield

    async def close(self) -> None:
        await self._tasks.close(0)

    async def answer(self, request: _Request) -> _Response:
        """Have the host answer; raises what aiohttp raises when a connection breaks."""
        work = self._answer(request)
        answering = self._context.run(self._tasks.spawn, work, name="answer of the host")
        response = await asyncio.shield(answering)
        if request.transport.is_broken:
            raise aiohttp.ServerDisconnectedError
        if response is None:
            raise aiohttp.ClientPayloadError("the answer broke off")
        body = response.body if isinstance(response.body, bytes) else b""
        return _Response(response.status, response.headers, body)

    async def _answer(self, request: _Request) -> web.Response | None:
        try:
            response = await self._simulator.rest.answer(cast("web.Request", request))
        except CutShortError:
            return None
        assert isinstance(response, web.Response)
        return response


@dataclass(frozen=True, slots=True)
class _Session:
    """As much of an aiohttp session as the adapter uses."""

    way: Shortcut
    real: aiohttp.ClientSession

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
        data: bytes | None,
        **_: object,
    ) -> AbstractAsyncContextManager[_Response]:
        path = urlsplit(url).path
        return _Exchange(self.way, _Request(method, path, headers, params or {}, data or b""))

    async def ws_connect(
        self, address: str, *, heartbeat: float | None
    ) -> aiohttp.ClientWebSocketResponse:
        return await self.real.ws_connect(address, heartbeat=heartbeat)


@dataclass(frozen=True, slots=True)
class _Exchange:
    way: Shortcut
    request: _Request

    async def __aenter__(self) -> _Response:
        return await self.way.answer(self.request)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
