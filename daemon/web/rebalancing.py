"""Rebalancing: weights against targets, drifts against thresholds, runs and their outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, divide, subtract, to_text
from algorithms.rebalancing.outcome import achieved
from daemon.api.errors import Refused
from daemon.api.operation import Parameter
from daemon.api.rebalancing_runs import run_item
from daemon.rebalancing.planner import stored_targets, stored_thresholds
from daemon.web.assets import address
from daemon.web.page import Page
from daemon.web.targets import SHOWN, editor, history
from daemon.web.targets import Row as FormRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from algorithms.domain import Symbol
    from algorithms.rebalancing.drift import Drift
    from daemon.api.rebalancing_runs import RunItem
    from daemon.engine import Engine
    from daemon.rebalancing.desk import Standing
    from daemon.web.page import Sources, Visit
    from daemon.web.totals import Totals

TABS = ("mp", "sub_mp", "settings")
RUNS = 50
WIDE = Decimal(100)
"""Pictures are as wide as weights go."""
PLACES = 2
CHART_HEIGHT = 48


@dataclass(frozen=True, slots=True)
class Row:
    """A weight and its target, in percent; where the bar of its drift lies, from 0 to 100.

    ``band`` begins where a drift is below its threshold, and is ``band_wide`` wide.
    """

    name: str
    now: Decimal
    target: Decimal
    drift: Decimal
    is_over: bool
    begin: str
    wide: str
    band: str
    band_wide: str


@dataclass(frozen=True, slots=True)
class Rest:
    """What of a run was not ordered, or not filled, and why."""

    action: str
    quantity: str
    ticker: str
    reason: str


@dataclass(frozen=True, slots=True)
class Bar:
    """The tracking error of one run, drawn."""

    x: str
    y: str
    height: str
    run: RunItem


def page(sources: Sources, _: Totals) -> Page:
    """Describe the page."""

    async def load(visit: Visit) -> Mapping[str, object]:
        engine = sources.engine
        accounts = sorted(
            name for name, each in engine.registry.accounts.items()
            if each.shadows is None and engine.registry.portfolio_book(name) is not None
        )  # fmt: skip
        tab = visit.asked("tab") if visit.asked("tab") in TABS else TABS[0]
        account = visit.asked("account")
        if account not in accounts:
            account = accounts[0] if accounts else ""
        found: dict[str, object] = {"accounts": accounts, "account": account, "tab": tab}
        if not account:
            return found
        standing = await engine.standings.of(account)
        runs = [run_item(*each) for each in await engine.rebalancing.runs(account, RUNS)]
        live = next((run for run in runs if run["ended_at"] is None), None)
        thresholds = (await engine.store.read(stored_thresholds)).thresholds
        return {
            **found,
            "tabs": TABS,
            "run": live,
            "runs": runs,
            "chart": bars(runs),
            "rests": {run["id"]: rests(run) for run in runs},
            "thresholds": thresholds,
            **(await _edited(engine, account, standing) if tab == "settings" else {}),
            "why": standing.detail if isinstance(standing, Refused) else "",
            "waits": standing is None,
            **(_weights(standing) if standing and not isinstance(standing, Refused) else EMPTY),
        }

    return Page(
        path="/rebalancing",
        summary="Rebalancing, for people: weights, drifts, the run, history.",
        template="rebalancing.html",
        load=load,
        query=(
            Parameter("account", "Whose portfolio book."),
            Parameter("tab", f"One of {', '.join(TABS)}."),
        ),
    )


@dataclass(frozen=True, slots=True)
class Glance:
    """A portfolio in one line. ``needed`` None: nobody knows, or not yet; ``why`` may say so."""

    account: str
    needed: bool | None
    why: str
    over: tuple[Row, ...]
    state: str


async def glances(sources: Sources) -> list[Glance]:
    """Tell of every marked portfolio book whether a run is needed, why, and how its run stands."""
    registry = sources.engine.registry
    names = {each.account.shadows or each.account.name
             for each in registry.books.values() if each.is_portfolio}  # fmt: skip
    found = []
    for account in sorted(names):
        standing = await sources.engine.standings.of(account)
        if standing is None or isinstance(standing, Refused):
            why = "" if standing is None else standing.detail
            found.append(Glance(account, None, why, (), ""))
            continue
        plan, limits = standing.prepared.draft.plan, standing.prepared.draft.settings.thresholds
        drawn = [*rows(plan.drifts.mp, limits.mp)]
        for tickers in plan.drifts.sub_mp.values():
            drawn += rows(tickers, limits.sub_mp)
        state = "" if standing.run is None else standing.run.state.value
        over = tuple(row for row in drawn if row.is_over)
        found.append(Glance(account, plan.needed, "", over, state))
    return found


EMPTY: Mapping[str, object] = {
    "book": "", "equity": None, "currency": "", "classes": (), "inside": {}, "needed": None,
    "problems": (), "tracking_error": None, "by": "", "at": None,
}  # fmt: skip


async def _edited(
    engine: Engine, account: str, standing: Standing | Refused | None
) -> Mapping[str, object]:
    """Return what the form of targets shows, and who set which when."""
    stored = await engine.store.read(lambda view: stored_targets(view, account, SHOWN))
    in_force = None
    if standing is not None and not isinstance(standing, Refused):
        in_force = standing.prepared.targets.id
    return {
        "editor": editor(stored[0] if stored else None),
        "blank": FormRow("", ""),
        "script": address("targets.js"),
        "settings": history(stored, in_force),
        "confirm_days": engine.services.current.setup.config.rebalancing.confirm_days,
    }


def _weights(standing: Standing) -> Mapping[str, object]:
    prepared = standing.prepared
    plan, settings = prepared.draft.plan, prepared.draft.settings
    error = None
    if plan.equity is not None:
        portfolio = prepared.draft.snapshot.portfolio
        targets = prepared.targets.targets
        error = achieved(portfolio, targets, settings.cash_buffer_percent).tracking_error
    return {
        "book": prepared.book.name,
        "equity": plan.equity,
        "currency": prepared.book.account.currency,
        "classes": rows(plan.drifts.mp, settings.thresholds.mp),
        "inside": {
            name: rows(tickers, settings.thresholds.sub_mp)
            for name, tickers in plan.drifts.sub_mp.items()
        },
        "needed": plan.needed,
        "problems": [
            f"{each.ticker}: {each.message}" if each.ticker else each.message
            for each in plan.problems
        ],
        "tracking_error": error,
        "by": prepared.targets.set_by,
        "at": prepared.targets.at,
    }


def rows(drifts: Mapping[str, Drift] | Mapping[Symbol, Drift], threshold: Decimal) -> list[Row]:
    """Draw drifts: to the right too little is held, to the left too much."""
    most = max((abs(drift.percent) for drift in drifts.values()), default=ZERO)
    reach = max(most, threshold * 2, Decimal(1))
    half = WIDE / 2
    found = []
    for name, drift in drifts.items():
        long = divide(abs(drift.percent) * half, reach, PLACES)
        band = divide(threshold * half, reach, PLACES)
        begin = half if drift.percent > ZERO else subtract(half, long)
        found.append(
            Row(
                name=name,
                now=subtract(drift.target, drift.percent),
                target=drift.target,
                drift=drift.percent,
                is_over=drift.reaches(threshold),
                begin=to_text(begin),
                wide=to_text(long),
                band=to_text(subtract(half, band)),
                band_wide=to_text(band * 2),
            )
        )
    return found


def rests(run: RunItem) -> list[Rest]:
    """List what a run has left over: what its orders did not fill first."""
    listed = [run["outcome"].get(name) for name in ("unfilled", "left")]
    return [
        Rest(row["action"], row["quantity"], row["ticker"], row["reason"])
        for part in listed
        if isinstance(part, list)
        for row in part
    ]


def bars(runs: Iterable[RunItem]) -> list[Bar]:
    """Draw the tracking error that each run ended with, oldest first."""
    told = [
        (run, Decimal(str(run["outcome"]["tracking_error"])))
        for run in runs
        if "tracking_error" in run["outcome"]
    ][::-1]
    most = max((error for _, error in told), default=ZERO) or Decimal(1)
    step = divide(WIDE, Decimal(max(len(told), 10)), PLACES)
    found = []
    for number, (run, error) in enumerate(told):
        height = max(divide(error * CHART_HEIGHT, most, PLACES), Decimal(1))
        top = subtract(Decimal(CHART_HEIGHT), height)
        found.append(Bar(to_text(step * number), to_text(top), to_text(height), run))
    return found
