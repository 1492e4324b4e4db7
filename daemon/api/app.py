"""Every path of the HTTP side, on one page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING

from aiohttp import HttpVersion11, hdrs, web

from adapters.tasks import TaskSupervisor
from algorithms.domain import StrategyName
from daemon.api.addresses import Networks
from daemon.api.admin import Admin
from daemon.api.auth import Authority, FailureThrottle, StrategyAccess, digest
from daemon.api.connection import Patience, ShortWay
from daemon.api.door import Door
from daemon.api.errors import ErrorCode, Refused
from daemon.api.health import Health
from daemon.api.lean import SECURITY_HEADERS
from daemon.api.metrics import CONTENT_TYPE
from daemon.api.refusals import RefusalLog
from daemon.api.respond import answering, problem_response
from daemon.api.server import HttpServer
from daemon.api.webhook import BODY_BYTES_MAX, WEBHOOK_PATH, Webhook
from daemon.config import ensure_admin_token, ensure_strategy_token

if TYPE_CHECKING:
    from adapters.clock import Clock
    from daemon.api.health import Readiness
    from daemon.api.metrics import Metrics
    from daemon.api.ports import AdminPort, DeskPort
    from daemon.api.respond import Handler
    from daemon.api.views import Lists
    from daemon.config import Config
    from daemon.config.service import HttpConfig

END_TASKS_S = 1.0
SHORT_WAY = web.AppKey("short_way", ShortWay)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the HTTP side is put together from."""

    desk: DeskPort
    admin: AdminPort
    door: Door
    clock: Clock
    readiness: Readiness
    metrics: Metrics
    lists: Lists | None = None


def make_door(config: Config, clock: Clock) -> Door:
    """Read the tokens, once; from here on there are only their digests.

    Creates the tokens that the configuration leaves out. Raises ``ConfigErrors`` when one cannot
    be used.
    """
    strategies = [
        StrategyAccess(
            name=StrategyName(name),
            token_digest=digest(ensure_strategy_token(config, StrategyName(name)).reveal()),
            signature_key=None
            if strategy.signature_secret is None
            else strategy.signature_secret.reveal().encode(),
            allow_from=Networks(strategy.allow_from),
        )
        for name, strategy in config.strategies.items()
    ]
    return Door(
        authority=Authority(strategies, digest(ensure_admin_token(config).reveal())),
        throttle=FailureThrottle(clock),
        allow_from=Networks(config.webhook.allow_from),
        trusted_proxies=Networks(config.http.trusted_proxies),
    )


def make_app(parts: Parts) -> web.Application:
    """Put every path in its place. There are no middlewares: they would stand before webhooks."""
    tasks = TaskSupervisor()
    webhook = Webhook(
        desk=parts.desk,
        door=parts.door,
        clock=parts.clock,
        tasks=tasks,
        refusals=RefusalLog(parts.clock),
        metrics=parts.metrics,
    )
    health, admin = Health(parts.readiness), Admin(parts.admin)
    app = web.Application()
    app[SHORT_WAY] = ShortWay("POST", WEBHOOK_PATH, webhook.take)

    async def end_tasks(_: web.Application) -> None:
        await tasks.close(END_TASKS_S)

    app.on_cleanup.append(end_tasks)

    def add(method: str, path: str, handler: Handler) -> None:
        app.router.add_route(method, path, handler, expect_handler=_continue_if_small)

    def for_admin(handler: Handler) -> Handler:
        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            parts.door.admin(request)
            return await handler(request)

        return answering(guarded)

    add("POST", WEBHOOK_PATH, webhook.post)
    add("GET", f"{WEBHOOK_PATH}/{{id}}", answering(webhook.get))
    for method in ("GET", "HEAD"):
        add(method, "/health", health.health)
        add(method, "/ready", answering(health.ready))
        add(method, "/metrics", answering(_metrics_page(parts.metrics)))
    add("POST", "/api/netting/preview", for_admin(admin.preview_netting))
    add("POST", "/api/halt", for_admin(admin.halt))
    add("POST", "/api/resume", for_admin(admin.resume))
    for name, handler in (parts.lists.handlers() if parts.lists else {}).items():
        add("GET", f"/api/{name}", for_admin(handler))
    add("*", "/{path:.*}", _nothing_there)
    return app


async def serve(
    app: web.Application, config: HttpConfig, patience: Patience | None = None
) -> HttpServer:
    """Listen as configured, and say where. Raises OSError when the address cannot be had."""
    return await HttpServer.open(app, app[SHORT_WAY], config, patience or Patience())


def _metrics_page(metrics: Metrics) -> Handler:
    async def page(_: web.Request) -> web.StreamResponse:
        headers = {**SECURITY_HEADERS, hdrs.CONTENT_TYPE: CONTENT_TYPE}
        return web.Response(body=metrics.page(), headers=headers)

    return page


async def _nothing_there(request: web.Request) -> web.StreamResponse:
    """Answer 405 where another method would have been right, otherwise 404."""
    allowed: set[str] = set()
    for resource in request.app.router.resources():
        _, methods = await resource.resolve(request)
        if hdrs.METH_ANY not in methods:
            allowed |= methods
    if allowed:
        headers = {"Allow": ", ".join(sorted(allowed))}
        detail = f"this path takes {' and '.join(sorted(allowed))}"
        return problem_response(Refused(ErrorCode.METHOD_NOT_ALLOWED, detail, headers=headers))
    return problem_response(Refused(ErrorCode.NOT_FOUND, "there is nothing at this path"))


async def _continue_if_small(request: web.Request) -> web.StreamResponse | None:
    """Ask for the body of a request that waits to be asked, unless it is too large anyway."""
    if request.headers.get(hdrs.EXPECT, "").lower() != "100-continue":
        detail = "only 'Expect: 100-continue' can be met"
        return problem_response(Refused(ErrorCode.EXPECTATION_FAILED, detail))
    if request.path == WEBHOOK_PATH and (request.content_length or 0) > BODY_BYTES_MAX:
        detail = f"the body is larger than {BODY_BYTES_MAX} bytes"
        return problem_response(Refused(ErrorCode.BODY_TOO_LARGE, detail))
    if request.version == HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # nothing of the answer itself was sent
    return None
