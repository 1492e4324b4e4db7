"""Where rebalances are asked for: previewed, started once, resumed, cancelled, looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import orjson

from algorithms.decimals import to_text
from algorithms.domain import Symbol
from algorithms.rebalancing.confirmation import differences, signed_trades
from algorithms.rebalancing.states import RunState
from daemon.api.errors import ErrorCode, Refused
from daemon.api.problems import BadInput, Problem
from daemon.calendars import CalendarError
from daemon.config.books import BookMode
from daemon.rebalancing.planner import snapshot_document
from daemon.rebalancing.runs import (
    Run,
    add_run,
    find_run,
    last_runs,
    left_rows,
    plan_trades,
    run_of_plan,
    trades_of,
    unfinished_run,
)
from daemon.rebalancing.snapshot import NoSnapshotError
from daemon.storage.rows import from_us, to_us

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from daemon.execution.services import Services
    from daemon.rebalancing.phases import Phases
    from daemon.rebalancing.planner import Draft, Planner, StoredTargets
    from daemon.rebalancing.runs import Trade
    from daemon.registry import Book
    from daemon.storage.tx import Tx, View

CONFIRM_WITHIN = timedelta(minutes=10)
"""How long a preview may be confirmed."""
RUNS_MAX = 100


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan that may be started: of this book, to these targets."""

    book: Book
    targets: StoredTargets
    draft: Draft


@dataclass(frozen=True, slots=True)
class Standing:
    """How a portfolio book stands: its plan as of now, and its run that is not over."""

    prepared: Prepared
    run: Run | None


