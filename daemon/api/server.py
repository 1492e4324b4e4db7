"""The HTTP server: aiohttp's, with limits on everything a caller decides, and a short way in.

The webhook's path is recognised before aiohttp's router, which costs as much as our reading of a
webhook. All other paths go through the application.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from aiohttp import hdrs, web

from daemon.api.errors import ErrorCode, Refused
from daemon.api.respond import internal_error, problem_response, raw_problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from daemon.config.service import HttpConfig, TlsConfig

    RawHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

SHUTDOWN_S = 5.0
LINE_BYTES_MAX = 8190
HEADERS_MAX = 64
BACKLOG = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long callers are waited for."""

    head_s: float = 10.0
    """For the headers of a connection's first request."""
    idle_s: float = 75.0
    """For the next request of a connection, its headers included."""
    linger_s: float = 2.0
    """For the rest of a refused body, which is thrown away, so that the answer is seen."""


log = logging.getLogger(__name__)


class Protocol(web.RequestHandler):
    """One connection. What aiohttp itself refuses is answered as a problem too."""

    __slots__ = ("_head_s", "_head_timer")

    def __init__(self, manager: web.Server, patience: Patience) -> None:
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

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._head_timer = self._loop.call_later(self._head_s, self._give_up_waiting)

    def connection_lost(self, exc: BaseException | None) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
        super().connection_lost(exc)

    def _give_up_waiting(self) -> None:
        """Tell a caller that has not finished its first request's headers, and hang up."""
        if self._request_count == 0 and self.transport is not None:
            detail = f"the headers did not arrive within {self._head_s:g} s"
            self.transport.write(raw_problem(Refused(ErrorCode.HEAD_TOO_SLOW, detail)))
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
            words = " ".join((message or "not HTTP").split())
            response = problem_response(Refused(ErrorCode.BAD_HTTP, words[:200]))
        else:
            log.error("a request failed", exc_info=exc)
            response = problem_response(internal_error())
        response.force_close()
        return response


class Server(web.Server):
    """Makes a Protocol for each connection."""

    def __init__(self, handler: RawHandler, application: web.Server, patience: Patience) -> None:
        super().__init__(handler, request_factory=application.request_factory)
        self._patience = patience

    def __call__(self) -> Protocol:
        return Protocol(self, self._patience)


class ShortWay:
    """One path that is not looked up in the router."""

    def __init__(self, method: str, path: str, handle: RawHandler) -> None:
        self._method = method
        self._path = path
        self._handle = handle

    def handler(self, otherwise: RawHandler) -> RawHandler:
        """Return what chooses between this path and all others."""
        method, path, handle = self._method, self._path, self._handle

        def choose(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
            if (
                request.raw_path == path
                and request.method == method
                and hdrs.EXPECT not in request.headers
            ):
                return handle(request)
            return otherwise(request)

        return choose


class _Runner(web.AppRunner):
    """Runs the application inside our own Server."""

    def __init__(self, app: web.Application, short_way: ShortWay, patience: Patience) -> None:
        super().__init__(app, handle_signals=False, shutdown_timeout=SHUTDOWN_S)
        self._short_way = short_way
        self._patience = patience

    async def _make_server(self) -> web.Server:
        application = await super()._make_server()
        handler = self._short_way.handler(application.request_handler)
        return Server(handler, application, self._patience)


class HttpServer:
    """A listening server. ``close`` lets requests under way end, within ``SHUTDOWN_S``."""

    def __init__(self, runner: web.AppRunner, url: str) -> None:
        self._runner = runner
        self.url = url
        """Where it is reached, with the port that was really taken."""

    @classmethod
    async def open(
        cls,
        app: web.Application,
        short_way: ShortWay,
        config: HttpConfig,
        patience: Patience,
    ) -> Self:
        """Listen as configured. Raises OSError when the address cannot be had."""
        runner = _Runner(app, short_way, patience)
        await runner.setup()
        context = None if config.tls is None else _tls_context(config.tls)
        site = web.TCPSite(runner, config.host, config.port, backlog=BACKLOG, ssl_context=context)
        try:
            await site.start()
        except BaseException:
            await runner.cleanup()
            raise
        port = runner.addresses[0][1]
        host = f"[{config.host}]" if ":" in config.host else config.host
        return cls(runner, f"{'http' if context is None else 'https'}://{host}:{port}")

    async def close(self) -> None:
        """Stop listening, let requests under way be answered, close every connection."""
        await self._runner.cleanup()


def _tls_context(config: TlsConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(config.certificate, config.key)
    return context
