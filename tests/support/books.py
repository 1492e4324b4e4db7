"""What the books of a running engine say, and whether they are right, for market stories."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import orjson

from adapters.paper.inspection import inspect
from adapters.sqlite.driver import connect_to_look
from algorithms.domain import (
    AccountName,
    BookName,
    Kind,
    Measure,
    OrderType,
    ParentId,
    ParentOrder,
    ParentStatus,
    Side,
    StrategyName,
    Symbol,
)
from daemon.audit import audit

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.paper import PaperBroker
    from daemon.storage.tx import SqlValue
    from tests.support.world import World

MAIN = AccountName("main")
BY_HAND = "by hand"
"""The client id of what a person orders in the broker's own app."""


def select(here: World, sql: str, *values: SqlValue) -> list[dict[str, Any]]:
    """Return rows of the daemon's database."""
    with closing(connect_to_look(here.engine.config.database.path)) as connection:
        return [dict(row) for row in connection.execute(sql, values)]


def parents(here: World, where: str = "1") -> list[dict[str, Any]]:
    return select(here, f"SELECT * FROM parent_orders WHERE {where} ORDER BY id")  # noqa: S608 - tests' own words


def children(here: World, where: str = "1") -> list[dict[str, Any]]:
    return select(here, f"SELECT * FROM child_orders WHERE {where} ORDER BY created_at, id")  # noqa: S608 - tests' own words


def fills(here: World, where: str = "1") -> list[dict[str, Any]]:
    return select(here, f"SELECT * FROM fills WHERE {where} ORDER BY id")  # noqa: S608 - tests' own words


def told(here: World, code: str) -> list[dict[str, str]]:
    """Return the numbers of every notice with this code, oldest first."""
    rows = select(here, "SELECT params FROM notices WHERE code = ? ORDER BY id", code)
    return [orjson.loads(row["params"]) for row in rows]


def states(here: World) -> list[str]:
    """Return the state of every child order, oldest first."""
    return [row["state"] for row in children(here)]


def paper(here: World, account: AccountName = MAIN) -> PaperBroker:
    """Return the broker of a paper account, to play the market with."""
    return cast("PaperBroker", here.engine.services.brokers[account])


async def all_is_well(here: World) -> None:
    """Assert the invariants, reservations included, and that no order is at a venue twice."""
    services = here.engine.services
    assert await audit(here.engine.store, services.brokers, here.clock) == ()
    ours = {row["id"] for row in children(here)}
    for account in services.brokers:
        view = inspect(here.engine.config.database.path.parent / f"paper-{account}.db", account)
        sent = [record.client_id for record in view.orders or ()]
        assert len(sent) == len(set(sent)), f"an order was sent twice to {account}"
        assert set(sent) - {BY_HAND} <= ours, f"{account} has orders that were never stored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A parent order as a rule would make it."""

    book: str
    side: Side
    value: str
    measure: Measure = Measure.QUANTITY
    kind: Kind | None = None
    order_type: OrderType = OrderType.MARKET
    limit: str | None = None
    reserve_price: str | None = None
    slices: int = 1
    due_at: datetime | None = None
    deadline: datetime | None = None
    nets: bool = True
    symbol: str = "TQQQ"
    account: str = "main"


async def make(here: World, *wishes: Wish) -> list[ParentId]:
    """Accept parent orders, all in one transaction, as the make-orders job would."""
    orders = [_parent(here, wish) for wish in wishes]

    def accept(tx: Any) -> None:  # noqa: ANN401 - a transaction
        for order in orders:
            here.engine.services.orders.accept(tx, order)

    await here.engine.store.write(accept)
    return [order.id for order in orders]


def _parent(here: World, wish: Wish) -> ParentOrder:
    services = here.engine.services
    now = here.clock.now()
    value = Decimal(wish.value)
    reserve_price = None if wish.reserve_price is None else Decimal(wish.reserve_price)
    reserved = value
    if wish.measure is Measure.QUANTITY and wish.side is Side.BUY:
        assert reserve_price is not None
        reserved = value * reserve_price
    return ParentOrder(
        id=services.ids.parent(),
        request_id="",
        strategy=StrategyName(str(services.registry.books[BookName(wish.book)].strategy)),
        account=AccountName(wish.account),
        book=BookName(wish.book),
        symbol=Symbol(wish.symbol),
        side=wish.side,
        kind=wish.kind or (Kind.BUY if wish.side is Side.BUY else Kind.SELL),
        order_type=wish.order_type,
        measure=wish.measure,
        total=value,
        remain=value,
        reserved=reserved,
        reserve_price=reserve_price,
        limit_price=None if wish.limit is None else Decimal(wish.limit),
        stop_price=None,
        nets=wish.nets,
        slices=wish.slices,
        slices_left=wish.slices,
        status=ParentStatus.OPEN,
        reason="",
        created_at=now,
        due_at=wish.due_at or now,
        deadline=wish.deadline,
        cancel_requested_at=None,
        ended_at=None,
    )
