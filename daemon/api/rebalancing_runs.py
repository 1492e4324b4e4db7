"""Runs of rebalances over HTTP: how a portfolio stands, starting, resuming, cancelling."""

# ruff: noqa: TC001 - pydantic reads annotations when the program runs

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field
from typing_extensions import TypedDict

from algorithms.decimals import divide, subtract, to_text
from algorithms.rebalancing.drift import PLACES
from algorithms.rebalancing.outcome import achieved
from daemon.api.bodies import Body, read_model
from daemon.api.errors import ErrorCode
from daemon.api.operation import Answer, Operation, Parameter
from daemon.api.preview_fields import Name
from daemon.api.problems import BadInput, Problem
from daemon.api.rebalancing_preview import PlanAnswer, PlanProblemRow, plan_answer
from daemon.api.respond import json_response
from daemon.api.wire import Amount, Document, GivenId, GivenReason, Time
from daemon.rebalancing.runs import targets_document

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from daemon.rebalancing.desk import Prepared, RebalanceDesk, Standing
    from daemon.rebalancing.runs import Run, Trade

STATUS_PATH = "/api/macro-trading/rebalancing-status"
RUN_PATH = "/api/macro-trading/rebalancing/run"
RUNS_PATH = "/api/macro-trading/rebalancing/runs"
LIMIT_MAX = 100
ACCOUNT = Parameter("account", "name of an account; left out where only one has a portfolio book")
LIMIT = Parameter("limit", "how many runs", {"type": "integer", "minimum": 1, "maximum": LIMIT_MAX})
RUN_ID = Parameter("id", "`id` of a run")
OF_PLANS = frozenset({ErrorCode.NO_TARGETS, ErrorCode.BROKER_SILENT})


class RunBody(Body):
    """Which account's portfolio book, and which previewed plan a person says yes to."""

    account: Name
    confirm: GivenId | None = Field(None, description="`plan_id` of a preview of this account.")
    by: GivenReason = Field("admin", description="Who starts it.")


class TradeItem(TypedDict):
    """A planned trade of a run, and what its order has come to; ``order_id`` null: not ordered."""

    ticker: str
    action: str
    quantity: Amount
    price: Amount
    limit_price: Amount
    day: int
    order_id: str | None
    status: str | None
    reason: str
    filled: Amount
    average_price: Amount | None
    fees: dict[str, Amount]


class RunItem(TypedDict):
    """A run. ``day`` of ``days``; ``due_at`` is when that day begins or began."""

    id: str
    account: str
    book: str
    state: str
    reason: str
    day: int
    days: int
    by: str
    plan_id: str | None
    targets_id: str
    targets: Document
    due_at: Time
    until: Time | None
    created_at: Time
    updated_at: Time
    ended_at: Time | None
    alarmed_at: Time | None
    snapshot: Document
    outcome: Document
    trades: list[TradeItem]


class RunAnswer(TypedDict):
    """The run, null if none was needed, and the plan it was made from."""

    run: RunItem | None
    plan: PlanAnswer


class RunsAnswer(TypedDict):
    """Runs of an account, newest first."""

    account: str
    items: list[RunItem]


class StatusAnswer(TypedDict):
    """How a portfolio book stands. Weights and drifts are percents.

    ``needed`` is null where prices are missing; ``run`` null: none is under way or stopped.
    """

    account: str
    book: str
    targets_id: str
    equity: Amount | None
    cash: Amount
    weights: dict[str, Amount]
    target_weights: dict[str, Amount]
    mp_weights: dict[str, Amount]
    mp_drift: dict[str, Amount]
    sub_mp_drift: dict[str, dict[str, Amount]]
    mp_threshold_percent: Amount
    sub_mp_threshold_percent: Amount
    tracking_error: Amount | None
    needed: bool | None
    reasons: list[str]
    problems: list[PlanProblemRow]
    run: RunItem | None


