"""Orders and cancels by a person: through the same door of the desk as those of strategies.

``POST /api/orders`` takes what a webhook takes, without its token. ``POST /api/cancel`` is a
webhook's CANCEL or CANCEL_ALL_ORDER in the words of a person, and can be looked at before.
"""

# ruff: noqa: TC001 - pydantic reads annotations when the program runs

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from typing_extensions import TypedDict

from algorithms.domain import OrderType, ParentStatus, Side, StrategyName
from daemon.api.bodies import SMALL_BODY_BYTES_MAX, Body, checked, decoded
from daemon.api.body import read_body
from daemon.api.decode import decode_json
from daemon.api.errors import ErrorCode, Refused
from daemon.api.headers import header_once
from daemon.api.lean import LeanResponse
from daemon.api.operation import Answer, Operation, Parameter
from daemon.api.problems import BadInput, Problem
from daemon.api.respond import json_response
from daemon.api.webhook import IDEMPOTENCY
from daemon.api.webhook_model import HEADER_KEY, commands_from_stored, read_signal
from daemon.api.webhook_schema import REPLIES, HandOrder
from daemon.api.wire import (
    Amount,
    GivenId,
    GivenKey,
    GivenName,
    GivenSide,
    GivenSwitch,
    GivenSymbol,
)
from daemon.execution.answers import RequestStatus
from daemon.execution.commands import BY_HAND, Cancel, CancelAll, Submission, as_of
from daemon.execution.halts import Scope

if TYPE_CHECKING:
    from datetime import datetime

    from aiohttp import web

    from adapters.clock import Clock
    from daemon.api.decode import Json
    from daemon.api.ports import AdminPort, DeskPort
    from daemon.api.webhook_model import Signal


class CancelBody(Body):
    """What is cancelled: an order, or all of a strategy or a book, narrowed by the rest."""

    strategy: GivenName | None = None
    group_name: GivenName | None = Field(None, description="Another word for `strategy`.")
    book: GivenName | None = Field(None, description="Instead of `strategy` and `account`.")
    order_id: GivenId | None = Field(None, description="Ours, or with a strategy the broker's.")
    symbol: GivenSymbol | None = None
    side: GivenSide | None = None
    account: GivenName | None = None
    id: GivenKey | None = None
    preview: GivenSwitch = False


class CancelOrder(TypedDict):
    """An order that would be cancelled. ``at_broker``: how many of its children live there."""

    id: str
    account: str
    book: str
    symbol: str
    side: Side
    order_type: OrderType
    remain: Amount
    status: ParentStatus
    at_broker: int


class Neighbour(TypedDict):
    """What stays in an account: the live orders of one book."""

    strategy: str
    book: str
    orders: int


class CancelAccount(TypedDict):
    """One account that the cancel reaches."""

    account: str
    orders: int
    stays: list[Neighbour]


class CancelPreview(TypedDict):
    """What a cancel would end, and what it would not."""

    strategy: str
    preview: Literal[True]
    orders: list[CancelOrder]
    accounts: list[CancelAccount]
    problems: list[str]
    message: str