class RebalanceDesk:
    """Takes rebalances of all accounts."""

    def __init__(self, services: Services, planner: Planner, phases: Phases) -> None:
        self._services = services
        self._planner = planner
        self._phases = phases

    def book(self, account: str) -> Book:
        """Return the portfolio book of an account. Raises BadInput."""
        book = self._services.registry.portfolio_book(account)
        if book is None:
            message = (
                "has no portfolio book: give one of its books "
                '`rule = { type = "portfolio" }` in the configuration'
            )
            if account not in self._services.registry.accounts:
                message = "must be the name of a configured account"
            raise BadInput([Problem("account", message)])
        return book

    def only_account(self) -> str:
        """Return the account that has a portfolio book if there is just one, else nothing."""
        registry = self._services.registry
        marked = {b.account.shadows or b.account.name for b in registry.books.values()
                  if b.is_portfolio}  # fmt: skip
        return next(iter(marked)) if len(marked) == 1 else ""

    async def prepare(self, account: str) -> Prepared:
        """Plan a rebalance from what is there now. Raises BadInput and Refused."""
        book = self.book(account)
        slices = self._services.current.setup.config.rebalancing.slices_days
        try:
            targets = await self._planner.targets(book)
            if targets is None:
                days = self._services.current.setup.config.rebalancing.confirm_days
                seen = "" if days == 1 else f", or were not seen on {days} days in a row"
                message = f"no targets are in force for {account}: none were set{seen}"
                raise Refused(ErrorCode.NO_TARGETS, message)
            draft = await self._planner.draft(book, targets.targets, slices=slices)
        except (NoSnapshotError, CalendarError) as error:
            raise Refused(ErrorCode.BROKER_SILENT, str(error)) from error
        return Prepared(book, targets, draft)

    async def preview(self, account: str) -> tuple[Prepared, str]:
        """Plan a rebalance and keep the plan for ``CONFIRM_WITHIN``; return it with its id."""
        prepared = await self.prepare(account)
        plan_id, now = self._services.ids.new(), self._services.clock.now()
        trades = {t: to_text(u) for t, u in signed_trades(prepared.draft.plan).items()}

        def keep(tx: Tx) -> None:
            tx.execute("forget_rebalancing_plans", before=to_us(now - CONFIRM_WITHIN))
            tx.execute(
                "add_rebalancing_plan",
                id=plan_id,
                account=prepared.book.account.name,
                targets_id=prepared.targets.id,
                trades=orjson.dumps(trades).decode(),
                at=to_us(now),
            )

        await self._services.persistence.write(keep)
        return prepared, plan_id

    async def run(self, account: str, confirm: str | None, by: str) -> tuple[Run | None, Prepared]:
        """Start a run; None if none is needed. A confirmed plan starts one run, however often.

        Raises BadInput and Refused.
        """
        prepared = await self.prepare(account)
        run = await self._services.persistence.write(
            lambda tx: self.start(tx, prepared, confirm, by)
        )
        return run, prepared

    def start(self, tx: Tx, prepared: Prepared, confirm: str | None, by: str) -> Run | None:
        """Store a new run, unless none is needed. Raises Refused with everything against it."""
        book, draft, now = prepared.book, prepared.draft, self._services.clock.now()
        account = book.account.name
        if confirm is not None:
            before = run_of_plan(tx, account, confirm)
            if before is not None:
                return before
        unfinished = unfinished_run(tx, account)
        if unfinished is not None:
            raise Refused(ErrorCode.RUN_UNFINISHED, _unfinished(unfinished))
        plan = draft.plan
        if plan.problems:
            raise Refused(
                ErrorCode.NOT_FEASIBLE,
                f"{len(plan.problems)} reasons against the plan; nothing was ordered",
                [Problem(each.ticker or "plan", each.message) for each in plan.problems],
            )
        if not plan.needed:
            return None
        if confirm is not None:
            self._require_confirmed(tx, prepared, confirm, now)
        elif plan.large or book.mode is BookMode.APPROVE:
            raise _wants_confirmation(prepared)
        run = Run(
            id=self._services.ids.new(),
            account=account,
            book=book.name,
            state=RunState.PLANNED,
            started_by=by,
            plan_id=confirm,
            targets_id=prepared.targets.id,
            targets=prepared.targets.targets,
            snapshot=snapshot_document(draft),
            outcome={"left": left_rows(plan.left_out)} if plan.left_out else {},
            slices=draft.settings.slices,
            due_at=now,
            created_at=now,
            planned_at=draft.snapshot.at,
            updated_at=now,
        )
        add_run(tx, run)
        plan_trades(tx, run, (*plan.sells, *plan.buys))
        return run

    async def standing(self, account: str) -> Standing:
        """Tell how an account's portfolio stands. Raises BadInput and Refused."""
        prepared = await self.prepare(account)
        run = await self._services.persistence.read(
            lambda view: unfinished_run(view, prepared.book.account.name)
        )
        return Standing(prepared, run)

    async def runs(self, account: str, limit: int = RUNS_MAX) -> list[tuple[Run, list[Trade]]]:
        """Return the last runs of an account with their trades, newest first. Raises BadInput."""
        name = self.book(account).account.name

        def read(view: View) -> list[tuple[Run, list[Trade]]]:
            found = last_runs(view, name, limit)
            return [(run, trades_of(view, run.id)) for run in found]

        return await self._services.persistence.read(read)

    async def look(self, run_id: str) -> tuple[Run, list[Trade]]:
        """Return a run with its trades. Raises Refused."""

        def read(view: View) -> tuple[Run, list[Trade]]:
            return _existing(view, run_id), trades_of(view, run_id)

        return await self._services.persistence.read(read)

    async def resume(self, run_id: str) -> Run:
        """Let a stopped run buy with what is there. Raises Refused."""

        def check(run: Run) -> str | None:
            return None if run.state is RunState.STOPPED else "only a stopped run can be resumed"

        return await self._change(run_id, check, self._phases.resume)

    async def cancel(self, run_id: str) -> Run:
        """End a run, its open orders first. Raises Refused."""

        def check(run: Run) -> str | None:
            return "it is over" if run.state.is_over else None

        return await self._change(run_id, check, self._phases.cancel)

    async def _change(
        self,
        run_id: str,
        objection: Callable[[Run], str | None],
        change: Callable[[Tx, Run, datetime], None],
    ) -> Run:
        now = self._services.clock.now()

        def work(tx: Tx) -> Run:
            run = _existing(tx, run_id)
            reason = objection(run)
            if reason is not None:
                raise Refused(ErrorCode.RUN_STATE, f"run {run.id} is {run.state.value}: {reason}")
            change(tx, run, now)
            return _existing(tx, run_id)

        return await self._services.persistence.write(work)

    def _require_confirmed(self, tx: Tx, prepared: Prepared, confirm: str, now: datetime) -> None:
        """Raise Refused unless this plan is what a person has confirmed."""
        row = tx.fetch_one("rebalancing_plan", id=confirm, account=prepared.book.account.name)
        if row is None or now - from_us(row["at"]) > CONFIRM_WITHIN:
            minutes = CONFIRM_WITHIN.total_seconds() / 60
            message = f"no plan {confirm} was previewed in the last {minutes:g} minutes"
            raise Refused(ErrorCode.PLAN_CHANGED, message)
        if row["targets_id"] != prepared.targets.id:
            raise Refused(ErrorCode.PLAN_CHANGED, "other targets are in force than at the preview")
        tolerance = self._services.current.setup.config.rebalancing.confirm_tolerance_percent
        before = {Symbol(t): Decimal(units) for t, units in orjson.loads(row["trades"]).items()}
        found = list(differences(before, signed_trades(prepared.draft.plan), tolerance))
        if found:
            message = f"{len(found)} trades differ from the plan by more than {tolerance} percent"
            raise Refused(
                ErrorCode.PLAN_CHANGED, message, [Problem(t, words) for t, words in found]
            )


def _existing(view: View, run_id: str) -> Run:
    run = find_run(view, run_id)
    if run is None:
        raise Refused(ErrorCode.NOT_FOUND, f"there is no run {run_id}")
    return run


def _unfinished(run: Run) -> str:
    if run.state is RunState.STOPPED:
        return f"run {run.id} was stopped ({run.reason}): resume or cancel it first"
    return f"run {run.id} is {run.state.value}"


def _wants_confirmation(prepared: Prepared) -> Refused:
    book, plan = prepared.book, prepared.draft.plan
    if book.mode is BookMode.APPROVE:
        detail = f"{book.name} trades after a person's yes: preview, then run with its plan id"
    else:
        detail = "orders are large: preview, then run with its plan id as `confirm`"
    problems = [
        Problem(ticker, "its order is larger than rebalancing.max_order_percent of equity")
        for ticker in plan.large
    ]
    return Refused(ErrorCode.NEEDS_CONFIRMATION, detail, problems)
