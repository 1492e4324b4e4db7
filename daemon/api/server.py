"""The HTTP server: where it listens, how its connections are made, how it ends."""

from __future__ import annotations

import resource
import ssl
from functools import partial
from typing import TYPE_CHECKING, Self

from aiohttp import HttpVersion10, HttpVersion11, web

from daemon.api.connection import Connection
from daemon.api.errors import ErrorCode, Refused
from daemon.api.respond import problem_response, raw_problem
from daemon.api.tls import TlsListener

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable

    from daemon.api.connection import Patience, ShortWay
    from daemon.config.service import HttpConfig, TlsConfig

SHUTDOWN_S = 5.0
BACKLOG = 1024
KEPT_FILES = 256
"""Files and connections that callers never get: for the database, the log and the brokers."""
LEAST_CONNECTIONS = 64
RETRY_S = 5


class Server(web.Server):
    """Makes our own ``Connection`` for each connection."""

    def __init__(self, application: web.Server, patience: Patience, short_way: ShortWay) -> None:
        super().__init__(
            partial(_handle, application.request_handler),
            request_factory=application.request_factory,
        )
        self._patience = patience
        self._short_way = short_way

        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = max(LEAST_CONNECTIONS, files - KEPT_FILES)

    def __call__(self) -> Connection:
        return Connection(self, self._patience, self._short_way)

    def room(self) -> int:
        """How many more connections there may be."""
        return self._most - len(self._connections)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Take a connection in; turn it away when so many are open that others would starve."""
        super().connection_made(handler, transport)
        if self.room() < 0:
            headers = {"Retry-After": str(RETRY_S)}
            refused = Refused(ErrorCode.STORAGE_BUSY, "too many connections", headers=headers)
            transport.write(raw_problem(refused, closes=True))
            transport.close()


async def _handle(
    application: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
    request: web.BaseRequest,
) -> web.StreamResponse:
    """Hand a request on; what comes to no path, as ``OPTIONS *``, is a problem like any other."""
    if request.version not in {HttpVersion10, HttpVersion11}:
        detail = "only HTTP/1.0 and HTTP/1.1 are understood"
        response: web.StreamResponse = problem_response(Refused(ErrorCode.BAD_HTTP, detail))
        response.force_close()
        return response
    try:
        return await application(request)
    except web.HTTPNotFound:
        return problem_response(Refused(ErrorCode.NOT_FOUND, "there is nothing at this path"))


class _Runner(web.AppRunner):
    """Runs the application inside our own Server."""

    def __init__(self, app: web.Application, short_way: ShortWay, patience: Patience) -> None:
        super().__init__(app, handle_signals=False, shutdown_timeout=SHUTDOWN_S)
        self._short_way = short_way
        self._patience = patience

    async def _make_server(self) -> web.Server:
        application = await super()._make_server()
        return Server(application, self._patience, self._short_way)


async def set_up(app: web.Application, short_way: ShortWay, patience: Patience) -> web.AppRunner:
    """Make the application ready for connections, without a socket to take them from."""
    runner = _Runner(app, short_way, patience)
    await runner.setup()
    return runner


class HttpServer:
    """A listening server. ``close`` lets requests under way end, within ``SHUTDOWN_S``."""

    def __init__(
        self,
        runner: web.AppRunner,
        tls: TlsListener | None,
        url: str,
        renew_certificate: Callable[[], None],
    ) -> None:
        self._runner = runner
        self._tls = tls
        self.renew_certificate = renew_certificate
        """Read the certificate's files again, for connections from now on. Raises OSError."""
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
        runner = await set_up(app, short_way, patience)
        context = None if config.tls is None else _tls_context(config.tls)
        tls = None
        try:
            if context is None:
                await web.TCPSite(runner, config.host, config.port, backlog=BACKLOG).start()
                port = runner.addresses[0][1]
            else:
                server = runner.server
                assert isinstance(server, Server)  # the runner's own
                tls = await TlsListener.open(
                    config.host, config.port, BACKLOG, context, server, server.room
                )
                port = tls.port
        except BaseException:
            await runner.cleanup()
            raise
        host = f"[{config.host}]" if ":" in config.host else config.host
        scheme = "http" if context is None else "https"
        renew = partial(_renew, context, config.tls)
        return cls(runner, tls, f"{scheme}://{host}:{port}", renew)

    async def close(self) -> None:
        """Stop listening, let requests under way be answered, close every connection."""
        if self._tls is not None:
            await self._tls.close()
        await self._runner.cleanup()


def _renew(context: ssl.SSLContext | None, tls: TlsConfig | None) -> None:
    if context is None or tls is None:
        return
    _tls_context(tls)  # files that do not fit together must not spoil the context in use
    context.load_cert_chain(tls.certificate, tls.key)


def _tls_context(config: TlsConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(config.certificate, config.key)
    return context
