"""What the admin token opens: halting, resuming, netting and its preview."""

# ruff: noqa: TC001 - pydantic reads annotations when the program runs

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

from daemon.api.bodies import (
    PREVIEW_BYTES_MAX,
    PREVIEW_SECONDS_MAX,
    SMALL_BODY_BYTES_MAX,
    Body,
    aside,
    checked,
    decoded,
    read_model,
)
from daemon.api.body import read_body
from daemon.api.calculation import Calculation
from daemon.api.errors import ErrorCode
from daemon.api.items import PairItem
from daemon.api.netting_preview import NettingPreview, PreviewAnswer, SavedRow, preview
from daemon.api.operation import Answer, Operation
from daemon.api.problems import BadInput, Problem
from daemon.api.respond import json_response
from daemon.api.wire import GivenName, GivenReason, GivenSymbol, reading
from daemon.execution.halts import Scope

if TYPE_CHECKING:
    from aiohttp import web

    from daemon.api.aside import Aside
    from daemon.api.decode import Json
    from daemon.api.ports import AdminPort


def _scope(value: Json) -> Scope:
    if not isinstance(value, str) or value not in set(Scope):
        raise ValueError(f"must be one of {', '.join(Scope)}")
    return Scope(value)


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a text")  # noqa: TRY004 - as all others
    return value


class HaltBody(Body):
    """What is halted or resumed. Without ``scope``: everything."""

    scope: Annotated[
        Scope, reading(_scope), WithJsonSchema({"type": "string", "enum": list(Scope)})
    ] = Scope.ALL
    name: Annotated[str, reading(_text), WithJsonSchema({"type": "string"})] = ""
    reason: GivenReason = "by hand"


class Halted(TypedDict):
    """The halt that is now in force."""

    scope: Scope
    name: str
    halted: bool


class Resumed(Halted):
    """What passes again; ``changed`` if there was such a halt."""

    changed: bool


class LivePreview(Body):
    """Without ``orders`` the live ones are previewed, of one account if it is named."""

    account: GivenName | None = None
    orders: None = None


class SkippedRow(TypedDict):
    """A group that cannot net now, and why."""

    account: str
    symbol: str
    reason: str


class LivePreviewAnswer(PreviewAnswer):
    """What would be crossed at this moment."""

    skipped: list[SkippedRow]


class NettingRun(Body):
    """Which orders are netted now. Empty: all."""

    account: GivenName | None = None
    symbol: GivenSymbol | None = None


class NettingRunAnswer(TypedDict):
    """What was crossed. ``finished``: whether every account has had its turn in time."""

    pairs: list[PairItem]
    saved: SavedRow
    skipped: list[SkippedRow]
    finished: bool


class Admin:
    """Handlers of what a person asks for."""

    def __init__(self, port: AdminPort, aside: Aside) -> None:
        self._port = port
        self._aside = aside

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        return [
            Operation(
                method="POST",
                path="/api/halt",
                summary="Stop new orders, of all or of one account, strategy or book.",
                handler=self.halt,
                body=HaltBody,
                body_required=False,
                answers={200: Answer("It is halted.", Halted)},
            ),
            Operation(
                method="POST",
                path="/api/resume",
                summary="Let new orders pass again.",
                handler=self.resume,
                body=HaltBody,
                body_required=False,
                answers={200: Answer("It is not halted any more.", Resumed)},
                codes=frozenset({ErrorCode.NOT_RECONCILED}),
            ),
            Operation(
                method="POST",
                path="/api/netting/preview",
                summary="Tell what would be crossed: of the orders given, or of the live ones.",
                handler=self.preview_netting,
                body=NettingPreview | LivePreview,
                body_required=False,
                answers={200: Answer("Nothing was changed.", LivePreviewAnswer | PreviewAnswer)},
                codes=frozenset({ErrorCode.CALCULATION_GIVEN_UP}),
            ),
            Operation(
                method="POST",
                path="/api/netting/run",
                summary="Cross now what opposes, and tell what was crossed.",
                handler=self.run_netting,
                body=NettingRun,
                body_required=False,
                answers={200: Answer("What was crossed.", NettingRunAnswer)},
            ),
        ]

    async def halt(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/halt``: cancels stay allowed."""
        body = await self._halt_body(request)
        await self._port.halt(body.scope, body.name, body.reason)
        return json_response({"scope": body.scope.value, "name": body.name, "halted": True})

    async def resume(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/resume``; ``changed`` if there was a halt."""
        body = await self._halt_body(request)
        changed = await self._port.resume(body.scope, body.name, body.reason)
        return json_response(
            {"scope": body.scope.value, "name": body.name, "halted": False, "changed": changed}
        )

    async def preview_netting(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/netting/preview``: of the orders in the body, or else of the live ones."""
        body = await read_body(request, PREVIEW_BYTES_MAX, PREVIEW_SECONDS_MAX)
        if len(body) > SMALL_BODY_BYTES_MAX and b'"orders"' in body:
            return await self._aside.answer(request, Calculation.NETTING, body)
        document = await aside(len(body), lambda: decoded(body))
        if isinstance(document, dict) and document.get("orders") is None:
            return json_response(await self._port.preview_live_netting(document))
        return json_response(preview(document))

    async def run_netting(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/netting/run``: the usual run, now."""
        body = await read_model(request, NettingRun)
        if body.account is not None and body.account not in self._port.names(Scope.ACCOUNT):
            raise BadInput([Problem("account", "must be the name of a configured account")])
        return json_response(await self._port.run_netting(body.account, body.symbol))

    async def _halt_body(self, request: web.Request) -> HaltBody:
        document = decoded(await read_body(request, SMALL_BODY_BYTES_MAX))
        try:
            body = checked(document, HaltBody)
        except BadInput as bad:
            raise BadInput([*bad.problems, *self._name_problems(document)]) from bad
        problems = self._name_problems(document)
        if problems:
            raise BadInput(problems)
        return body

    def _name_problems(self, document: Json) -> list[Problem]:
        """What is wrong with the name, whatever else is wrong."""
        if not isinstance(document, dict):
            return []
        given = {key: value for key, value in document.items() if value is not None}
        word, name = given.get("scope", Scope.ALL.value), given.get("name", "")
        if not isinstance(word, str) or not isinstance(name, str) or word not in set(Scope):
            return []
        scope = Scope(word)
        if scope is Scope.ALL:
            wrong = name != ""
            fault = "must be left out: the scope is all"
        else:
            wrong = name not in self._port.names(scope)
            fault = f"must be the name of a configured {scope.value}"
        return [Problem("name", fault)] if wrong else []
