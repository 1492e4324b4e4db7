"""The steps of a run, each one transaction: what changes of it, and the orders that go with it.

A step first looks whether the run still stands where it is to begin, so doing one twice, or after
a person has stopped the run, does nothing. Orders are stored in the transaction that moves the
run on: there is no moment at which a restart could order again what was ordered.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from algorithms.decimals import HUNDRED, ONE, ZERO, floor_to, multiply, to_text
from algorithms.domain import Kind, Measure, OrderType, ParentOrder, ParentStatus, Side
from algorithms.rebalancing.states import (
    RunState,
    after_buying,
    broken_off,
    check_run,
    resumed,
)
from daemon.execution.services import KnownLots
from daemon.notices import raise_notice
from daemon.rebalancing.planner import forbidden
from daemon.rebalancing.report import report
from daemon.rebalancing.runs import (
    Run,
    Trade,
    find_run,
    left_rows,
    plan_trades,
    save_run,
    trades_of,
)
from daemon.storage.rows import EPOCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from algorithms.rebalancing.orders import LeftOut, Order
    from daemon.execution.services import Services
    from daemon.registry import Book
    from daemon.storage.tx import Tx

CANCELLED = "cancelled by a person"
CONFIRMED_WITHIN = timedelta(minutes=2)
"""How long a run waits for the confirmed end of orders it has cancelled, before it stops."""
MOST_TRIES = 3
"""How often a run, or a day of it, orders anew what never reached the broker."""


class Phases:
    """Moves runs on, inside the writer's transaction."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lots = KnownLots(services.current, services.market)

    @property
    def timeout(self) -> timedelta:
        """How long orders have to fill."""
        config = self._services.current.setup.config.rebalancing
        return timedelta(seconds=float(config.sell_timeout_seconds))

    def replan(
        self, tx: Tx, run_id: str, orders: Sequence[Order], snapshot: Mapping[str, object],
        left_out: Iterable[LeftOut], now: datetime,
    ) -> None:  # fmt: skip
        """Put newer trades in the place of those that were not ordered yet."""
        run = self._at(tx, run_id, RunState.PLANNED)
        if run is None:
            return
        run = replace(run, snapshot=snapshot, planned_at=now, updated_at=now)
        run = _with_left(replace(run, outcome=_without_left(run)), left_rows(left_out))
        plan_trades(tx, run, orders)
        save_run(tx, run)

    def begin_selling(self, tx: Tx, run_id: str, now: datetime) -> None:
        """Order every planned sell; what is free no more is left out."""
        run = self._at(tx, run_id, RunState.PLANNED)
        book = None if run is None else self._book(tx, run, now)
        if run is None or book is None:
            return
        ordered = 0
        for trade in trades_of(tx, run.id):
            if trade.order is not None or trade.side is not Side.SELL:
                continue
            free = tx.position(run.account, run.book, trade.ticker).free
            lot = self._lots.lot(run.account, trade.ticker)
            units = floor_to(max(min(trade.quantity, free), ZERO), lot)
            if units < trade.quantity:
                missing = _left(trade, trade.quantity - units, "not_sellable")
                run = _with_left(run, [missing])
            if units:
                self._order(tx, run, book, trade, units, now)
                ordered += 1
        state = RunState.SELLING if ordered else RunState.SOLD
        if not run.tries:
            self._tell(tx, "rebalance_begun", run, now, sells=str(ordered), slices=_day(run))
        run = replace(run, planned_at=now)
        self._move(tx, run, state, now, until_at=now + self.timeout)

    def end_selling(self, tx: Tx, run_id: str, now: datetime) -> None:
        """Go on to buying when every sell is final; what never arrived is planned anew first."""
        run = self._at(tx, run_id, RunState.SELLING)
        trades = [] if run is None else trades_of(tx, run.id)
        if run is None or any(trade.is_alive for trade in trades):
            return
        if run.cancelled_at is not None:
            self.break_off(tx, run.id, CANCELLED, now)
            return
        again = self._again(tx, run, _last(run, trades), now)
        if again is not None:
            again = replace(again, planned_at=EPOCH, due_at=now)
            self._move(tx, again, RunState.PLANNED, now, until_at=None)
            return
        self._move(tx, run, RunState.SOLD, now, until_at=now + self.timeout)

    def begin_buying(
        self, tx: Tx, run_id: str, orders: Sequence[Order], left_out: Iterable[LeftOut],
        buying: Mapping[str, object], now: datetime,
    ) -> None:  # fmt: skip
        """Order the buys; what the book's cash does not pay for any more is left out."""
        run = self._at(tx, run_id, RunState.SOLD)
        book = None if run is None else self._book(tx, run, now)
        if run is None or book is None:
            return
        run = replace(run, snapshot={**run.snapshot, "buying": buying}, planned_at=now)
        run = replace(run, outcome={**_without_left(run), "left": _sells_left(run)})
        run = _with_left(run, left_rows(left_out))
        plan_trades(tx, run, orders)
        for trade in trades_of(tx, run.id):
            if trade.order is not None:
                continue
            units = self._affordable(tx, book, trade)
            if units < trade.quantity:
                run = _with_left(run, [_left(trade, trade.quantity - units, "cash")])
            if units:
                self._order(tx, run, book, trade, units, now)
        # Without a buy it is over at once: whoever called sees every order final.
        self._move(tx, run, RunState.BUYING, now, until_at=now + self.timeout)

    def end_buying(self, tx: Tx, run_id: str, next_due: datetime | None, now: datetime) -> None:
        """Say what the run has come to when every buy is final; go on with the next slice."""
        run = self._at(tx, run_id, RunState.BUYING)
        trades = [] if run is None else trades_of(tx, run.id)
        if run is None or any(trade.is_alive for trade in trades):
            return
        last = _last(run, trades)
        unfilled = [t for t in last if t.order is not None and t.order.status is not _COMPLETE]
        if run.cancelled_at is not None and (unfilled or run.slices_left > 1):
            self.break_off(tx, run.id, CANCELLED, now)
            return
        again = self._again(tx, run, last, now)
        if again is not None:
            self._move(tx, again, RunState.SOLD, now, until_at=now + self.timeout)
            return
        self._end_slice(tx, run, trades, unfilled, next_due, now)

    def _end_slice(
        self, tx: Tx, run: Run, trades: Sequence[Trade], unfilled: Sequence[Trade],
        next_due: datetime | None, now: datetime,
    ) -> None:  # fmt: skip
        """Say where a run ends whose buys are final."""
        mine = [trade for trade in trades if trade.slice == run.slice]
        run = replace(run, outcome={**run.outcome, **report(tx, self._services, run, trades)})
        late = _late(run)
        state = after_buying(
            sold=any(trade.filled for trade in mine if trade.side is Side.SELL),
            bought=any(trade.filled for trade in mine if trade.side is Side.BUY),
            ordered=bool(mine),
            missing=bool(unfilled) or late != "0",
        )
        reason = _why(unfilled, late)
        if state is RunState.STOPPED:
            self._stop(tx, run, reason, now)
        elif state is RunState.FAILED:
            ended = [t.order for t in mine if t.order is not None]
            why = "; ".join(sorted({order.reason for order in ended if order.reason}))
            self._fail(tx, run, f"no order filled: {why or 'nothing could be ordered'}", now)
        elif next_due is not None and run.slices_left > 1:
            rest = {key: value for key, value in run.outcome.items() if key != "tries"}
            run = replace(run, slice=run.slice + 1, due_at=next_due, outcome=rest)
            self._tell(
                tx, "rebalance_goes_on", run, now, slices=_day(run), begins=next_due.isoformat()
            )
            self._move(tx, run, RunState.PLANNED, now, until_at=None)
        else:
            self._finish(tx, run, reason, now)

    def cancel_orders(self, tx: Tx, run_id: str, reason: str, now: datetime) -> None:
        """Ask for the end of every order of a run that may still trade."""
        for trade in trades_of(tx, run_id):
            if trade.is_alive and trade.order is not None:
                self._services.orders.request_cancel(tx, trade.order, reason, now)

    def break_off(self, tx: Tx, run_id: str, reason: str, now: datetime) -> None:
        """End a run that cannot go on: alarmed if it has sold, or an order may still trade."""
        run = find_run(tx, run_id)
        if run is None or not run.state.is_active:
            return
        trades = [each for each in trades_of(tx, run.id) if each.slice == run.slice]
        state = broken_off(
            sold=any(each.filled for each in trades if each.side is Side.SELL),
            alive=any(each.is_alive for each in trades),
        )
        if state is RunState.STOPPED:
            self._stop(tx, run, reason, now)
        else:
            self._fail(tx, run, reason, now)

    def expire(self, tx: Tx, run_id: str, reason: str, now: datetime) -> None:
        """End a planned run that is needed no more."""
        run = self._at(tx, run_id, RunState.PLANNED)
        if run is not None:
            self._finish(tx, run, reason, now)

    def cancel(self, tx: Tx, run: Run, now: datetime) -> None:
        """End a run because a person says so; what is at the broker is cancelled first."""
        self.cancel_orders(tx, run.id, CANCELLED, now)
        if run.state is RunState.STOPPED:
            self._fail(tx, run, f"given up by a person; it was stopped: {run.reason}", now)
        elif any(trade.is_alive for trade in trades_of(tx, run.id)):
            save_run(tx, replace(run, cancelled_at=run.cancelled_at or now, updated_at=now))
        else:
            self.break_off(tx, run.id, CANCELLED, now)

    def resume(self, tx: Tx, run: Run, now: datetime) -> None:
        """Let a stopped run go on with what is there."""
        alive = {trade.side for trade in trades_of(tx, run.id) if trade.is_alive}
        state = resumed(selling=Side.SELL in alive, buying=Side.BUY in alive)
        run = replace(run, reason="", cancelled_at=None, outcome={})
        self._tell(tx, "rebalance_resumed", run, now)
        self._move(tx, run, state, now, until_at=now + self.timeout)

    # Inside a step

    def _at(self, tx: Tx, run_id: str, state: RunState) -> Run | None:
        run = find_run(tx, run_id)
        return run if run is not None and run.state is state else None

    def _again(self, tx: Tx, run: Run, last: Sequence[Trade], now: datetime) -> Run | None:
        """Return the run as it goes back to order anew what never reached the broker, or None."""
        lost = [trade for trade in last if trade.never_arrived]
        if not lost or run.tries >= MOST_TRIES:
            return None
        self._tell(tx, "rebalance_again", run, now, orders=str(len(lost)))
        return replace(run, outcome={**run.outcome, "tries": run.tries + 1})

    def _book(self, tx: Tx, run: Run, now: datetime) -> Book | None:
        """Return the book that may order now; None, and the run has ended, if it may not."""
        book = self._services.registry.books.get(run.book)
        if book is None or book.account.name != run.account:
            reason: str | None = f"the book {run.book} has left the configuration"
        else:
            reason = forbidden(self._services, book)
        if reason is None:
            return book
        self.break_off(tx, run.id, reason, now)
        return None

    def _affordable(self, tx: Tx, book: Book, trade: Trade) -> Decimal:
        """Units of a buy that the book's free cash pays for; other orders may have taken of it."""
        free = tx.position(book.account.name, book.name, book.account.currency).free
        lot = self._lots.lot(book.account.name, trade.ticker)
        if multiply(trade.quantity, _unit_cost(book, trade)) <= free:
            return trade.quantity
        lots = max(free, ZERO) // multiply(_unit_cost(book, trade), lot)
        return multiply(lots, lot)

    def _order(
        self, tx: Tx, run: Run, book: Book, trade: Trade, units: Decimal, now: datetime
    ) -> None:
        """Store the order of a trade."""
        buys = trade.side is Side.BUY
        unit_cost = _unit_cost(book, trade) if buys else None
        parent = ParentOrder(
            id=self._services.ids.parent(),
            request_id=run.request_id,
            created_at=now,
            due_at=now,
            deadline=None,
            strategy=book.strategy,
            account=run.account,
            book=run.book,
            symbol=trade.ticker,
            side=trade.side,
            kind=Kind.BUY if buys else Kind.SELL,
            order_type=OrderType.LIMIT,
            measure=Measure.QUANTITY,
            total=units,
            remain=units,
            reserved=units if unit_cost is None else multiply(units, unit_cost),
            reserve_price=unit_cost,
            limit_price=trade.limit,
            stop_price=None,
            nets=book.nets,
            slices=1,
            slices_left=1,
            status=ParentStatus.OPEN,
            reason="",
            cancel_requested_at=None,
            ended_at=None,
        )
        self._services.orders.accept(tx, parent)
        tx.execute(
            "order_rebalancing_trade",
            run_id=run.id,
            number=trade.number,
            parent_id=parent.id,
            quantity=to_text(units),
        )

    def _stop(self, tx: Tx, run: Run, reason: str, now: datetime) -> None:
        self._tell(tx, "rebalance_stopped", run, now, reason=reason)
        run = replace(run, reason=reason, alarmed_at=now)
        self._move(tx, run, RunState.STOPPED, now, until_at=None)

    def _fail(self, tx: Tx, run: Run, reason: str, now: datetime) -> None:
        self._tell(tx, "rebalance_failed", run, now, reason=reason)
        run = replace(run, reason=reason, ended_at=now)
        self._move(tx, run, RunState.FAILED, now, until_at=None)

    def _finish(self, tx: Tx, run: Run, reason: str, now: datetime) -> None:
        beyond = run.outcome.get("beyond")
        if beyond or reason:
            words = reason or "not every weight is within its tolerance"
            self._tell(tx, "rebalance_incomplete", run, now, reason=words)
        else:
            error = str(run.outcome.get("tracking_error", "0"))
            self._tell(tx, "rebalance_done", run, now, tracking_error=error)
        run = replace(run, reason=reason, ended_at=now)
        self._move(tx, run, RunState.DONE, now, until_at=None)

    def _move(
        self, tx: Tx, run: Run, state: RunState, now: datetime, *, until_at: datetime | None
    ) -> None:
        check_run(run.state, state)
        save_run(tx, replace(run, state=state, until_at=until_at, updated_at=now))

    def _tell(self, tx: Tx, code: str, run: Run, now: datetime, **params: str) -> None:
        raise_notice(
            tx, self._services.ids.new(), code, now,
            account=run.account, book=run.book, run=run.id, **params,
        )  # fmt: skip


