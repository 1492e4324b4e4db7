"""The HTTP server: aiohttp's, with limits on everything a caller decides, and a short way in.

The webhook's path is recognised before aiohttp's router, which costs as much as our reading of a
webhook. All other paths go through the application.
"""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING, Self

from aiohttp import hdrs, web

from daemon.api.errors import ErrorCode, Refused
from daemon.api.respond import internal_error, problem_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from daemon.config.service import HttpConfig, TlsConfig

    RawHandler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

KEEPALIVE_S = 75.0
"""How long a connection may be idle, and how long the headers of a request may take."""
LINGER_S = 2.0
"""How long the rest of a refused body is read and thrown away, so that the answer is seen."""
SHUTDOWN_S = 5.0
LINE_BYTES_MAX = 8190
HEADERS_MAX = 64
BACKLOG = 1024

log = logging.getLogger(__name__)


class Protocol(web.RequestHandler):
    """One connection. What aiohttp itself refuses is answered as a problem too."""

    __slots__ = ()

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

    def __init__(
        self, short_way: ShortWay, application: web.Server, limits: dict[str, Any]
    ) -> None:
        super().__init__(
            short_way.handler(application.request_handler),
            request_factory=application.request_factory,
        )
        self._limits = limits

    def __call__(self) -> Protocol:
        return Protocol(self, loop=self._loop, **self._limits)


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

    def __init__(self, app: web.Application, short_way: ShortWay) -> None:
        super().__init__(app, handle_signals=False, shutdown_timeout=SHUTDOWN_S)
        self._short_way = short_way

    async def _make_server(self) -> web.Server:
        application = await super()._make_server()
        limits = {
            "access_log": None,
            "keepalive_timeout": KEEPALIVE_S,
            "lingering_time": LINGER_S,
            "max_line_size": LINE_BYTES_MAX,
            "max_field_size": LINE_BYTES_MAX,
            "max_headers": HEADERS_MAX,
            "auto_decompress": False,
        }
        return Server(self._short_way, application, limits)


class HttpServer:
    """A listening server. ``close`` lets requests under way end, within ``SHUTDOWN_S``."""

    def __init__(self, runner: web.AppRunner, url: str) -> None:
        self._runner = runner
        self.url = url
        """Where it is reached, with the port that was really taken."""

    @classmethod
    async def open(cls, app: web.Application, short_way: ShortWay, config: HttpConfig) -> Self:
        """Listen as configured. Raises OSError when the address cannot be had."""
        runner = _Runner(app, short_way)
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
