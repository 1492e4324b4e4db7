"""Netting: what was crossed, and what that has saved so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from multidict import MultiDict

from daemon.api.operation import Parameter
from daemon.web.page import Page, narrowed, next_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daemon.web.page import Sources, Visit
    from daemon.web.totals import Totals

LIMIT = 50
FILTERS = ("account", "symbol")


def page(sources: Sources, totals: Totals) -> Page:
    """Describe the page."""

    async def load(visit: Visit) -> Mapping[str, object]:
        is_whole = await totals.follow(sources)
        query = narrowed(visit, (*FILTERS, "after"))
        items, after = await sources.lists.page(
            "netting", MultiDict({**query, "limit": str(LIMIT)})
        )
        accounts = sources.engine.registry.accounts
        return {
            "is_whole": is_whole,
            "saved": [
                (account, totals.saved[name])
                for name, account in sorted(accounts.items())
                if totals.saved[name].pairs
            ],
            "items": items,
            "next": next_page(visit, after),
        }

    return Page(
        path="/netting",
        summary="Netting, for people: pairs, and what they saved.",
        template="netting.html",
        load=load,
        query=tuple(Parameter(key, "As in `GET /api/netting`.") for key in (*FILTERS, "after")),
    )
