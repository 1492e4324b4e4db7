"""Rebalancing over HTTP: thresholds, targets with their history, and the preview of a plan."""

# ruff: noqa: TC001 - pydantic reads annotations when the program runs

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field
from typing_extensions import TypedDict

from algorithms.decimals import to_text
from algorithms.rebalancing.targets import Targets, target_faults
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
from daemon.api.errors import ErrorCode
from daemon.api.operation import Answer, Operation, Parameter
from daemon.api.preview_fields import Name, Number, Percent, SymbolText
from daemon.api.problems import BadInput, Problem, path_text
from daemon.api.rebalancing_preview import (
    PlanAnswer,
    RebalancingPreview,
    preview_rebalancing,
    repeated_tickers,
)
from daemon.api.rebalancing_runs import OF_PLANS, RebalancingRuns, account_plan
from daemon.api.respond import json_response
from daemon.api.wire import Amount, GivenReason, Time

if TYPE_CHECKING:
    from aiohttp import web

    from daemon.api.decode import Json
    from daemon.api.ports import RebalancingPort
    from daemon.rebalancing.desk import RebalanceDesk
    from daemon.rebalancing.planner import StoredTargets, StoredThresholds

CONFIG_PATH = "/api/macro-trading/rebalancing/config"
TARGETS_PATH = "/api/macro-trading/rebalancing/targets"
TICKERS_MAX = 2_000
ACCOUNT = Parameter("account", "name of an account")


class AccountPreview(Body):
    """Whose portfolio book is planned for, from what it holds now, to the targets in force."""

    account: Name


class ConfigBody(Body):
    """What is changed; at least one of the two."""

    mp_threshold_percent: Percent | None = Field(None, description="Drift of a class.")
    sub_mp_threshold_percent: Percent | None = Field(None, description="Drift of a ticker.")


class ConfigAnswer(TypedDict):
    """The thresholds in force. ``updated_at`` null: nobody has changed them yet."""

    mp_threshold_percent: Amount
    sub_mp_threshold_percent: Amount
    updated_at: Time | None


class TargetsBody(Body):
    """Weights in percent: of classes in equity, of tickers in their class."""

    account: Name
    mp: dict[Name, Number]
    sub_mp: dict[Name, dict[SymbolText, Number]] = Field(default_factory=dict)
    by: GivenReason = Field("admin", description="Who sets them: a person, a model.")


class TargetsItem(TypedDict):
    """Targets as they were set."""

    id: str
    mp: dict[str, Amount]
    sub_mp: dict[str, dict[str, Amount]]
    by: str
    at: Time


class TargetsAnswer(TypedDict):
    """The newest targets of an account, null if there are none, and all of the last ones."""

    account: str
    targets: TargetsItem | None
    history: list[TargetsItem]


