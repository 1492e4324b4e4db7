"""A request from its storing to its final answer.

A request (a webhook, later an order by hand) is stored before anything is done for it and ends
with exactly one answer, which whoever repeats it gets again. Placing is settled when each of its
orders is acknowledged, refused or final; cancelling when each of its targets has ended, or at its
deadline, when what is left goes on in the background.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import orjson

from algorithms.domain import OrderType, ParentId, ParentStatus
from daemon.execution import answers
from daemon.execution.answers import Item, Outcome, RequestStatus
from daemon.execution.receipts import cancel_report, describe
from daemon.signals import RequestSettled
from daemon.storage.rows import child_from_row, parent_from_row, to_us, us_or_none
from daemon.storage.tx import Table

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from algorithms.domain import ChildOrder, ParentOrder
    from daemon.execution.answers import Answer
    from daemon.storage.tx import Tx, View

REQUESTS = Table(
    "requests",
    (
        "id",
        "strategy",
        "source",
        "dedup_key",
        "body_hash",
        "body",
        "cancels",
        "unworked",
        "refusals",
        "received_at",
        "status",
        "deadline",
        "http_status",
        "answer",
        "finished_at",
    ),
)
TARGETS = Table("request_targets", ("request_id", "parent_id", "role"))

Role = Literal["place", "cancel"]


class NewRequest(NamedTuple):
    """A request as it arrives. ``body`` is what was sent, without its secrets.

    ``cancels``: it asks for cancels. ``unworked``: it asks for orders that are not placed in the
    same transaction, because a cancel or a price has to be waited for.
    """

    id: str
    strategy: str
    source: str
    dedup_key: str
    body_hash: bytes
    body: str
    warnings: tuple[str, ...]
    cancels: bool
    unworked: bool
    deadline: datetime | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class CancelsConfirmed:
    """The cancels of a request have ended, or their time is over: its orders may follow."""

    request_id: str


class Requests:
    """Outcomes of requests; every function runs in the writer's transaction."""

    def store(
        self,
        tx: Tx,
        request: NewRequest,
        *,
        targets: Sequence[tuple[ParentId, Role]],
        refusals: Sequence[Item],
        answer: Answer | None,
    ) -> None:
        """Store a request together with what it started, and its answer if that is known.

        ``refusals`` are the parts of the answer that are known already and will not change.
        """
        if answer is not None:
            status = answer.status
        else:
            status = RequestStatus.STORED if request.unworked else RequestStatus.WORKING
        received_us = to_us(request.received_at)
        tx.insert(
            REQUESTS,
            (
                request.id,
                request.strategy,
                request.source,
                request.dedup_key,
                request.body_hash,
                request.body,
                int(request.cancels),
                int(request.unworked),
                _refusals_text(refusals),
                received_us,
                status._value_,
                us_or_none(request.deadline),
                answer.http_status if answer else None,
                answer.body.decode() if answer else None,
                received_us if answer else None,
            ),
        )
        for parent_id, role in targets:
            tx.insert(TARGETS, (request.id, parent_id, role))

    def worked(
        self,
        tx: Tx,
        request_id: str,
        *,
        targets: Sequence[ParentId],
        refusals: Sequence[Item],
        now: datetime,
    ) -> None:
        """Record the orders of a request that had to wait; settle it if they are settled."""
        row = tx.fetch_one("unfinished_request", id=request_id)
        if row is None:
            return
        for parent_id in targets:
            tx.insert(TARGETS, (request_id, parent_id, "place"))
        tx.execute(
            "begin_request",
            id=request_id,
            status=RequestStatus.WORKING.value,
            refusals=_refusals_text([*_refusals(row["refusals"]), *refusals]),
        )
        self.settle(tx, request_id, now)

    def parent_changed(self, tx: Tx, parent: ParentOrder, now: datetime) -> None:
        """Settle what only waited for this order."""
        for row in tx.fetch("unfinished_requests_of_parent", parent_id=parent.id):
            request_id, role = row["request_id"], row["role"]
            if not self._is_settled(tx, parent, role):
                continue
            if self._waits_for_another(tx, request_id, role, parent.id):
                tx.execute("close_target", request_id=request_id, parent_id=parent.id)
            else:
                self.settle(tx, request_id, now)

    def _is_settled(self, view: View, parent: ParentOrder, role: Role) -> bool:
        if role == "cancel":
            return parent.status.is_final
        return self._place_item(view, parent) is not None

    def _waits_for_another(self, tx: Tx, request_id: str, role: Role, parent_id: ParentId) -> bool:
        """Whether another order of the request is not settled; looks at as few as possible.

        Not every order tells when it is settled, so one that seems open is looked at. Each is so
        once at most: a request may be about thousands.
        """
        target = {"request_id": request_id, "role": role, "parent_id": parent_id}
        while (row := tx.fetch_one("open_target", **target)) is not None:
            other = parent_from_row(_only(tx.fetch_one("parent_order", id=row["parent_id"])))
            if not self._is_settled(tx, other, role):
                return True
            tx.execute("close_target", request_id=request_id, parent_id=other.id)
        return False

    def settle(self, tx: Tx, request_id: str, now: datetime) -> None:
        """Finish a request whose orders have all come far enough.

        Its cancels have time until the deadline; what is not confirmed by then is reported so.
        """
        row = tx.fetch_one("unfinished_request", id=request_id)
        if row is None:
            return
        late = row["deadline"] is not None and to_us(now) >= row["deadline"]
        if row["cancels"]:
            tx.execute("close_ended_cancels", request_id=request_id)
            waiting = {"request_id": request_id, "role": "cancel", "parent_id": ""}
            if not late and tx.fetch_one("open_target", **waiting) is not None:
                return
            tx.signal(CancelsConfirmed(request_id))
        if row["unworked"]:
            return
        placed = self._placed(tx, request_id)
        if placed is None:
            return
        refusals, warnings = _refusals(row["refusals"]), _warnings(row["body"])
        if not row["cancels"]:
            answer = answers.build(request_id, [*refusals, *placed], warnings)
        else:
            report = cancel_report(tx, row, refusals)
            items = [*refusals, *report.items, *placed]
            answer = answers.build(request_id, items, warnings, report.receipts)
        self.finish(tx, answer, request_id, now)

    def _placed(self, tx: Tx, request_id: str) -> list[Item] | None:
        """Describe the orders a request placed, or return None while the fate of one is open."""
        targets = [
            target
            for target in tx.fetch("targets_of_request", request_id=request_id)
            if target["role"] == "place"
        ]
        items = [self._place_item(tx, parent_from_row(target)) for target in targets]
        settled = [item for item in items if item is not None]
        if len(settled) == len(items):
            return settled
        for target, item in zip(targets, items, strict=True):
            if item is not None and target["is_open"]:
                tx.execute("close_target", request_id=request_id, parent_id=target["id"])
        return None

    def finish(self, tx: Tx, answer: Answer, request_id: str, now: datetime) -> None:
        """Store the final answer and tell whoever waits for it."""
        tx.execute(
            "finish_request",
            id=request_id,
            status=answer.status.value,
            http_status=answer.http_status,
            answer=answer.body.decode(),
            finished_at=to_us(now),
        )
        tx.signal(RequestSettled(request_id, answer.http_status, answer.body))

    def _place_item(self, view: View, parent: ParentOrder) -> Item | None:
        """Describe a placed order, or return None while its fate is open."""
        children = self._children(view, parent)
        acknowledged = [child for child in children if child.acknowledged_at is not None]
        came_through = (
            parent.order_type is OrderType.TWAP
            or bool(acknowledged)
            or parent.remain != parent.total
            or (parent.status is ParentStatus.WORKING and not children)  # a ladder works it
        )
        refused = parent.status is ParentStatus.FAILED and parent.remain == parent.total
        if (came_through and not refused) or parent.status is ParentStatus.DONE:
            return describe(parent, children, Outcome.ACCEPTED)
        if parent.status.is_final:
            return describe(parent, children, Outcome.FAILED, parent.reason or parent.status.value)
        return None

    def _children(self, view: View, parent: ParentOrder) -> list[ChildOrder]:
        rows = view.fetch("children_of_parent", parent_id=parent.id)
        return [child_from_row(row) for row in rows]


def cancel_standing(view: View, request_id: str) -> Answer | None:
    """Say how the cancels of a request stand now; None if no request of this id cancels."""
    row = view.fetch_one("request", id=request_id)
    if row is None or not row["cancels"]:
        return None
    refusals = _refusals(row["refusals"])
    report = cancel_report(view, row, refusals)
    items = [*refusals, *report.items]
    return answers.build(request_id, items, _warnings(row["body"]), report.receipts)


def _only(row: sqlite3.Row | None) -> sqlite3.Row:
    assert row is not None  # a target is stored with its order
    return row


def _refusals_text(refusals: Sequence[Item]) -> str:
    if not refusals:
        return "[]"
    return orjson.dumps([asdict(item) for item in refusals]).decode()


def _refusals(text: str) -> list[Item]:
    return [Item(**raw | {"outcome": Outcome(raw["outcome"])}) for raw in orjson.loads(text)]


def _warnings(body: str) -> list[str]:
    warnings: list[str] = orjson.loads(body).get("warnings", [])
    return warnings
