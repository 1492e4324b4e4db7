"""Orders that wait for a person's yes, and what becomes of them.

A waiting order is stored with its cash or units set aside, and with nothing that anybody would
work: it does not net, it is never due, it has no slice left. A yes gives it back what it had. It
waits until its market closes next; then it expires.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from algorithms.decimals import to_text
from algorithms.domain import OrderType, ParentId, ParentStatus
from daemon.notices import raise_notice
from daemon.signals import OrderTaken
from daemon.storage.rows import from_us, parent_from_row, time_or_none, to_us, us_or_none
from daemon.storage.tx import Table

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from adapters.clock import Clock
    from algorithms.domain import AccountName, ParentOrder
    from daemon.execution.orders import Orders
    from daemon.execution.persistence import Persistence
    from daemon.ids import IdSource
    from daemon.storage.tx import Tx, View

WAITING = "waits for approval"
LONGEST_WAIT = timedelta(days=1)
"""Where the next close is not known."""
EXPIRE_EVERY = timedelta(seconds=30)

APPROVALS = Table(
    "approvals", ("order_id", "nets", "due_at", "expires_at", "decision", "decided_at")
)


class Answer(StrEnum):
    """What a person, or time, said."""

    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


_NOTICES = {Answer.APPROVED: "order_approved", Answer.REJECTED: "order_not_approved"}


class _Approval(NamedTuple):
    """What an order had before it was held back."""

    nets: bool
    due_at: datetime | None


class NotWaitingError(Exception):
    """The order does not wait for approval; the message says what it does."""


class Approvals:
    """Holds orders back and lets them go. ``next_close`` is that of an account's market."""

    def __init__(
        self,
        *,
        clock: Clock,
        persistence: Persistence,
        orders: Orders,
        ids: IdSource,
        next_close: Callable[[AccountName, datetime], datetime | None],
        slices_left: Callable[[AccountName], Awaitable[int]],
    ) -> None:
        self._clock = clock
        self._persistence = persistence
        self._orders = orders
        self._ids = ids
        self._next_close = next_close
        self._slices_left = slices_left

    def hold(self, tx: Tx, parent: ParentOrder, now: datetime) -> ParentOrder:
        """Store a new order that waits; return it as it is stored."""
        expires = self._next_close(parent.account, now) or now + LONGEST_WAIT
        held = parent._replace(nets=False, due_at=None, slices_left=0, reason=WAITING)
        self._orders.accept(tx, held)
        row = (parent.id, int(parent.nets), us_or_none(parent.due_at), to_us(expires), None, None)
        tx.insert(APPROVALS, row)
        self._tell(
            tx, "approval_wanted", held, now,
            side=held.side.value, kind=held.kind.value, total=to_text(held.total),
            measure=held.measure.value, until=expires.isoformat(timespec="minutes"),
        )  # fmt: skip
        return held

    async def approve(self, order_id: str) -> None:
        """Let an order be worked. Raises UnknownOrderError, NotWaitingError."""
        parent = await self._persistence.read(
            lambda view: self._orders.parent(view, ParentId(order_id))
        )
        left = await self._slices_left(parent.account)
        now = self._clock.now()
        await self._persistence.write(lambda tx: self._release(tx, parent.id, left, now))

    async def reject(self, order_id: str) -> None:
        """End an order that waits. Raises UnknownOrderError, NotWaitingError."""
        now = self._clock.now()

        def end(tx: Tx) -> None:
            parent, _ = self._waiting(tx, ParentId(order_id), now)
            self._decide(tx, parent, Answer.REJECTED, now)
            self._orders.end_parent(tx, parent, ParentStatus.CANCELLED, "not approved", now)

        await self._persistence.write(end)

    async def expire(self) -> None:
        """End the orders whose time to be approved is over."""
        now = self._clock.now()

        def due(view: View) -> list[ParentOrder]:
            return [parent_from_row(row) for row in view.fetch("approvals_due", now=to_us(now))]

        if not await self._persistence.read(due):
            return

        def end(tx: Tx) -> None:
            for parent in due(tx):
                self._decide(tx, parent, Answer.EXPIRED, now)
                if not parent.status.is_final:
                    why = "not approved in time"
                    self._orders.end_parent(tx, parent, ParentStatus.EXPIRED, why, now)

        await self._persistence.write(end)

    def _release(self, tx: Tx, order_id: ParentId, left: int, now: datetime) -> None:
        """Give an order back what it had: it nets, it is due, its slices are those still left."""
        parent, approval = self._waiting(tx, order_id, now)
        self._decide(tx, parent, Answer.APPROVED, now)
        slices_left = parent.slices
        due_at: datetime | None = max(approval.due_at or now, now)
        if parent.order_type is OrderType.TWAP and parent.deadline is None:
            # Worked at the twap jobs that are left on this day; without any, at once.
            slices_left = min(parent.slices, max(left, 1))
            due_at = None if left else now
        tx.execute(
            "release_order",
            id=parent.id,
            nets=int(approval.nets),
            due_at=us_or_none(due_at),
            slices_left=slices_left,
        )
        tx.signal(OrderTaken(parent.account, parent.symbol, parent.side, now))

    def _waiting(
        self, view: View, order_id: ParentId, now: datetime
    ) -> tuple[ParentOrder, _Approval]:
        parent = self._orders.parent(view, order_id)
        row = view.fetch_one("approval", order_id=order_id)
        if row is None:
            raise NotWaitingError(f"order {order_id} needs no approval; it is {parent.status}")
        if row["decision"] is not None:
            raise NotWaitingError(f"order {order_id} was {row['decision']} before")
        if parent.status.is_final:
            raise NotWaitingError(f"order {order_id} has ended: {parent.status}, {parent.reason}")
        if from_us(row["expires_at"]) <= now:
            raise NotWaitingError(f"order {order_id} had to be approved earlier")
        return parent, _Approval(bool(row["nets"]), time_or_none(row["due_at"]))

    def _decide(self, tx: Tx, parent: ParentOrder, answer: Answer, now: datetime) -> None:
        tx.execute("decide_approval", order_id=parent.id, decision=answer.value, now=to_us(now))
        if answer in _NOTICES:
            self._tell(tx, _NOTICES[answer], parent, now)

    def _tell(self, tx: Tx, code: str, parent: ParentOrder, now: datetime, **params: str) -> None:
        raise_notice(
            tx, self._ids.new(), code, now, account=parent.account, book=parent.book,
            order=parent.id, symbol=parent.symbol, **params,
        )  # fmt: skip