class Rebalancing:
    """Handlers of what rebalancing goes by."""

    def __init__(self, port: RebalancingPort, desk: RebalanceDesk) -> None:
        self._port = port
        self._desk = desk

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        return [
            *RebalancingRuns(self._desk).operations(),
            Operation(
                method="POST",
                path="/api/macro-trading/rebalancing/preview",
                summary="Plan the rebalance of an account's book, or of a hypothetical one.",
                handler=self.preview,
                body=AccountPreview | RebalancingPreview,
                answers={200: Answer("Nothing was ordered.", PlanAnswer)},
                codes=OF_PLANS,
            ),
            Operation(
                method="GET",
                path=CONFIG_PATH,
                summary="Tell from which drift on a rebalance is needed.",
                handler=self.config,
                answers={200: Answer("The thresholds in force.", ConfigAnswer)},
            ),
            Operation(
                method="POST",
                path=CONFIG_PATH,
                summary="Change from which drift on a rebalance is needed.",
                handler=self.change_config,
                body=ConfigBody,
                answers={200: Answer("The thresholds now in force.", ConfigAnswer)},
            ),
            Operation(
                method="GET",
                path=TARGETS_PATH,
                summary="Tell an account's targets and their history.",
                handler=self.targets,
                query=(ACCOUNT,),
                answers={200: Answer("Newest first.", TargetsAnswer)},
            ),
            Operation(
                method="POST",
                path=TARGETS_PATH,
                summary="Set an account's targets.",
                handler=self.set_targets,
                body=TargetsBody,
                answers={200: Answer("They are stored.", TargetsItem)},
                codes=frozenset({ErrorCode.BROKER_SILENT}),
            ),
        ]

    async def preview(self, request: web.Request) -> web.StreamResponse:
        """``POST .../preview``: of the account, or of the portfolio, in the body."""
        body = await read_body(request, PREVIEW_BYTES_MAX, PREVIEW_SECONDS_MAX)
        if len(body) <= SMALL_BODY_BYTES_MAX:
            document = decoded(body)
            if isinstance(document, dict) and "account" in document:
                account = checked(document, AccountPreview).account
                return json_response(account_plan(*await self._desk.preview(account)))
        stored = (await self._port.thresholds()).thresholds
        plan = await aside(len(body), lambda: preview_rebalancing(decoded(body), stored))
        return json_response(plan)

    async def config(self, _: web.Request) -> web.StreamResponse:
        """``GET .../config``."""
        return json_response(_config(await self._port.thresholds()))

    async def change_config(self, request: web.Request) -> web.StreamResponse:
        """``POST .../config``: what is left out stays."""
        body = await read_model(request, ConfigBody)
        mp, sub_mp = body.mp_threshold_percent, body.sub_mp_threshold_percent
        if mp is None and sub_mp is None:
            raise BadInput([Problem("mp_threshold_percent", "neither threshold is given")])
        return json_response(_config(await self._port.set_thresholds(mp, sub_mp)))

    async def targets(self, request: web.Request) -> web.StreamResponse:
        """``GET .../targets?account=``."""
        problems = [
            Problem(key, "unknown parameter: there is account")
            for key in dict.fromkeys(request.query)
            if key != ACCOUNT.name
        ]
        given = request.query.getall(ACCOUNT.name, [])
        if len(given) != 1 or given[0] not in self._port.accounts():
            problems.append(Problem("account", "must be the name of a configured account"))
        if problems:
            raise BadInput(problems)
        history = [_targets(each) for each in await self._port.targets(given[0])]
        newest = history[0] if history else None
        return json_response({"account": given[0], "targets": newest, "history": history})

    async def set_targets(self, request: web.Request) -> web.StreamResponse:
        """``POST .../targets``: all that is wrong with them is told at once."""
        document = decoded(await read_body(request, PREVIEW_BYTES_MAX))
        body = checked(document, TargetsBody)
        targets = Targets(body.mp, body.sub_mp)
        problems = [Problem(path_text(each.path), each.message) for each in target_faults(targets)]
        problems += await self._beside(document, body, targets)
        if problems:
            raise BadInput(problems)
        return json_response(_targets(await self._port.set_targets(body.account, targets, body.by)))

    async def _beside(self, document: Json, body: TargetsBody, targets: Targets) -> list[Problem]:
        """What the weights themselves do not show: the account, tickers twice or unknown."""
        problems = list(repeated_tickers(document)) if isinstance(document, dict) else []
        if body.account not in self._port.accounts():
            return [*problems, Problem("account", "must be the name of a configured account")]
        if len(targets.class_of()) > TICKERS_MAX:
            return [*problems, Problem("sub_mp", f"more than {TICKERS_MAX} tickers")]
        unknown = await self._port.unknown_tickers(body.account, targets)
        return [*problems, *(Problem(path_text(each.path), each.message) for each in unknown)]


def _config(stored: StoredThresholds) -> ConfigAnswer:
    at = stored.updated_at
    return {
        "mp_threshold_percent": to_text(stored.thresholds.mp),
        "sub_mp_threshold_percent": to_text(stored.thresholds.sub_mp),
        "updated_at": None if at is None else at.isoformat(),
    }


def _targets(stored: StoredTargets) -> TargetsItem:
    targets = stored.targets
    return {
        "id": stored.id,
        "mp": {name: to_text(weight) for name, weight in targets.mp.items()},
        "sub_mp": {
            name: {ticker: to_text(weight) for ticker, weight in tickers.items()}
            for name, tickers in targets.sub_mp.items()
        },
        "by": stored.set_by,
        "at": stored.at.isoformat(),
    }
