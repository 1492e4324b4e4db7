"""Log: everything people were told, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multidict import MultiDict

from daemon.api.operation import Parameter
from daemon.notices import Level
from daemon.web.needs import order_of
from daemon.web.page import Page, narrowed, next_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.api.columns import Item
    from daemon.web.page import Sources, Visit
    from daemon.web.totals import Totals

LIMIT = 100
FILTERS = ("level", "account", "book", "code")


def page(sources: Sources, _: Totals) -> Page:
    """Describe the page."""

    async def load(visit: Visit) -> Mapping[str, object]:
        query = narrowed(visit, (*FILTERS, "after"))
        items, after = await sources.lists.page("events", MultiDict({**query, "limit": str(LIMIT)}))
        registry = sources.engine.registry
        return {
            "items": [_line(item, visit) for item in items],
            "next": next_page(visit, after),
            "chosen": query,
            "choices": {
                "level": list(Level),
                "account": sorted(registry.accounts),
                "book": sorted(registry.books),
            },
        }

    return Page(
        path="/log",
        summary="The log of notices, for people.",
        template="log.html",
        load=load,
        query=tuple(Parameter(key, "As in `GET /api/events`.") for key in (*FILTERS, "after")),
    )


def _line(item: Item, visit: Visit) -> tuple[Item, str, str | None]:
    """Return a notice, how it is said, and where its order is."""
    params = item["params"]
    assert isinstance(params, dict)  # as the list's type says
    return item, visit.formats.notice(str(item["code"]), params), order_of(params)