class ByHand:
    """Takes a person's orders and cancels to the desk."""

    def __init__(self, desk: DeskPort, port: AdminPort, clock: Clock) -> None:
        self._desk = desk
        self._port = port
        self._clock = clock

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        return [
            Operation(
                method="POST",
                path="/api/orders",
                summary="Place an order by hand.",
                handler=self.order,
                headers=(IDEMPOTENCY,),
                body=HandOrder,
                answers=REPLIES,
                codes=frozenset({ErrorCode.IDEMPOTENCY_KEY_REUSED}),
            ),
            Operation(
                method="POST",
                path="/api/webhooks/{id}/replay",
                summary="Send a request again that was dropped for its age.",
                handler=self.replay,
                in_path=(Parameter("id", "`id` of the request's answer."),),
                answers=REPLIES,
                codes=frozenset({ErrorCode.NOT_FOUND, ErrorCode.NOT_DROPPED}),
            ),
            Operation(
                method="POST",
                path="/api/cancel",
                summary="Cancel orders of one strategy, or tell what that would end.",
                handler=self.cancel,
                headers=(IDEMPOTENCY,),
                body=CancelBody,
                answers={
                    **REPLIES,
                    200: Answer(
                        "All is cancelled; with `preview`, what would be.",
                        REPLIES[200].model | CancelPreview,
                    ),
                },
                codes=frozenset({ErrorCode.IDEMPOTENCY_KEY_REUSED}),
            ),
            Operation(
                method="GET",
                path="/api/cancel/{id}",
                summary="How the cancels of a request stand now.",
                handler=self.standing,
                in_path=(Parameter("id", "`id` of the request's answer."),),
                answers={
                    200: Answer("Its orders, and each account's receipt.", REPLIES[200].model)
                },
                codes=frozenset({ErrorCode.NOT_FOUND}),
            ),
        ]

    async def replay(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/webhooks/{id}/replay``: once, however often it is asked for."""
        received_at = self._clock.now()
        request_id = request.match_info["id"]
        stored = await self._port.stored_request(request_id)
        if stored is None:
            raise Refused(ErrorCode.NOT_FOUND, "there is no such request")
        strategy, status, body = stored
        if status is not RequestStatus.DROPPED:
            raise Refused(ErrorCode.NOT_DROPPED, f"the request is {status.value}, not dropped")
        reply = await self._desk.submit(
            Submission(
                strategy=strategy,
                source=BY_HAND,
                commands=as_of(BY_HAND, commands_from_stored(body)),
                key=f"replay:{request_id}",
                body_hash=hashlib.sha256(body.encode()).digest(),
                body=body,
                warnings=(),
                received_at=received_at,
            )
        )
        return LeanResponse(reply.body, reply.http_status)

    async def order(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/orders``: checked, stored and repeated as a webhook's."""
        received_at = self._clock.now()
        raw = await read_body(request, SMALL_BODY_BYTES_MAX)
        document = decode_json(raw, fold_keys=True)
        problems: list[Problem] = []
        if isinstance(document, dict):
            document = self._in_webhook_words(document, problems)
        try:
            signal = read_signal(document, header_once(request.headers, HEADER_KEY), by_hand=True)
        except BadInput as bad:
            raise BadInput([*problems, *bad.problems]) from bad
        if not problems and signal.strategy not in self._port.names(Scope.STRATEGY):
            problems.append(Problem("group_name", "must be the name of a configured strategy"))
        if problems:
            raise BadInput(problems)
        return await self._submit(signal, raw, received_at)

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/cancel``: with ``preview`` nothing is changed."""
        received_at = self._clock.now()
        raw = await read_body(request, SMALL_BODY_BYTES_MAX)
        body = checked(decoded(raw), CancelBody)
        signal = read_signal(
            await self._as_webhook(body), header_once(request.headers, HEADER_KEY), by_hand=True
        )
        if not body.preview:
            return await self._submit(signal, raw, received_at)
        commands = [each for each in signal.commands if isinstance(each, Cancel | CancelAll)]
        return json_response(await self._port.preview_cancel(signal.strategy, commands))

    async def standing(self, request: web.Request) -> web.StreamResponse:
        """``GET /api/cancel/{id}``: what was not confirmed in time may have ended since."""
        standing = await self._port.cancel_standing(request.match_info["id"])
        if standing is None:
            raise Refused(ErrorCode.NOT_FOUND, "there is no request of this id that cancels")
        return LeanResponse(standing, HTTPStatus.OK)

    async def _submit(
        self, signal: Signal, raw: bytes, received_at: datetime
    ) -> web.StreamResponse:
        reply = await self._desk.submit(
            Submission(
                strategy=signal.strategy,
                source=BY_HAND,
                commands=as_of(BY_HAND, signal.commands),
                key=signal.key,
                body_hash=hashlib.sha256(raw).digest(),
                body=signal.body,
                warnings=signal.warnings,
                received_at=received_at,
            )
        )
        return LeanResponse(reply.body, reply.http_status)

    def _in_webhook_words(
        self, document: dict[str, Json], problems: list[Problem]
    ) -> dict[str, Json]:
        """Say ``strategy`` and ``book`` as a webhook would."""
        words = dict(document)
        if words.get("strategy") is not None:
            if words.get("group_name") is not None:
                problems.append(Problem("strategy", "is another word for group_name: give one"))
            words["group_name"] = words.pop("strategy")
        book = words.pop("book", None)
        if book is not None:
            found = self._port.book(book) if isinstance(book, str) else None
            if found is None:
                problems.append(Problem("book", "must be the name of a configured book"))
                words.setdefault("group_name", "?")
            else:
                self._narrow(words, *found, problems)
        return words

    def _narrow(
        self,
        words: dict[str, Json],
        strategy: StrategyName,
        account: str,
        problems: list[Problem],
    ) -> None:
        for key, value in (("group_name", strategy), ("account", account)):
            if words.setdefault(key, value) != value:
                problems.append(Problem(key, f"must be {value}, as of the book, or left out"))

    async def _as_webhook(self, body: CancelBody) -> Json:
        """Say a person's cancel as a strategy would. Raises BadInput."""
        problems: list[Problem] = []
        given: dict[str, Json] = {
            name: str(value)
            for name, value in (
                ("strategy", body.strategy),
                ("group_name", body.group_name),
                ("book", body.book),
                ("order_id", body.order_id),
                ("symbol", body.symbol),
                ("side", body.side),
                ("account", body.account),
                ("id", body.id),
            )
            if value is not None
        }
        words = self._in_webhook_words(given, problems)
        if "group_name" not in words:
            words["group_name"] = await self._owner(body.order_id, problems)
        elif not problems and words["group_name"] not in self._port.names(Scope.STRATEGY):
            problems.append(Problem("strategy", "must be the name of a configured strategy"))
        if body.order_id is not None and body.side is not None:
            problems.append(Problem("side", "does not go with order_id: the id alone decides"))
        account = words.get("account")
        if account is not None and account not in self._port.names(Scope.ACCOUNT):
            problems.append(Problem("account", "must be the name of a configured account"))
        if problems:
            raise BadInput(problems)
        kind = "CANCEL_ALL_ORDER" if body.order_id is None else "CANCEL"
        return {**words, "order_type": kind}

    async def _owner(self, order_id: str | None, problems: list[Problem]) -> str:
        if order_id is None:
            problems.append(Problem("strategy", "is missing: give strategy, book or order_id"))
            return ""
        strategy = await self._port.strategy_of(order_id)
        if strategy is None:
            fault = "no order of ours has this id; with a strategy it may be the broker's"
            problems.append(Problem("order_id", fault))
        return strategy or ""
