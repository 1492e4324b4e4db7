"""Webhooks: what came in, what came of it, and a form to try one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from multidict import MultiDict

from algorithms.domain import OrderType
from daemon.api.operation import Parameter
from daemon.execution.answers import RequestStatus
from daemon.web.page import Page, narrowed, next_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from daemon.web.page import Fetch, Sources, Visit
    from daemon.web.totals import Totals

LIMIT = 50
FILTERS = ("strategy", "status", "source")
TRIED = (OrderType.MARKET, OrderType.LIMIT)
"""What the form offers: enough to see that a way works."""


def page(sources: Sources, _: Totals) -> Page:
    """Describe the page of all requests."""

    async def load(visit: Visit) -> Mapping[str, object]:
        query = narrowed(visit, (*FILTERS, "after"))
        items, after = await sources.lists.page(
            "webhooks", MultiDict({**query, "limit": str(LIMIT)})
        )
        replays = await replays_of(sources, items)
        return {
            "items": [(item, summary(item["body"]), replays.get(item["id"])) for item in items],
            "next": next_page(visit, after),
            "chosen": query,
            "strategies": sorted(sources.engine.registry.strategies),
            "statuses": list(RequestStatus),
            "types": TRIED,
        }

    return Page(
        path="/webhooks",
        summary="Webhooks, for people: received, results, a form to try one.",
        template="webhooks.html",
        load=load,
        query=tuple(Parameter(key, "As in `GET /api/webhooks`.") for key in (*FILTERS, "after")),
    )


def one_page(sources: Sources, _: Totals) -> Page:
    """Describe the page of one request."""

    async def load(visit: Visit) -> Mapping[str, object]:
        item = await sources.lists.request(visit.request.match_info["id"])
        return {
            "title": visit.words.say("Webhook of {strategy}", strategy=item["strategy"]),
            "item": item,
            "replay": (await replays_of(sources, [item])).get(item["id"]),
            "body": pretty(item["body"]),
            "answer": None if item["answer"] is None else pretty(item["answer"]),
            "orders": list(orders_in(item["answer"])),
        }

    return Page(
        path="/webhooks/{id}",
        under="/webhooks",
        summary="One request with its answer, for people.",
        template="webhook.html",
        load=load,
        in_path=(Parameter("id", "`id` of the request's answer."),),
    )


async def replays_of(sources: Sources, items: Iterable[Mapping[str, object]]) -> dict[object, str]:
    """Return which of these requests were dropped and worked after all, and by which others."""
    dropped = [item for item in items if item["status"] == RequestStatus.DROPPED]

    def read(fetch: Fetch) -> dict[object, str]:
        return {
            item["id"]: row["id"]
            for item in dropped
            for row in fetch("replay", strategy=str(item["strategy"]), id=str(item["id"]))
        }

    return await sources.read(read) if dropped else {}


def pretty(document: object) -> str:
    """Write a document for reading."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def summary(body: object) -> str:
    """Say in a few words what a request asks for."""
    if not isinstance(body, dict):
        return ""
    given = {str(key).lower(): value for key, value in body.items()}
    if isinstance(given.get("orders"), list):
        return f"{given.get('order_type', '')} x{len(given['orders'])}".strip()
    words = (given.get(key) for key in ("side", "qty", "quantity", "symbol", "order_type", "price"))
    return " ".join(str(word) for word in words if word is not None)[:80]


def orders_in(answer: object) -> Iterator[Mapping[str, object]]:
    """Return what an answer says of orders."""
    results = answer.get("results") if isinstance(answer, dict) else None
    for result in results if isinstance(results, list) else ():
        yield from result.get("orders", ())