_COMPLETE = ParentStatus.DONE


def _last(run: Run, trades: Sequence[Trade]) -> list[Trade]:
    """Return the trades whose orders were made together, last."""
    return [t for t in trades if t.order is not None and t.order.created_at == run.planned_at]


def _unit_cost(book: Book, trade: Trade) -> Decimal:
    """Cash that a unit of a buy takes at its limit, fee included."""
    return multiply(trade.limit, ONE + book.account.commission_percent / HUNDRED)


def _with_left(run: Run, rows: list[dict[str, object]]) -> Run:
    """Remember what is not ordered."""
    if not rows:
        return run
    before = run.outcome.get("left")
    left = [*(before if isinstance(before, list) else []), *rows]
    return replace(run, outcome={**run.outcome, "left": left})


def _without_left(run: Run) -> dict[str, object]:
    return {key: value for key, value in run.outcome.items() if key != "left"}


def _sells_left(run: Run) -> list[object]:
    """What was not sold; what is not bought is worked out anew each time."""
    left = run.outcome.get("left")
    return [row for row in left if row["action"] == "sell"] if isinstance(left, list) else []


def _left(trade: Trade, units: Decimal, reason: str) -> dict[str, object]:
    return {
        "ticker": trade.ticker,
        "action": trade.side.value,
        "quantity": to_text(units),
        "reason": reason,
    }


def _why(unfilled: Sequence[Trade], late: str) -> str:
    """Say what was not bought that was to be."""
    reasons = [
        f"{trade.ticker}: {to_text(trade.quantity - trade.filled)} of "
        f"{to_text(trade.quantity)} not bought"
        + (f" ({trade.order.reason})" if trade.order is not None and trade.order.reason else "")
        for trade in unfilled
    ]
    if late != "0":
        reasons.append(f"the broker does not let {late} of the book's cash be spent yet")
    return "; ".join(reasons)


def _late(run: Run) -> str:
    """Cash that was missing for buys and that the broker did not let be spent."""
    buying = run.snapshot.get("buying")
    return str(buying.get("late", "0")) if isinstance(buying, dict) else "0"


def _day(run: Run) -> str:
    return f"{run.slice} of {run.slices}"
