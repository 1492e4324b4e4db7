"""``POST /api/webhook``: a strategy's signal, and ``GET /api/webhook/{id}``: what became of it.

The checks come in this order: the form of the request (400), who sends it (401), then the desk,
which stores it before anything else. This is the path whose speed counts: what has arrived whole
and needs nothing but the database is answered without a task of its own.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from daemon.api.addresses import UNKNOWN
from daemon.api.auth import signature_fits
from daemon.api.body import body_too_large, read_body
from daemon.api.connection import Call
from daemon.api.errors import ErrorCode, Refused
from daemon.api.headers import header_once
from daemon.api.lean import LeanResponse, raw_answer
from daemon.api.metrics import Phase
from daemon.api.operation import Access, Answer, Operation, Parameter
from daemon.api.respond import answering, problem_response, raw_problem, refusal_of
from daemon.api.signal_reader import SignalReader
from daemon.api.webhook_model import HEADER_KEY
from daemon.api.webhook_schema import REPLIES, Batch, Signal
from daemon.execution.commands import Submission

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web
    from multidict import CIMultiDictProxy

    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from daemon.api.auth import StrategyAccess
    from daemon.api.door import Door
    from daemon.api.metrics import Metrics
    from daemon.api.ports import DeskPort
    from daemon.api.refusals import RefusalLog
    from daemon.execution.desk import Reply

WEBHOOK_PATH = "/api/webhook"
BODY_BYTES_MAX = 64 * 1024
SOURCE = "webhook"
SIGNATURE_HEADERS = ("X-Signature", "X-Hub-Signature-256")
IDEMPOTENCY = Parameter(
    "Idempotency-Key",
    "As `id` in the body: a request that comes again is answered as the first one was.",
    {"type": "string", "minLength": 1, "maxLength": 128},
)
_NOT_ID = "there is no such request of this strategy"


class Webhook:
    """Takes signals to the desk."""

    def __init__(
        self,
        *,
        desk: DeskPort,
        door: Door,
        clock: Clock,
        tasks: TaskSupervisor,
        refusals: RefusalLog,
        metrics: Metrics,
    ) -> None:
        self._desk = desk
        self._door = door
        self._clock = clock
        self._tasks = tasks
        self._refusals = refusals
        self._count = metrics.webhook
        self._time = metrics.phase
        self._reader = SignalReader()

    def take(self, call: Call, answer: Callable[[bytes], None]) -> None:
        """Take a signal that has arrived whole; ``answer`` gets the HTTP answer, now or later.

        Every error becomes a problem here, so that nothing wraps this.
        """
        address = call.remote or UNKNOWN

        def answered(outcome: Reply | Exception) -> None:
            if isinstance(outcome, Exception):
                answer(raw_problem(self._refuse(outcome, address)))
            else:
                self._count(outcome.http_status)
                answer(raw_answer(outcome.http_status, outcome.body))

        def stored(outcome: Reply | Exception) -> None:
            took = self._clock.now() - submission.received_at
            self._time(Phase.WEBHOOK_TO_STORED, took.total_seconds())
            answered(outcome)

        try:
            address = self._door.address(call.remote, call.headers)
            submission = self._read(call, address)
            if not self._desk.submit_soon(submission, stored):
                self._tasks.spawn(self._work(submission, answered), name="webhook")
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            answered(error)

    async def _work(
        self, submission: Submission, answered: Callable[[Reply | Exception], None]
    ) -> None:
        """Take a signal that has to wait for something."""
        try:
            answered(await self._desk.submit(submission))
        except Exception as error:  # noqa: BLE001 - as above
            answered(error)

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        return [
            Operation(
                method="POST",
                path=WEBHOOK_PATH,
                summary="Take a signal of a strategy.",
                handler=self.post,
                access=Access.ANYBODY,
                headers=(IDEMPOTENCY,),
                body=Signal | Batch,
                answers=REPLIES,
                codes=frozenset(
                    {
                        ErrorCode.UNAUTHORIZED,
                        ErrorCode.ADDRESS_NOT_ALLOWED,
                        ErrorCode.TOO_MANY_FAILURES,
                        ErrorCode.IDEMPOTENCY_KEY_REUSED,
                    }
                ),
            ),
            Operation(
                method="GET",
                path=f"{WEBHOOK_PATH}/{{id}}",
                summary="Tell what became of a request of this strategy.",
                handler=answering(self.get),
                access=Access.STRATEGY,
                in_path=(Parameter("id", "`id` of the request's answer."),),
                answers={200: Answer("The request's answer, whatever it is.", REPLIES[200].model)},
                codes=frozenset({ErrorCode.NOT_FOUND}),
            ),
        ]

    async def post(self, request: web.BaseRequest) -> web.StreamResponse:
        """Take a signal that comes in parts, or in another unusual way."""
        address = request.remote or UNKNOWN
        try:
            address = self._door.address(request.remote, request.headers)
            self._door.check_address(address, self._door.allow_from)
            body = await read_body(request, BODY_BYTES_MAX)
            call = Call(request.remote, request.headers, body)
            reply = await self._desk.submit(self._read(call, address))
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            return problem_response(self._refuse(error, address))
        self._count(reply.http_status)
        return LeanResponse(reply.body, reply.http_status)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Tell what is known of an earlier signal: 200 whatever became of it."""
        access = self._door.strategy(request)
        reply = await self._desk.request_status(access.name, request.match_info["id"])
        if reply is None:
            raise Refused(ErrorCode.NOT_FOUND, _NOT_ID)
        return LeanResponse(reply.body, reply.http_status)

    def _refuse(self, error: Exception, address: str) -> Refused:
        refused = refusal_of(error)
        self._count(refused.code)
        self._refusals.refused("webhook", address, refused)
        return refused

    def _read(self, call: Call, address: str) -> Submission:
        received_at = self._clock.now()
        door = self._door
        door.check_address(address, door.allow_from)
        body, headers = call.body, call.headers
        if len(body) > BODY_BYTES_MAX:
            raise body_too_large(BODY_BYTES_MAX)
        key = headers.get(HEADER_KEY)
        if key is not None:
            key = header_once(headers, HEADER_KEY)
        signal = self._reader.read(body, key)
        access = door.authority.strategy(signal.strategy, signal.token_digest)
        if access is None or not _is_signed(access, body, headers):
            door.turn_away(address, "unknown strategy, wrong token, or signature that does not fit")
        door.check_address(address, access.allow_from)
        return Submission(  # without names, which cost three times as much on the busiest way
            access.name,
            SOURCE,
            signal.commands,
            signal.key,
            hashlib.sha256(body).digest(),
            signal.body,
            signal.warnings,
            received_at,
        )


def _is_signed(access: StrategyAccess, body: bytes, headers: CIMultiDictProxy[str]) -> bool:
    key = access.signature_key
    if key is None:
        return True
    offered = next(
        (header_once(headers, name) for name in SIGNATURE_HEADERS if name in headers), None
    )
    return signature_fits(key, body, offered)
