"""``POST /api/webhook``: a strategy's signal, and ``GET /api/webhook/{id}``: what became of it.

The checks come in this order: the form of the request (400), who sends it (401), then the desk,
which stores it before anything else. This is the path whose speed counts.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from daemon.api.auth import signature_fits
from daemon.api.body import read_body
from daemon.api.decode import decode_json
from daemon.api.errors import ErrorCode, Refused
from daemon.api.lean import LeanResponse
from daemon.api.respond import problem_response, refusal_of
from daemon.api.webhook_model import HEADER_KEY, read_signal
from daemon.execution.commands import Submission

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

    from adapters.clock import Clock
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
_NOT_ID = "there is no such request of this strategy"


class Webhook:
    """Takes signals to the desk."""

    def __init__(
        self, *, desk: DeskPort, door: Door, clock: Clock, refusals: RefusalLog, metrics: Metrics
    ) -> None:
        self._desk = desk
        self._door = door
        self._clock = clock
        self._refusals = refusals
        self._count = metrics.webhook

    async def post(self, request: web.BaseRequest) -> web.StreamResponse:
        """Take a signal; every error becomes a problem here, so that nothing wraps this."""
        try:
            reply = await self._take(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets an answer
            refused = refusal_of(error)
            self._count(refused.code)
            self._refusals.refused("webhook", self._door.address(request), refused)
            return problem_response(refused)
        self._count(reply.http_status)
        return LeanResponse(reply.body, reply.http_status)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Tell what is known of an earlier signal: 200 whatever became of it."""
        access = self._door.strategy(request)
        reply = await self._desk.request_status(access.name, request.match_info["id"])
        if reply is None:
            raise Refused(ErrorCode.NOT_FOUND, _NOT_ID)
        return LeanResponse(reply.body, reply.http_status)

    async def _take(self, request: web.BaseRequest) -> Reply:
        received_at = self._clock.now()
        door = self._door
        address = door.address(request)
        door.check_address(address, door.allow_from)
        body = await read_body(request, BODY_BYTES_MAX)
        headers = request.headers
        signal = read_signal(decode_json(body, fold_keys=True), headers.get(HEADER_KEY))
        access = door.authority.strategy(signal.strategy, signal.token)
        if access is None or not _is_signed(access, body, headers):
            door.turn_away(address, "unknown strategy, wrong token, or signature that does not fit")
        door.check_address(address, access.allow_from)
        submission = Submission(
            strategy=access.name,
            source=SOURCE,
            commands=signal.commands,
            key=signal.key,
            body_hash=hashlib.sha256(body).digest(),
            body=signal.body,
            warnings=signal.warnings,
            received_at=received_at,
        )
        return await self._desk.submit(submission)


def _is_signed(access: StrategyAccess, body: bytes, headers: Mapping[str, str]) -> bool:
    key = access.signature_key
    if key is None:
        return True
    offered = next((headers[name] for name in SIGNATURE_HEADERS if name in headers), None)
    return signature_fits(key, body, offered)
