"""``GET /api/orders/{id}``: one order from the request to its end, with every time on the way."""

# ruff: noqa: TC001 - pydantic reads annotations when the program runs

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, cast

from typing_extensions import TypedDict

from daemon.api.columns import Columns
from daemon.api.items import ChildItem, FillItem, OrderItem, PairItem
from daemon.api.wire import Time
from daemon.execution.answers import RequestStatus
from daemon.storage.rows import from_us

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from daemon.storage.tx import SqlValue

LIFE_QUERIES = (
    "order",
    "children",
    "fills_of_order",
    "pairs_of_order",
    "changes_of_order",
    "request_of_order",
)

PhaseName = Literal[
    "received",
    "stored",
    "crossed",
    "planned",
    "sent",
    "acknowledged",
    "first_fill",
    "last_fill",
    "booked",
    "cancel",
    "ended",
]


class RequestRow(TypedDict):
    """The request an order came from. ``source``: who brought it."""

    id: str
    strategy: str
    source: str
    status: RequestStatus
    http_status: int | None
    received_at: Time
    finished_at: Time | None


class Change(TypedDict):
    """One change of the order or of one of its children."""

    order_id: str
    at: Time
    from_status: str
    to_status: str
    reason: str


class Phase(TypedDict):
    """A point the order reached. ``after_ms``: milliseconds since the first one."""

    phase: PhaseName
    at: Time
    after_ms: int


class OrderLife(OrderItem):
    """A parent order with everything that belongs to it; each list begins with the oldest."""

    request: RequestRow | None
    children: list[ChildItem]
    fills: list[FillItem]
    pairs: list[PairItem]
    changes: list[Change]
    phases: list[Phase]


class Fetch(Protocol):
    """Asks one consistent state of the database a named query."""

    def __call__(self, query: str, **values: SqlValue) -> list[sqlite3.Row]: ...


_ORDER, _REQUEST, _CHANGE = Columns(OrderItem), Columns(RequestRow), Columns(Change)
_CHILD, _FILL, _PAIR = Columns(ChildItem), Columns(FillItem), Columns(PairItem)


def order_life(fetch: Fetch, order_id: str) -> OrderLife | None:
    """Tell the life of a parent order, found by its id or a child's; None if there is none."""
    found = next(iter(fetch("order", id=order_id)), None)
    if found is None:
        return None
    parent_id = found["id"]
    request = next(iter(fetch("request_of_order", id=found["request_id"])), None)
    children = fetch("children", id=parent_id)
    fills = fetch("fills_of_order", id=parent_id)
    pairs = fetch("pairs_of_order", id=parent_id)
    life = {
        **_ORDER.item(found),
        "request": None if request is None else _REQUEST.item(request),
        "children": list(map(_CHILD.item, children)),
        "fills": list(map(_FILL.item, fills)),
        "pairs": list(map(_PAIR.item, pairs)),
        "changes": list(map(_CHANGE.item, fetch("changes_of_order", id=parent_id))),
        "phases": _phases(found, request, children, fills, pairs),
    }
    return cast("OrderLife", life)


def _phases(
    order: sqlite3.Row,
    request: sqlite3.Row | None,
    children: list[sqlite3.Row],
    fills: list[sqlite3.Row],
    pairs: list[sqlite3.Row],
) -> list[Phase]:
    filled = [row["at"] for row in fills]
    reached: dict[PhaseName, int | None] = {
        "received": None if request is None else request["received_at"],
        "stored": order["created_at"],
        "crossed": _first(pair["at"] for pair in pairs),
        "planned": _first(child["created_at"] for child in children),
        "sent": _first(child["sent_at"] for child in children),
        "acknowledged": _first(child["acknowledged_at"] for child in children),
        "first_fill": _first(filled),
        "last_fill": max(filled, default=None),
        "booked": max((row["booked_at"] for row in fills), default=None),
        "cancel": order["cancel_requested_at"],
        "ended": order["ended_at"],
    }
    times = {phase: at for phase, at in reached.items() if at is not None}
    start = min(times.values())
    return [
        {"phase": phase, "at": from_us(at).isoformat(), "after_ms": (at - start) // 1000}
        for phase, at in sorted(times.items(), key=lambda each: each[1])
    ]


def _first(times: Iterable[int | None]) -> int | None:
    return min((at for at in times if at is not None), default=None)
