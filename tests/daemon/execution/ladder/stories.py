"""Evenings of an account whose books trade at the close, for stories about its ladder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from adapters.clock import LoopClock
from algorithms.domain import OrderType, Symbol
from tests.support.books import paper, parents, select
from tests.support.world import THREE_BOOKS, buy, sell, world

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from daemon.execution.commands import Place
    from tests.support.world import Told, World

LADDER = '[loc]\nmode = "ladder"\n' + THREE_BOOKS
TQQQ = Symbol("TQQQ")
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
"""When the market of the stories, which never sleeps, holds its auction."""
EVENING = MIDNIGHT - timedelta(minutes=20)
SETTLED_S = 3


def evening(
    folder: Path,
    text: str = LADDER,
    **rest: Any,  # noqa: ANN401 - those of ``world``
) -> AbstractAsyncContextManager[World]:
    """Run the daemon from twenty minutes before the close on."""
    clock = rest.pop("clock", None) or LoopClock(EVENING)
    return world(folder, text, clock=clock, **rest)


def loc_buy(quantity: str, price: str | None) -> Place:
    return buy("TQQQ", quantity, kind=_kind(price), price=price)


def loc_sell(quantity: str, price: str | None) -> Place:
    return sell("TQQQ", quantity, kind=_kind(price), price=price)


def _kind(price: str | None) -> OrderType:
    return OrderType.MOC if price is None else OrderType.LOC


async def stocked(here: World, **units: str) -> None:
    """Let strategies buy what they will sell at the close."""
    for strategy, quantity in units.items():
        await here.submit(strategy, buy("TQQQ", quantity, nets=False))
    await here.pass_time(1)


async def at_close(here: World, price: str, *, close: datetime = MIDNIGHT) -> None:
    """Let the market close at a price, and wait until everything of it is settled."""
    await here.advance_to(close - timedelta(seconds=1))
    await paper(here).exchange.set_price(TQQQ, Decimal(price))
    await here.pass_time(1 + SETTLED_S)


def ladder_at_broker(here: World) -> list[str]:
    """Return the ladder's orders that live, the highest price first: ``sell 450 @ 100.01``."""
    rows = parents(here, "book = '@loc' AND ended_at IS NULL")
    rows.sort(key=lambda row: Decimal(row["limit_price"] or 0), reverse=True)
    return [f"{row['side']} {row['total']} @ {row['limit_price']}" for row in rows]


def got(here: World, book: str) -> list[tuple[str, str, str, str]]:
    """Return side, quantity, price and source of what a book got at the close."""
    rows = select(
        here,
        "SELECT f.* FROM fills f JOIN parent_orders p ON p.id = f.parent_id "
        "WHERE f.book = ? AND p.order_type IN ('LOC', 'MOC') ORDER BY f.id",
        book,
    )
    return [(row["side"], row["quantity"], row["price"], row["source"]) for row in rows]


def outcomes(here: World) -> list[tuple[str, str, str]]:
    """Return book, status and reason of every order of a book for the close."""
    rows = parents(here, "book <> '@loc' AND order_type IN ('LOC', 'MOC')")
    return [(row["book"], row["status"], row["reason"]) for row in rows]


def order_id(told: Told) -> str:
    body: dict[str, Any] = told.body
    (result,) = body["results"]
    (order,) = result["orders"]
    return str(order["id"])
