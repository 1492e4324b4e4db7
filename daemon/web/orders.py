"""Orders: what lives, what was, and the life of one from the request to the last fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from multidict import MultiDict

from algorithms.domain import ParentStatus, Side
from daemon.api.operation import Parameter
from daemon.execution.approvals import WAITING
from daemon.jobs.office import Timetables
from daemon.web.page import Page, narrowed, next_page
from daemon.web.slices import slices_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.api.order_life import Phase
    from daemon.web.page import Sources, Visit
    from daemon.web.totals import Totals

LIVE_MAX = 200
LIMIT = 50
FILTERS = ("account", "book", "strategy", "symbol", "side", "status")


@dataclass(frozen=True, slots=True)
class Step:
    """A phase with the time since the one before. ``begins``, ``takes``: percent of the whole."""

    phase: Phase
    since_ms: int
    begins: int
    takes: int


def page(sources: Sources, _: Totals) -> Page:
    """Describe the page of all orders."""

    async def load(visit: Visit) -> Mapping[str, object]:
        query = narrowed(visit, (*FILTERS, "after"))
        registry = sources.engine.registry
        items, after = await sources.lists.page("orders", MultiDict({**query, "limit": str(LIMIT)}))
        live = await sources.read(lambda fetch: fetch("live_orders", limit=LIVE_MAX))
        return {
            "live": live,
            "waiting": WAITING,
            "items": items,
            "next": next_page(visit, after),
            "chosen": query,
            "choices": {
                "account": sorted(registry.accounts),
                "book": sorted(registry.books),
                "side": list(Side),
                "status": list(ParentStatus),
            },
        }

    return Page(
        path="/orders",
        summary="Orders, for people: what lives, what was.",
        template="orders.html",
        load=load,
        query=tuple(Parameter(key, "As in `GET /api/orders`.") for key in (*FILTERS, "after")),
    )


def life_page(sources: Sources, _: Totals) -> Page:
    """Describe the page of one order."""

    async def load(visit: Visit) -> Mapping[str, object]:
        timetables = Timetables(sources.engine.services, sources.engine.calendars)
        life = await sources.lists.life(visit.request.match_info["id"])
        return {
            "title": visit.words.say("Order of {book}", book=life["book"]),
            "life": life,
            "waiting": WAITING,
            "steps": steps(life["phases"]),
            "is_live": life["ended_at"] is None,
            "slices": await slices_of(life, timetables.of, visit.now),
        }

    return Page(
        path="/orders/{id}",
        under="/orders",
        summary="The life of one order, for people.",
        template="order.html",
        load=load,
        in_path=(Parameter("id", "Our id of a parent order, or of one of its child orders."),),
    )


def steps(phases: Sequence[Phase]) -> list[Step]:
    """Say how long each phase took, and where it lies in the whole."""
    whole = max((phase["after_ms"] for phase in phases), default=0) or 1
    found, before = [], 0
    for phase in phases:
        at = phase["after_ms"]
        begins = before * 100 // whole
        takes = max(1, at * 100 // whole - begins)
        found.append(Step(phase, at - before, min(begins, 99), takes))
        before = at
    return found
