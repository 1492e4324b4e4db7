"""Strategies: where they trade, what of theirs lives, and how to stop them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.execution.halts import Scope
from daemon.web.page import Page

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from daemon.web.page import Sources, Visit
    from daemon.web.totals import Totals

SHOWN_MAX = 5
"""Open orders of each strategy; all of them are on the page of orders."""


def page(sources: Sources, _: Totals) -> Page:
    """Describe the page."""

    async def load(_: Visit) -> Mapping[str, object]:
        live, halts, newest = await sources.read(
            lambda fetch: (
                {(row["strategy"], row["book"]): row["orders"] for row in fetch("live_of_books")},
                {(row["scope"], row["name"]): row["reason"] for row in fetch("halts")},
                fetch("live_of_strategies", limit=SHOWN_MAX),
            )
        )
        orders: dict[str, list[sqlite3.Row]] = {}
        for row in newest:
            orders.setdefault(row["strategy"], []).append(row)
        registry = sources.engine.registry
        return {
            "everything_halted": halts.get((Scope.ALL, "")),
            "strategies": [
                {
                    "name": name,
                    "halted": halts.get((Scope.STRATEGY, name)),
                    "live": sum(number for (owner, _), number in live.items() if owner == name),
                    "orders": orders.get(name, ()),
                    "books": [
                        {
                            "book": book,
                            "live": live.get((name, book.name), 0),
                            "halted": halts.get((Scope.BOOK, book.name)),
                        }
                        for book in registry.books_of_strategy.get(name, ())
                    ],
                }
                for name in sorted(registry.strategies)
            ],
        }

    return Page(
        path="/strategies",
        summary="Strategies, for people: books, open orders, cancel, halt.",
        template="strategies.html",
        load=load,
    )