class RebalancingRuns:
    """Handlers of runs."""

    def __init__(self, desk: RebalanceDesk) -> None:
        self._desk = desk

    def operations(self) -> list[Operation]:
        """Return what can be asked here."""
        return [
            Operation(
                method="GET",
                path=STATUS_PATH,
                summary="Tell weights, targets and drifts of a portfolio book, and its run.",
                handler=self.status,
                query=(ACCOUNT,),
                answers={200: Answer("As of now.", StatusAnswer)},
                codes=OF_PLANS,
            ),
            Operation(
                method="POST",
                path=RUN_PATH,
                summary="Start a rebalance, if one is needed.",
                handler=self.run,
                body=RunBody,
                answers={200: Answer("It is stored and goes on by itself.", RunAnswer)},
                codes=OF_PLANS
                | {
                    ErrorCode.NOT_FEASIBLE,
                    ErrorCode.NEEDS_CONFIRMATION,
                    ErrorCode.PLAN_CHANGED,
                    ErrorCode.RUN_UNFINISHED,
                },
            ),
            *self._of_runs(),
        ]

    def _of_runs(self) -> list[Operation]:
        of_one = frozenset({ErrorCode.NOT_FOUND})
        return [
            Operation(
                method="GET",
                path=RUNS_PATH,
                summary="List the runs of an account.",
                handler=self.runs,
                query=(ACCOUNT, LIMIT),
                answers={200: Answer("Newest first.", RunsAnswer)},
            ),
            Operation(
                method="GET",
                path=f"{RUNS_PATH}/{{id}}",
                summary="Tell of one run, with every trade.",
                handler=self.look,
                in_path=(RUN_ID,),
                answers={200: Answer("As of now.", RunItem)},
                codes=of_one,
            ),
            Operation(
                method="POST",
                path=f"{RUNS_PATH}/{{id}}/resume",
                summary="Let a stopped run buy with what is there.",
                handler=self.resume,
                in_path=(RUN_ID,),
                answers={200: Answer("It goes on.", RunItem)},
                codes=of_one | {ErrorCode.RUN_STATE},
            ),
            Operation(
                method="POST",
                path=f"{RUNS_PATH}/{{id}}/cancel",
                summary="End a run, its open orders first.",
                handler=self.cancel,
                in_path=(RUN_ID,),
                answers={200: Answer("It ends.", RunItem)},
                codes=of_one | {ErrorCode.RUN_STATE},
            ),
        ]

    async def status(self, request: web.Request) -> web.StreamResponse:
        """``GET .../rebalancing-status?account=``."""
        (account,) = self._query(request, "account")
        standing = await self._desk.standing(account)
        run = None
        if standing.run is not None:
            run = run_item(*await self._desk.look(standing.run.id))
        return json_response(_status(account, standing, run))

    async def run(self, request: web.Request) -> web.StreamResponse:
        """``POST .../run``."""
        body = await read_model(request, RunBody)
        run, prepared = await self._desk.run(body.account, body.confirm, body.by)
        item = None if run is None else run_item(*await self._desk.look(run.id))
        return json_response({"run": item, "plan": account_plan(prepared, "")})

    async def runs(self, request: web.Request) -> web.StreamResponse:
        """``GET .../runs?account=&limit=``."""
        account, limit = self._query(request, "account", "limit")
        if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= LIMIT_MAX):
            raise BadInput([Problem("limit", f"must be a whole number from 1 to {LIMIT_MAX}")])
        found = await self._desk.runs(account, int(limit))
        return json_response({"account": account, "items": [run_item(*each) for each in found]})

    async def look(self, request: web.Request) -> web.StreamResponse:
        """``GET .../runs/{id}``."""
        return json_response(run_item(*await self._desk.look(request.match_info["id"])))

    async def resume(self, request: web.Request) -> web.StreamResponse:
        """``POST .../runs/{id}/resume``."""
        return await self._changed(request, self._desk.resume)

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """``POST .../runs/{id}/cancel``."""
        return await self._changed(request, self._desk.cancel)

    async def _changed(
        self, request: web.Request, change: Callable[[str], Awaitable[Run]]
    ) -> web.StreamResponse:
        run = await change(request.match_info["id"])
        return json_response(run_item(*await self._desk.look(run.id)))

    def _query(self, request: web.Request, *known: str) -> list[str]:
        """Return the parameters of these names, or what they are when left out."""
        problems = [
            Problem(key, f"unknown parameter: there are {', '.join(known)}")
            for key in dict.fromkeys(request.query)
            if key not in known
        ]
        problems += [
            Problem(key, "is given twice")
            for key in known
            if len(request.query.getall(key, [])) > 1
        ]
        if problems:
            raise BadInput(problems)
        left_out = {"account": self._desk.only_account(), "limit": str(LIMIT_MAX)}
        return [request.query.get(key, left_out[key]) for key in known]


