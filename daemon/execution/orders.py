"""The only code that changes an order: its state, its history and what it has reserved.

Every function runs inside the writer's transaction. Three things always move together here: the
row of the order, the cash or units it sets aside in its book's position, and the line in its
history. An order that ends tells the request that wanted it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, to_text
from algorithms.domain import (
    AT_THE_CLOSE,
    FINAL_CHILDREN,
    LADDER,
    ChildState,
    Measure,
    OrderType,
    ParentStatus,
    Side,
    set_aside,
)
from algorithms.transitions import check_child, check_parent
from daemon.execution.child_rows import store_child
from daemon.notices import raise_notice
from daemon.signals import ChildMoved, LadderStirred, OrderTaken, WorkArrived
from daemon.storage.rows import (
    CHILD_ORDERS,
    PARENT_ORDERS,
    child_from_row,
    child_row,
    parent_from_row,
    parent_row,
    text_or_none,
    to_us,
    us_or_none,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal
    from typing import Protocol

    from algorithms.domain import AccountName, ChildId, ChildOrder, ParentId, ParentOrder
    from daemon.ids import IdSource
    from daemon.storage.tx import Position, SqlValue, Tx, View

    class Lots(Protocol):
        """What the daemon knows of accounts and instruments without asking a broker."""

        def currency(self, account: AccountName) -> str: ...

        def lot(self, account: AccountName, symbol: str) -> Decimal: ...

    class RequestKeeper(Protocol):
        """Hears that an order of a request has come further."""

        def parent_changed(self, tx: Tx, parent: ParentOrder, now: datetime) -> None: ...


BY_RULE = "rule:"
"""How the request ids of orders begin that a book's own rule made; no request has them."""


class UnknownOrderError(Exception):
    """There is no order with this id."""


def wanted_reserve(parent: ParentOrder, live_children: list[ChildOrder]) -> Decimal:
    """Return what a parent order must still set aside for the part no live child works.

    Cash for a buy, units for a sell. An order that has ended, or is to be cancelled, plans
    nothing more and keeps nothing.
    """
    if parent.status.is_final or parent.cancel_requested_at is not None:
        return ZERO
    if parent.measure is Measure.CASH:
        return max(parent.remain - sum((c.reserved for c in live_children), ZERO), ZERO)
    free = max(parent.remain - sum((c.leaves for c in live_children), ZERO), ZERO)
    return set_aside(parent.side, free, parent.reserve_price)


def _needs(child: ChildOrder) -> Decimal:
    """Return what an order that lives must set aside."""
    return set_aside(child.side, max(child.leaves, ZERO), child.reserve_price)


def free_quantity(parent: ParentOrder, live_children: list[ChildOrder]) -> Decimal:
    """Return the units of a quantity order that no live child works."""
    return max(parent.remain - sum((c.leaves for c in live_children), ZERO), ZERO)


