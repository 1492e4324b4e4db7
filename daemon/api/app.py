"""Every path of the HTTP side, on one page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Protocol

from aiohttp import HttpVersion11, hdrs, web

from adapters.tasks import TaskSupervisor
from algorithms.domain import StrategyName
from daemon.api.addresses import Networks
from daemon.api.admin import Admin
from daemon.api.approvals import ApprovalDesk
from daemon.api.aside import Aside
from daemon.api.auth import Authority, FailureThrottle, StrategyAccess, digest
from daemon.api.by_hand import ByHand
from daemon.api.calculators import Calculators
from daemon.api.connection import Patience, ShortWay
from daemon.api.door import Door
from daemon.api.errors import ErrorCode, Refused
from daemon.api.health import Health
from daemon.api.lean import SECURITY_HEADERS
from daemon.api.marks import Marks
from daemon.api.metrics import CONTENT_TYPE
from daemon.api.operation import HTML, PLAIN, Access, Answer, Operation, in_order
from daemon.api.pages import Pages, to_login
from daemon.api.refusals import RefusalLog
from daemon.api.respond import answering, problem_response
from daemon.api.server import HttpServer
from daemon.api.verdicts import VerdictDesk
from daemon.api.webhook import BODY_BYTES_MAX, WEBHOOK_PATH, Webhook
from daemon.config import ensure_admin_token, ensure_strategy_token
from daemon.web.templates import TEMPLATES, Templates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.clock import Clock
    from daemon.api.health import Readiness
    from daemon.api.metrics import Metrics
    from daemon.api.ports import AdminPort, DeskPort
    from daemon.api.respond import Handler
    from daemon.api.sessions import Sessions
    from daemon.config import Config
    from daemon.config.service import HttpConfig

END_TASKS_S = 1.0
SHORT_WAY = web.AppKey("short_way", ShortWay)


OPERATIONS = web.AppKey("operations", list[Operation])


class HasOperations(Protocol):
    """A part of the HTTP side that stands on its own."""

    def operations(self) -> list[Operation]:
        """Return what can be asked of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the HTTP side is put together from."""

    desk: DeskPort
    admin: AdminPort
    door: Door
    clock: Clock
    readiness: Readiness
    metrics: Metrics
    sessions: Sessions
    more: Sequence[HasOperations] = ()


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
    app = web.Application()
    app[SHORT_WAY] = ShortWay("POST", WEBHOOK_PATH, webhook.take)

    async def end_tasks(_: web.Application) -> None:
        await tasks.close(END_TASKS_S)

    app.on_cleanup.append(end_tasks)
    operations = _operations(parts, webhook)
    app[OPERATIONS] = operations
    app[TEMPLATES] = Templates()
    for operation in operations:
        handler = _guarded(operation, parts)
        for method in _methods(operation):
            app.router.add_route(method, operation.path, handler, expect_handler=_continue_if_small)
    app.router.add_route("*", "/{path:.*}", _nothing_there, expect_handler=_continue_if_small)
    return app


def _operations(parts: Parts, webhook: Webhook) -> list[Operation]:
    """Return everything that can be asked of the daemon."""
    pages = Pages(parts.door, parts.sessions)
    aside = Aside()  # one, so that only one large body is calculated at a time
    operations = in_order(
        [
            *webhook.operations(),
            *Health(parts.readiness).operations(),
            *_metrics_page(parts.metrics),
            *Admin(parts.admin, aside).operations(),
            *Calculators(parts.admin, aside).operations(),
            *ApprovalDesk(parts.admin).operations(),
            *VerdictDesk(parts.admin).operations(),
            *Marks(parts.admin).operations(),
            *ByHand(parts.desk, parts.admin, parts.clock).operations(),
            *pages.operations(),
            *(each for part in parts.more for each in part.operations()),
        ]
    )
    pages.describe(operations)
    return operations


def _methods(operation: Operation) -> tuple[str, ...]:
    """Return the methods of a route; what needs no token may be asked for its head alone."""
    if operation.method == hdrs.METH_GET and operation.access is Access.ANYBODY:
        return (hdrs.METH_GET, hdrs.METH_HEAD)
    return (operation.method,)


def _guarded(operation: Operation, parts: Parts) -> Handler:
    """Let in whom the operation is for, and answer every error as a problem."""
    handler, door, sessions = operation.handler, parts.door, parts.sessions
    if operation.access is not Access.ADMIN:
        return answering(handler)

    is_page = any(HTML in answer.media for answer in operation.answers.values())

    @wraps(handler)
    async def guarded(request: web.Request) -> web.StreamResponse:
        if hdrs.AUTHORIZATION in request.headers:
            door.admin(request)
        elif not await sessions.admits(request):
            if is_page and HTML in request.headers.get(hdrs.ACCEPT, ""):
                return to_login(request)
            door.admin(request)
        return await handler(request)

    return answering(guarded)


async def serve(
    app: web.Application, config: HttpConfig, patience: Patience | None = None
) -> HttpServer:
    """Listen as configured, and say where. Raises OSError when the address cannot be had."""
    return await HttpServer.open(app, app[SHORT_WAY], config, patience or Patience())


def _metrics_page(metrics: Metrics) -> list[Operation]:
    async def page(_: web.Request) -> web.StreamResponse:
        headers = {**SECURITY_HEADERS, hdrs.CONTENT_TYPE: CONTENT_TYPE}
        return web.Response(body=metrics.page(), headers=headers)

    return [
        Operation(
            method="GET",
            path="/metrics",
            summary="Figures for Prometheus.",
            handler=page,
            access=Access.ANYBODY,
            answers={200: Answer("Prometheus' text format.", media=(PLAIN,))},
            asks_database=False,
        )
    ]


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