def account_plan(prepared: Prepared, plan_id: str) -> PlanAnswer:
    """Write the plan of a live book. An empty ``plan_id``: it was not kept."""
    answer = plan_answer(prepared.draft.plan)
    answer["plan_id"] = plan_id
    return answer


def run_item(run: Run, trades: list[Trade]) -> RunItem:
    """Write a run as answers have it."""
    return {
        "id": run.id,
        "account": run.account,
        "book": run.book,
        "state": run.state.value,
        "reason": run.reason,
        "day": run.slice,
        "days": run.slices,
        "by": run.started_by,
        "plan_id": run.plan_id,
        "targets_id": run.targets_id,
        "targets": targets_document(run.targets),
        "due_at": run.due_at.isoformat(),
        "until": None if run.until_at is None else run.until_at.isoformat(),
        "created_at": run.created_at.isoformat(),
        "updated_at": run.updated_at.isoformat(),
        "ended_at": None if run.ended_at is None else run.ended_at.isoformat(),
        "alarmed_at": None if run.alarmed_at is None else run.alarmed_at.isoformat(),
        "snapshot": dict(run.snapshot),
        "outcome": dict(run.outcome),
        "trades": [_trade_item(trade) for trade in trades],
    }


def _trade_item(trade: Trade) -> TradeItem:
    average = divide(trade.value, trade.filled, PLACES) if trade.filled else None
    return {
        "ticker": trade.ticker,
        "action": trade.side.value,
        "quantity": to_text(trade.quantity),
        "price": to_text(trade.price),
        "limit_price": to_text(trade.limit),
        "day": trade.slice,
        "order_id": None if trade.order is None else trade.order.id,
        "status": None if trade.order is None else trade.order.status.value,
        "reason": "" if trade.order is None else trade.order.reason,
        "filled": to_text(trade.filled),
        "average_price": None if average is None else to_text(average),
        "fees": {asset: to_text(fee) for asset, fee in trade.fees.items() if fee},
    }


def _status(account: str, standing: Standing, run: RunItem | None) -> StatusAnswer:
    prepared = standing.prepared
    plan, settings = prepared.draft.plan, prepared.draft.settings
    portfolio, targets = prepared.draft.snapshot.portfolio, prepared.targets.targets
    answer = plan_answer(plan)
    now = None
    if plan.equity is not None:
        now = achieved(portfolio, targets, settings.cash_buffer_percent)
    return {
        "account": account,
        "book": prepared.book.name,
        "targets_id": prepared.targets.id,
        "equity": answer["equity"],
        "cash": to_text(portfolio.cash),
        "weights": {} if now is None else {n: to_text(w) for n, w in now.weights.items()},
        "target_weights": {} if now is None else {n: to_text(w) for n, w in now.targets.items()},
        "mp_weights": {
            name: to_text(subtract(drift.target, drift.percent))
            for name, drift in plan.drifts.mp.items()
        },
        "mp_drift": answer["mp_drift"],
        "sub_mp_drift": answer["sub_mp_drift"],
        "mp_threshold_percent": to_text(settings.thresholds.mp),
        "sub_mp_threshold_percent": to_text(settings.thresholds.sub_mp),
        "tracking_error": None if now is None else to_text(now.tracking_error),
        "needed": answer["needed"],
        "reasons": answer["reasons"],
        "problems": answer["problems"],
        "run": run,
    }