class Orders:
    """Parent and child orders of all accounts."""

    def __init__(self, lots: Lots, ids: IdSource, requests: RequestKeeper) -> None:
        self._lots = lots
        self._ids = ids
        self._requests = requests

    # Reading

    def parent(self, view: View, parent_id: ParentId) -> ParentOrder:
        """Return a parent order; raise UnknownOrderError if there is none."""
        row = view.fetch_one("parent_order", id=parent_id)
        if row is None:
            raise UnknownOrderError(parent_id)
        return parent_from_row(row)

    def child(self, view: View, child_id: ChildId) -> ChildOrder:
        """Return a child order; raise UnknownOrderError if there is none."""
        row = view.fetch_one("child_order", id=child_id)
        if row is None:
            raise UnknownOrderError(child_id)
        return child_from_row(row)

    def live_children(self, view: View, parent_id: ParentId) -> list[ChildOrder]:
        """Return the children that may still fill, oldest first."""
        rows = view.fetch("live_children_of_parent", parent_id=parent_id)
        return [child_from_row(row) for row in rows]

    # Changing

    def accept(self, tx: Tx, parent: ParentOrder, row: tuple[SqlValue, ...] | None = None) -> None:
        """Store a new parent order and set aside what it needs.

        ``row`` is what ``parent_row`` makes of it, if that is known already.
        """
        tx.insert(PARENT_ORDERS, row or parent_row(parent))
        self.reserve(tx, parent, parent.reserved)
        if parent.due_at is not None:
            tx.signal(OrderTaken(parent.account, parent.symbol, parent.side, parent.due_at))

    def plan(self, tx: Tx, parent: ParentOrder, child: ChildOrder) -> ParentOrder:
        """Store a new child; what it needs moves from its parent to it.

        ``parent`` may carry changes of its schedule; they are stored with it.
        """
        tx.insert(CHILD_ORDERS, child_row(child))
        self.reserve(tx, child, child.reserved)
        if parent.status is ParentStatus.OPEN:
            parent = parent._replace(status=ParentStatus.WORKING)
            self._record(tx, parent.id, ParentStatus.OPEN, parent.status, "", child.created_at)
        return self.store_parent(tx, parent)

    def together(self, tx: Tx) -> PlannedTogether:
        """Begin to plan slices of many orders whose rows are written together."""
        return PlannedTogether(self, tx)

    def advance(
        self, tx: Tx, child: ChildOrder, now: datetime, state: ChildState, reason: str = ""
    ) -> ChildOrder:
        """Move a child to a state (or keep it), store its other changes, and follow up.

        ``child`` may carry changed fields (fills, ids, times). What an ended child did not use
        goes back to its parent, and a parent with nothing alive left is ended or goes on.
        """
        stored = self.child(tx, child.id)
        if state is not stored.state:
            check_child(stored.state, state)
            self._record(tx, child.id, stored.state, state, reason, now)
        ended = state in FINAL_CHILDREN
        child = child._replace(
            state=state,
            reason=reason or child.reason,
            reserved=ZERO if ended else _needs(child),
            ended_at=(child.ended_at or now) if ended else None,
        )
        self.reserve(tx, child, child.reserved - stored.reserved)
        child = store_child(tx, child)
        if state is not stored.state:
            tx.signal(ChildMoved(stored.state, child))
        parent = self.parent(tx, child.parent_id)
        self._after_child(tx, parent, child, now)
        return child

    def store_parent(self, tx: Tx, parent: ParentOrder) -> ParentOrder:
        """Store a parent's changed fields, and set aside what it now needs."""
        stored = self.parent(tx, parent.id)
        reserved = wanted_reserve(parent, self.live_children(tx, parent.id))
        parent = parent._replace(reserved=reserved)
        self.reserve(tx, parent, reserved - stored.reserved)
        tx.execute(
            "update_parent_order",
            id=parent.id,
            remain=to_text(parent.remain),
            reserved=to_text(parent.reserved),
            slices_left=parent.slices_left,
            status=parent.status.value,
            reason=parent.reason,
            due_at=us_or_none(parent.due_at),
            cancel_requested_at=us_or_none(parent.cancel_requested_at),
            ended_at=us_or_none(parent.ended_at),
        )
        return parent

    def end_parent(
        self, tx: Tx, parent: ParentOrder, status: ParentStatus, reason: str, now: datetime
    ) -> ParentOrder:
        """End a parent order; whatever it had set aside is free again."""
        check_parent(parent.status, status)
        self._record(tx, parent.id, parent.status, status, reason, now)
        parent = self.store_parent(
            tx,
            parent._replace(status=status, reason=reason, due_at=None, ended_at=now),
        )
        if parent.book != LADDER:
            raise_notice(
                tx,
                self._ids.new(),
                "order_ended",
                now,
                account=parent.account,
                book=parent.book,
                order=parent.id,
                symbol=parent.symbol,
                status=status.value,
                reason=reason or "complete",
            )
        self._requests.parent_changed(tx, parent, now)
        return parent

    def rescale(
        self, tx: Tx, before: ParentOrder, after: ParentOrder, reason: str, now: datetime
    ) -> ParentOrder:
        """Store an order in other units (after a split), with a line in its history."""
        tx.execute(
            "rescale_parent_order",
            id=after.id,
            total=to_text(after.total),
            limit_price=text_or_none(after.limit_price),
            stop_price=text_or_none(after.stop_price),
            reserve_price=text_or_none(after.reserve_price),
        )
        line = f"{reason}: {to_text(before.remain)} remained, now {to_text(after.remain)}"
        self._record(tx, after.id, before.status, after.status, line, now)
        return self.store_parent(tx, after)

    def request_cancel(self, tx: Tx, parent: ParentOrder, reason: str, now: datetime) -> None:
        """Cancel what has not been sent and ask for the end of what has.

        A child that was never sent ends at once. One that may be at the broker keeps its state
        until the broker confirms; its wish to be cancelled is stored and survives a restart.
        """
        if parent.status.is_final:
            return
        if parent.order_type in AT_THE_CLOSE and self._leaves_ladder(tx, parent, reason):
            return
        parent = self.store_parent(
            tx,
            parent._replace(
                cancel_requested_at=parent.cancel_requested_at or now,
                due_at=None,
                reason=parent.reason or reason,
            ),
        )
        children = self.live_children(tx, parent.id)
        for child in children:
            asked = child._replace(cancel_requested_at=child.cancel_requested_at or now)
            if child.state is ChildState.PLANNED:
                self.advance(tx, asked, now, ChildState.CANCELLED, reason)
            elif child.cancel_requested_at is None:
                store_child(tx, asked)
        if not children:
            self.end_parent(tx, parent, ParentStatus.CANCELLED, reason, now)
        tx.signal(WorkArrived(parent.account, parent.symbol))

    def _leaves_ladder(self, tx: Tx, parent: ParentOrder, reason: str) -> bool:
        """Have an order taken out of its account's LOC ladder; False if it is in none.

        It may fill until the broker has confirmed that the ladder does not have it any more.
        """
        if tx.execute("leave_ladder", parent_id=parent.id, reason=reason):
            tx.signal(LadderStirred(parent.account, parent.symbol))
            return True
        tx.execute("forget_loc_order", parent_id=parent.id)
        return False

    def begin_waiting(self, tx: Tx, parent: ParentOrder, reason: str, now: datetime) -> ParentOrder:
        """Let somebody else work an order: it wants no planning, and its request is answered."""
        self._record(tx, parent.id, parent.status, ParentStatus.WORKING, reason, now)
        parent = self.store_parent(tx, parent._replace(status=ParentStatus.WORKING, due_at=None))
        self._requests.parent_changed(tx, parent, now)
        return parent

    def _after_child(self, tx: Tx, parent: ParentOrder, child: ChildOrder, now: datetime) -> None:
        parent = self.store_parent(tx, parent)
        if child.state in FINAL_CHILDREN:
            tx.signal(WorkArrived(parent.account, parent.symbol))
            if parent.book == LADDER:
                tx.signal(LadderStirred(parent.account, parent.symbol))
            alive = self.live_children(tx, parent.id)
            if not alive and not parent.status.is_final:
                self._nothing_alive(tx, parent, child, now)
                return
            if parent.status.is_final and not parent.remain:
                self._completed_late(tx, parent, now)
        self._requests.parent_changed(tx, parent, now)

    def _nothing_alive(self, tx: Tx, parent: ParentOrder, child: ChildOrder, now: datetime) -> None:
        """Decide how a parent goes on whose last live child has ended."""
        if not parent.remain:
            self.end_parent(tx, parent, ParentStatus.DONE, "filled", now)
        elif parent.cancel_requested_at is not None:
            self.end_parent(tx, parent, ParentStatus.CANCELLED, parent.reason, now)
        elif child.state is ChildState.CANCELLED and self._rests(tx, parent):
            # Cancelled for a split: what is left is worked again, in new units, after it.
            waiting = parent.due_at if parent.order_type is OrderType.TWAP else None
            parent = self.store_parent(tx, parent._replace(due_at=waiting))
            self._requests.parent_changed(tx, parent, now)
        elif parent.order_type is OrderType.TWAP:
            if parent.slices_left == 0:
                self.end_twap(tx, parent, now, child.reserve_price)
            else:
                self._requests.parent_changed(tx, parent, now)
        elif child.state is ChildState.FILLED and not self.below_one_lot(
            parent, parent.reserve_price
        ):
            # It filled for less than was set aside: what is left buys more.
            parent = self.store_parent(tx, parent._replace(due_at=now))
            self._requests.parent_changed(tx, parent, now)
        else:
            status = {
                ChildState.REJECTED: ParentStatus.FAILED,
                ChildState.EXPIRED: ParentStatus.EXPIRED,
                ChildState.CANCELLED: ParentStatus.CANCELLED,
                ChildState.FILLED: ParentStatus.DONE,
            }[child.state]
            reason = child.reason or child.state.value
            if child.state is ChildState.FILLED:
                # Wholly filled, and yet cash remains: it buys less than one lot.
                reason = "residual_below_one_lot"
            self.end_parent(tx, parent, status, reason, now)

    def _rests(self, tx: Tx, parent: ParentOrder) -> bool:
        query = {"account": parent.account, "symbol": parent.symbol}
        return tx.fetch_one("pending_split", **query) is not None

    def end_twap(
        self, tx: Tx, parent: ParentOrder, now: datetime, unit_cost: Decimal | None = None
    ) -> None:
        """End a TWAP that has no slice left: done if less than one lot remains, else expired.

        What cash is less than one lot depends on ``unit_cost``; where that is not known, any
        cash left counts as more.
        """
        if parent.request_id.startswith(BY_RULE) and ZERO < parent.remain < parent.total:
            tx.execute("mark_partly_sold", id=parent.id)
        if self.below_one_lot(parent, unit_cost):
            self.end_parent(tx, parent, ParentStatus.DONE, "residual_below_one_lot", now)
        else:
            self.end_parent(tx, parent, ParentStatus.EXPIRED, "not filled by the last slice", now)

    def give_up(self, tx: Tx, parent: ParentOrder, now: datetime) -> None:
        """End a TWAP that gets no more slices.

        What is still at the broker is cancelled first: the order ends when that is confirmed.
        """
        parent = self.store_parent(tx, parent._replace(slices_left=0, due_at=None))
        if not self.cancel_alive(tx, parent, now):
            self.end_twap(tx, parent, now)

    def cancel_alive(self, tx: Tx, parent: ParentOrder, now: datetime) -> bool:
        """Ask for the end of what still works this parent; return whether there is anything."""
        alive = self.live_children(tx, parent.id)
        for child in alive:
            if child.cancel_at is None or child.cancel_at > now:
                tx.execute("set_cancel_at", id=child.id, cancel_at=to_us(now))
        return bool(alive)

    def below_one_lot(self, parent: ParentOrder, price: Decimal | None = None) -> bool:
        """Whether what remains cannot trade one lot (of cash: at ``price``, if known)."""
        lot = self._lots.lot(parent.account, parent.symbol)
        if parent.measure is Measure.QUANTITY:
            return parent.remain < lot
        return not parent.remain or (price is not None and parent.remain < lot * price)

    def recall_excess(self, tx: Tx, parent: ParentOrder, now: datetime) -> None:
        """Ask for the end of children that may fill more than is left of their parent.

        A late fill of an ended slice takes from what the slice after it is already working.
        """
        alive = self.live_children(tx, parent.id)
        cash = parent.measure is Measure.CASH
        working = sum((child.reserved if cash else child.leaves for child in alive), ZERO)
        if working > parent.remain:
            for child in alive:
                tx.execute("set_cancel_at", id=child.id, cancel_at=to_us(now))

    def _completed_late(self, tx: Tx, parent: ParentOrder, now: datetime) -> None:
        if parent.status is not ParentStatus.DONE:
            check_parent(parent.status, ParentStatus.DONE)
            self._record(tx, parent.id, parent.status, ParentStatus.DONE, "late fill", now)
            self.store_parent(tx, parent._replace(status=ParentStatus.DONE, reason="late fill"))

    def reserve(self, tx: Tx, order: ParentOrder | ChildOrder, change: Decimal) -> None:
        """Change what an order sets aside in its book."""
        if change:
            position = self.position_reserved(tx, order)
            position.reserved += change

    def position_reserved(self, tx: Tx, order: ParentOrder | ChildOrder) -> Position:
        """Return the position an order sets aside from: cash for a buy, units for a sell."""
        asset = self._lots.currency(order.account) if order.side is Side.BUY else str(order.symbol)
        return tx.position(order.account, order.book, asset)

    def _record(
        self,
        tx: Tx,
        order_id: str,
        old: ParentStatus | ChildState,
        new: ParentStatus | ChildState,
        reason: str,
        now: datetime,
    ) -> None:
        tx.execute("add_order_event", **_event(order_id, old, new, reason, now))


