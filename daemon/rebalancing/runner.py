"""Runs at work: one task for each account whose run goes on by itself.

What is to be done next is read from the database each time, so a restart goes on exactly where
the last process stood. A run's orders belong to the order path like all others; here is only
waited for their ends. No wait is without a limit, and no limit is extended by a restart.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from adapters.clock import wait_until
from algorithms.decimals import to_text
from algorithms.domain import AccountName, Side, Symbol
from algorithms.rebalancing.confirmation import differences, signed_trades
from algorithms.rebalancing.orders import LeftOutReason
from algorithms.rebalancing.plan import plan_buys
from algorithms.rebalancing.states import RunState
from daemon.rebalancing.phases import CONFIRMED_WITHIN
from daemon.rebalancing.planner import prices_document, snapshot_document
from daemon.rebalancing.runs import trades_of, unfinished_run, unfinished_runs
from daemon.rebalancing.snapshot import NoSnapshotError
from daemon.signals import NoticeRaised, RebalanceMoved

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from adapters.sessions import Sessions
    from adapters.tasks import TaskSupervisor
    from algorithms.rebalancing.holdings import Problem
    from daemon.execution.services import Services
    from daemon.rebalancing.phases import Phases
    from daemon.rebalancing.planner import Draft, Planner
    from daemon.rebalancing.runs import Run, Trade
    from daemon.rebalancing.snapshot import Snapshot
    from daemon.registry import Book
    from daemon.signals import SignalBus
    from daemon.storage.tx import Tx

RETRY = timedelta(seconds=5)
"""Between looks at what nobody tells us of: cash that is late, prices that are missing."""
MOST_TOLD = 5
MOST_FAULTS = 24
"""Faults of our own in a row after which a run is broken off: two minutes of them."""

log = logging.getLogger(__name__)


class Runner:
    """Moves the run of one account on."""

    def __init__(
        self,
        account: AccountName,
        services: Services,
        planner: Planner,
        phases: Phases,
        sessions_of: Callable[[AccountName], Awaitable[Sessions]],
    ) -> None:
        self._account = account
        self._services = services
        self._planner = planner
        self._phases = phases
        self._sessions_of = sessions_of

    async def step(self) -> datetime | None:
        """Do what can be done now; return when to look again, None if there is no active run."""
        while True:
            run = await self._services.persistence.read(
                lambda view: unfinished_run(view, self._account)
            )
            if run is None or not run.state.is_active:
                return None
            again_at = await self._advance(run)
            if again_at is not None:
                return again_at

    async def give_up(self, error: Exception) -> None:
        """Break off the run because of a fault of our own, which people are told."""
        run = await self._services.persistence.read(
            lambda view: unfinished_run(view, self._account)
        )
        if run is not None and run.state.is_active:
            await self._break_off(run, f"internal error: {type(error).__name__}; see the log")

    async def _advance(self, run: Run) -> datetime | None:
        """Take one step; None if the next one may follow at once."""
        match run.state:
            case RunState.PLANNED:
                return await self._planned(run)
            case RunState.SOLD:
                return await self._sold(run)
            case _:
                return await self._ordered(run)

    async def _planned(self, run: Run) -> datetime | None:
        now = self._services.clock.now()
        if now < run.due_at:
            return run.due_at
        config = self._services.current.setup.config.rebalancing
        if now - run.planned_at <= timedelta(seconds=float(config.snapshot_max_seconds)):
            await self._write(partial(self._phases.begin_selling, run_id=run.id, now=now))
            return None
        book = self._services.registry.books.get(run.book)
        if book is None:
            return await self._break_off(run, f"the book {run.book} has left the configuration")
        until = run.due_at + self._phases.timeout
        try:
            draft = await self._planner.draft(
                book, run.targets, slices=run.slices_left, goes_on=_goes_on(run)
            )
        except NoSnapshotError as error:
            return await self._again_or_break_off(run, until, _spelled([error.problem]))
        if draft.plan.problems:  # a price may come yet, or a halt end
            return await self._again_or_break_off(run, until, _spelled(draft.plan.problems))
        return await self._begin_anew(run, draft)

    async def _begin_anew(self, run: Run, draft: Draft) -> datetime | None:
        """Begin with a newer plan than the one the run was stored with, which had grown old."""
        plan, now = draft.plan, self._services.clock.now()
        if not _goes_on(run):
            changed = self._changed(run, draft)
            if changed:
                return await self._break_off(run, changed)
            if not plan.needed:
                reason = "no drift reaches its threshold any more"
                await self._write(
                    partial(self._phases.expire, run_id=run.id, reason=reason, now=now)
                )
                return None

        def work(tx: Tx) -> None:
            self._phases.replan(
                tx, run.id, (*plan.sells, *plan.buys), snapshot_document(draft),
                plan.left_out, now,
            )  # fmt: skip
            self._phases.begin_selling(tx, run.id, now)

        await self._write(work)
        return None

    def _changed(self, run: Run, draft: Draft) -> str | None:
        """Why a newer plan is not what was started, if it has orders that need a person's yes."""
        if run.plan_id is None:
            large = ", ".join(draft.plan.large)
            return f"prices moved; to be confirmed, being large: {large}" if large else None
        tolerance = self._services.current.setup.config.rebalancing.confirm_tolerance_percent
        found = differences(_started(run), signed_trades(draft.plan), tolerance)
        words = [f"{ticker}: {difference}" for ticker, difference in found]
        return f"the plan has changed: {'; '.join(words[:MOST_TOLD])}" if words else None

    async def _ordered(self, run: Run) -> datetime | None:
        """Wait for the ends of sells or buys; cancel them when their time is over."""
        trades = await self._services.persistence.read(lambda view: trades_of(view, run.id))
        alive = [trade for trade in trades if trade.is_alive]
        if not alive:
            await self._end(run)
            return None
        assert run.until_at is not None  # set with the state
        now = self._services.clock.now()
        if now < run.until_at and run.cancelled_at is None:
            return run.until_at
        asked = [t.order.cancel_requested_at for t in alive if t.order is not None]
        if None in asked:
            reason = "cancelled by a person" if run.cancelled_at else "not filled in time"
            await self._write(
                partial(self._phases.cancel_orders, run_id=run.id, reason=reason, now=now)
            )
            return now + CONFIRMED_WITHIN
        # A process that was down over the deadline has asked late, and waits as long all the same.
        stuck_at = max(at for at in (run.until_at, *asked) if at is not None) + CONFIRMED_WITHIN
        return stuck_at if now < stuck_at else await self._break_off(run, _unconfirmed(alive))

    async def _end(self, run: Run) -> None:
        if run.state is RunState.SELLING:
            now = self._services.clock.now()
            await self._write(partial(self._phases.end_selling, run_id=run.id, now=now))
            return
        next_due = await self._next_due(run) if run.slices_left > 1 else None
        now = self._services.clock.now()
        await self._write(
            partial(self._phases.end_buying, run_id=run.id, next_due=next_due, now=now)
        )

    async def _sold(self, run: Run) -> datetime | None:
        """Work out the buys from what is there now, and order them."""
        assert run.until_at is not None  # set with the state
        book = self._services.registry.books.get(run.book)
        if book is None:
            return await self._break_off(run, f"the book {run.book} has left the configuration")
        try:
            snapshot = await self._snapshot_to_buy(run, book)
        except NoSnapshotError as error:
            return await self._again_or_break_off(run, run.until_at, _spelled([error.problem]))
        settings = await self._planner.settings(book, slices=run.slices_left)
        orders, left = plan_buys(snapshot.portfolio, run.targets, settings)
        lacks_cash = any(each.reason is LeftOutReason.CASH for each in left)
        now = self._services.clock.now()
        late = snapshot.late if lacks_cash else Decimal(0)
        if late and now < run.until_at and await self._has_sold(run):
            return min(now + RETRY, run.until_at)
        buying = {
            "at": snapshot.at.isoformat(),
            "cash": to_text(snapshot.portfolio.cash),
            "buyable": to_text(snapshot.portfolio.spendable),
            "late": to_text(late),
            "prices": prices_document(snapshot),
        }
        await self._write(
            partial(
                self._phases.begin_buying,
                run_id=run.id, orders=orders, left_out=left, buying=buying, now=now,
            )
        )  # fmt: skip
        return None

    async def _snapshot_to_buy(self, run: Run, book: Book) -> Snapshot:
        """Take a snapshot in which nothing is missing that buying needs. Raises NoSnapshotError."""
        snapshot = await self._planner.snapshots.take(book, run.targets)
        weights = run.targets.weights()
        missing = [
            problem
            for problem in (*snapshot.problems, *snapshot.portfolio.problems(weights))
            if problem.ticker is None or weights.get(problem.ticker) or problem.code == "no_price"
        ]
        if missing:
            raise NoSnapshotError(missing[0])
        return snapshot

    async def _has_sold(self, run: Run) -> bool:
        trades = await self._services.persistence.read(lambda view: trades_of(view, run.id))
        return any(t.filled for t in trades if t.slice == run.slice and t.side is Side.SELL)

    async def _next_due(self, run: Run) -> datetime:
        """Return when the next slice begins: the next session, as long after its opening."""
        sessions = await self._sessions_of(run.account)
        now = self._services.clock.now()
        opens = sessions.next_open(now)
        session = sessions.session_at(run.due_at)
        if opens is None or session is None:
            return run.due_at + timedelta(days=1)
        due = opens + (run.due_at - session.open)
        coming = sessions.session_at(opens)
        return due if coming is not None and due < coming.close else opens

    async def _again_or_break_off(self, run: Run, until: datetime, reason: str) -> datetime | None:
        now = self._services.clock.now()
        return min(now + RETRY, until) if now < until else await self._break_off(run, reason)

    async def _break_off(self, run: Run, reason: str) -> datetime | None:
        """End a run that cannot go on; nothing has to be waited for then."""
        now = self._services.clock.now()

        def work(tx: Tx) -> None:
            self._phases.cancel_orders(tx, run.id, reason, now)
            self._phases.break_off(tx, run.id, reason, now)

        await self._write(work)
        return None

    async def _write(self, work: Callable[[Tx], None]) -> None:
        await self._services.persistence.write(work)


