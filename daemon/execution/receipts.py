"""What a cancel came to, order by order and account by account.

Told once in the answer of the request, and afresh whenever somebody asks: what was not confirmed
in time goes on, and its end shows here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from algorithms.domain import ChildState, ParentStatus
from daemon.execution.answers import Item, Outcome
from daemon.storage.rows import child_from_row, parent_from_row, to_us

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from algorithms.domain import ChildOrder, ParentId, ParentOrder
    from daemon.storage.tx import View

US_PER_MS = 1000
OUTCOMES = {
    ParentStatus.CANCELLED: Outcome.CANCELLED,
    ParentStatus.DONE: Outcome.FILLED_MEANWHILE,
}
"""What the end of an order means for the cancel that wanted it; any other came by itself."""
ON_THE_WAY = {
    ChildState.PLANNED: "it is about to be sent",
    ChildState.SENDING: "it is being placed, and is cancelled as soon as its fate is known",
    ChildState.UNKNOWN: "whether it was placed is not known yet",
    ChildState.OPEN: "its cancel has not been sent yet",
    ChildState.PARTIALLY_FILLED: "its cancel has not been sent yet",
    ChildState.CANCELLING: "the broker has not confirmed its end",
}
"""Why an order that is to be cancelled has not ended, by the state of what works it."""


class Phases(TypedDict):
    """Milliseconds since the request arrived; null for what has not happened.

    ``first_sent``, ``last_sent``: cancels on their way to the broker. ``confirmed``: the last
    order of the account that has ended.
    """

    first_sent: int | None
    last_sent: int | None
    confirmed: int | None


class Receipt(TypedDict):
    """One account's orders that were to be cancelled, each counted once.

    ``unknown``: not settled yet; it goes on. ``failed``: there was nothing to cancel by that name.
    """

    cancelled: int
    filled_meanwhile: int
    ended_before: int
    unknown: int
    failed: int
    phases_ms: Phases


@dataclass(frozen=True, slots=True)
class CancelReport:
    """How the cancels of a request stand: every order, and every account's sum."""

    items: list[Item]
    receipts: dict[str, Receipt]


def cancel_report(view: View, request: sqlite3.Row, known: Sequence[Item]) -> CancelReport:
    """Look at every order that a request cancels, as it stands now.

    ``known``: what could be said of some when the request came; it counts in the sums.
    """
    request_id, since = request["id"], request["received_at"]
    targets = [
        parent_from_row(row)
        for row in view.fetch("targets_of_request", request_id=request_id)
        if row["role"] == "cancel"
    ]
    children: dict[ParentId, list[ChildOrder]] = defaultdict(list)
    for row in view.fetch("children_of_request", request_id=request_id):
        child = child_from_row(row)
        children[child.parent_id].append(child)
    troubles = {
        row["child_id"]: row
        for row in view.fetch("cancel_troubles_of_request", request_id=request_id)
    }
    items = [_cancelled(parent, children[parent.id], troubles) for parent in targets]
    counts: dict[str, Counter[Outcome]] = defaultdict(Counter)
    for item in (*items, *known):
        counts[item.account][item.outcome] += 1
    confirmed: dict[str, int] = {}
    for parent in targets:
        if parent.ended_at is not None:
            last = confirmed.get(parent.account, since)
            confirmed[parent.account] = max(last, to_us(parent.ended_at))
    sent = {
        row["account"]: (row["first_sent"], row["last_sent"])
        for row in view.fetch("cancel_phases", request_id=request_id, since=since)
    }
    return CancelReport(
        items,
        {
            account: _receipt(count, since, sent.get(account), confirmed.get(account))
            for account, count in counts.items()
        },
    )


def describe(
    parent: ParentOrder,
    children: Sequence[ChildOrder],
    outcome: Outcome,
    error: str | None = None,
) -> Item:
    """Spell an order as answers do, with the broker's newest number of it."""
    broker_ids = [child.broker_order_id for child in children if child.broker_order_id]
    return Item(
        account=parent.account,
        order_id=parent.id,
        exchange_order_id=broker_ids[-1] if broker_ids else None,
        symbol=parent.symbol,
        outcome=outcome,
        error=error,
    )


def _cancelled(
    parent: ParentOrder, children: Sequence[ChildOrder], troubles: Mapping[str, sqlite3.Row]
) -> Item:
    if parent.status.is_final:
        outcome = OUTCOMES.get(parent.status, Outcome.ENDED_BEFORE)
        return describe(parent, children, outcome)
    alive = [child for child in children if not child.state.is_final]
    words = "; ".join(_hindrance(child, troubles.get(child.id)) for child in alive)
    error = f"cancel_unconfirmed: {words or 'nothing of it is sent'}; it goes on in the background"
    return describe(parent, children, Outcome.UNCONFIRMED, error)


def _hindrance(child: ChildOrder, trouble: sqlite3.Row | None) -> str:
    """Say why an order has not ended, and what was last heard of it."""
    words = ON_THE_WAY[child.state]
    if trouble is not None:
        times = trouble["attempts"]
        tried = "once" if times == 1 else f"{times} times"
        words += f" (asked {tried}, last: {trouble['said']})"
    elif child.state is ChildState.UNKNOWN and child.reason:
        words += f" ({child.reason})"
    return words


def _receipt(
    count: Counter[Outcome], since: int, sent: tuple[int, int] | None, confirmed: int | None
) -> Receipt:
    first, last = sent or (None, None)
    return {
        "cancelled": count[Outcome.CANCELLED],
        "filled_meanwhile": count[Outcome.FILLED_MEANWHILE],
        "ended_before": count[Outcome.ENDED_BEFORE],
        "unknown": count[Outcome.UNCONFIRMED],
        "failed": count[Outcome.FAILED],
        "phases_ms": {
            "first_sent": _after(since, first),
            "last_sent": _after(since, last),
            "confirmed": _after(since, confirmed),
        },
    }


def _after(since: int, at: int | None) -> int | None:
    return None if at is None else max(0, at - since) // US_PER_MS