class PlannedTogether:
    """Slices of many orders, none of which has a living child.

    What they set aside changes at once, so that two orders of a book never spend the same cash;
    the rows of the orders are written at the end.
    """

    def __init__(self, orders: Orders, tx: Tx) -> None:
        self._orders = orders
        self._tx = tx
        self._changed: list[Mapping[str, SqlValue]] = []
        self._begun: list[Mapping[str, SqlValue]] = []

    def plan(self, parent: ParentOrder, child: ChildOrder, slices_left: int) -> None:
        """Plan a child, as ``Orders.plan`` does; ``slices_left`` of its parent are for later jobs.

        ``parent`` is as read.
        """
        self._tx.insert(CHILD_ORDERS, child_row(child))
        reserved = wanted_reserve(parent, [child])
        self._orders.reserve(self._tx, child, child.reserved + reserved - parent.reserved)
        if parent.status is ParentStatus.OPEN:
            self._begun.append(
                _event(parent.id, ParentStatus.OPEN, ParentStatus.WORKING, "", child.created_at)
            )
        self._changed.append(
            {
                "id": parent.id,
                "reserved": to_text(reserved),
                "slices_left": slices_left,
                "status": ParentStatus.WORKING._value_,
                "due_at": None,
            }
        )

    def store(self) -> None:
        """Write the rows."""
        self._tx.execute_many("plan_parent_order", self._changed)
        self._tx.execute_many("add_order_event", self._begun)


def _event(
    order_id: str,
    old: ParentStatus | ChildState,
    new: ParentStatus | ChildState,
    reason: str,
    now: datetime,
) -> dict[str, SqlValue]:
    return {
        "order_id": order_id,
        "at": to_us(now),
        "from_status": old._value_,
        "to_status": new._value_,
        "reason": reason,
    }