class Runners:
    """The runs of all accounts."""

    def __init__(
        self,
        services: Services,
        bus: SignalBus,
        tasks: TaskSupervisor,
        make: Callable[[AccountName], Runner],
        ready: Callable[[AccountName], Awaitable[object]],
    ) -> None:
        self._services = services
        self._tasks = tasks
        self._make = make
        self._ready = ready
        self._wakes: dict[AccountName, asyncio.Event] = {}
        bus.subscribe(RebalanceMoved, self._moved)
        bus.subscribe(NoticeRaised, self._noticed)

    async def recover(self) -> None:
        """Take up the runs that the last process left."""
        for run in await self._services.persistence.read(unfinished_runs):
            if run.state.is_active:
                self.wake(run.account)

    def wake(self, account: AccountName) -> None:
        """Look at the run of an account now."""
        wake = self._wakes.get(account)
        if wake is None:
            wake = self._wakes[account] = asyncio.Event()
            self._tasks.spawn(self._work(account, wake), name=f"rebalance of {account}")
        wake.set()

    def _moved(self, signal: RebalanceMoved) -> None:
        if signal.state.is_active:
            self.wake(signal.account)

    def _noticed(self, notice: NoticeRaised) -> None:
        """Hear that an order has ended; it may be one that a run waits for."""
        if notice.code == "order_ended" and notice.account in self._wakes:
            self._wakes[AccountName(notice.account)].set()

    async def _work(self, account: AccountName, wake: asyncio.Event) -> None:
        """Move the account's run on until none is active."""
        try:
            await self._ready(account)
            runner = self._make(account)
            faults = 0
            while True:
                wake.clear()
                try:
                    again_at = await runner.step()
                    faults = 0
                except Exception as error:
                    log.exception("account %s: its rebalance could not go on", account)
                    again_at = self._services.clock.now() + RETRY
                    faults += 1
                    if not faults % MOST_FAULTS:
                        await self._give_up(runner, error)
                if again_at is None and not wake.is_set():
                    return
                if again_at is not None:
                    await wait_until(self._services.clock, wake, again_at)
        finally:
            del self._wakes[account]

    async def _give_up(self, runner: Runner, error: Exception) -> None:
        """Alarm people. If the database does not take even that, it is tried again later."""
        try:
            await runner.give_up(error)
        except Exception:
            log.exception("a rebalance could not be broken off")


def _goes_on(run: Run) -> bool:
    """Whether a planned run has ordered before: it is needed, and was agreed to."""
    return run.slice > 1 or bool(run.tries)


def _started(run: Run) -> dict[Symbol, Decimal]:
    """Return the signed units that a run was started with."""
    orders = run.snapshot.get("orders")
    rows: Iterable[dict[str, str]] = orders if isinstance(orders, list) else ()
    return {
        Symbol(row["ticker"]): Decimal(row["quantity"]).copy_sign(
            1 if row["action"] == Side.BUY.value else -1
        )
        for row in rows
    }


def _spelled(problems: Iterable[Problem]) -> str:
    words = [f"{each.ticker}: {each.message}" if each.ticker else each.message for each in problems]
    more = len(words) - MOST_TOLD
    return "; ".join(words[:MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")


def _unconfirmed(alive: Iterable[Trade]) -> str:
    named = ", ".join(f"{trade.side.value} of {trade.ticker}" for trade in alive)
    return f"the end of these orders is not confirmed: {named}"
