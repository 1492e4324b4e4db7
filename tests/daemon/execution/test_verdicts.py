"""Where several orders look like ours, a person says which it is."""

from __future__ import annotations

from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerUnavailableError, OrderRequest
from adapters.paper import Fault
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from daemon.execution.orders import UnknownOrderError
from daemon.execution.verdicts import NotUnknownError, Verdicts
from tests.support.books import BY_HAND, all_is_well, children, paper, states
from tests.support.world import THREE_BOOKS, buy, started, world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.world import World

TQQQ = Symbol("TQQQ")
LIMIT = OrderType.LIMIT
BARE = THREE_BOOKS.replace(
    "[accounts.main.paper]\n", "[accounts.main.paper]\nclient_order_ids = false\n"
)


async def by_hand(here: World, quantity: int = 10) -> str:
    """Place an order as a person does at the broker; return its number."""
    request = OrderRequest(
        client_id=ChildId(BY_HAND if quantity == 10 else "by-hand-too"),
        symbol=TQQQ,
        side=Side.BUY,
        order_type=LIMIT,
        time_in_force=TimeInForce.GTC,
        quantity=Decimal(quantity),
        limit_price=Decimal(90),
    )
    placed = await paper(here).exchange.place(request)
    return str(placed.number)  # type: ignore[union-attr]


@asynccontextmanager
async def twins(folder: Path) -> AsyncIterator[tuple[World, str, str]]:
    """An order whose answer was lost, and one by hand just like it: the child, and its number."""
    async with world(folder, BARE) as here:
        paper(here).faults.script("place", Fault.RESET_AFTER)
        for _ in range(2):
            paper(here).faults.script("find", Fault.RESET_BEFORE)
        wanted = started(here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90")))
        await here.pass_time(0.1)
        await by_hand(here)
        await wanted
        await here.pass_time(60)
        (child,) = children(here)
        assert child["state"] == "unknown"
        orders = await paper(here).open_orders()
        ours = min(orders, key=lambda order: int(order.id))
        yield here, str(child["id"]), ours.id


async def test_the_order_is_the_one_a_person_names(tmp_path: Path) -> None:
    async with twins(tmp_path) as (here, child, number):
        await Verdicts(here.engine.services).found(child, number)
        assert states(here) == ["open"]
        assert children(here)[0]["broker_order_id"] == number
        await paper(here).exchange.set_price(TQQQ, Decimal(90))
        await here.pass_time(120)
        assert states(here) == ["filled"]


async def test_the_symbol_trades_again_once_a_person_says_that_it_was_never_there(
    tmp_path: Path,
) -> None:
    async with twins(tmp_path) as (here, child, _):
        waiting = started(here.submit("beta", buy("TQQQ", "5", kind=LIMIT, price="90")))
        await here.pass_time(10)
        assert states(here) == ["unknown"]
        await Verdicts(here.engine.services).absent(child)
        await here.pass_time(60)
        assert states(here) == ["rejected", "open"]
        await waiting
        await all_is_well(here)


async def test_a_number_is_looked_at_before_it_is_believed(tmp_path: Path) -> None:
    async with twins(tmp_path) as (here, child, _):
        verdicts = Verdicts(here.engine.services)
        other = await by_hand(here, 7)
        for number in (other, "999999"):
            with pytest.raises(NotUnknownError, match=f"no such order under {number}"):
                await verdicts.found(child, number)
        assert states(here) == ["unknown"]
        here.engine.services.brokers.clear()
        with pytest.raises(BrokerUnavailableError, match="not connected"):
            await verdicts.found(child, other)


async def test_a_person_is_shown_which_orders_it_could_be(tmp_path: Path) -> None:
    async with twins(tmp_path) as (here, child, number):
        verdicts = Verdicts(here.engine.services)
        found = await verdicts.candidates(child)
        assert len(found) == 2
        assert number in {order.id for order in found}
        await verdicts.found(child, number)
        with pytest.raises(NotUnknownError):
            await verdicts.candidates(child)


async def test_only_an_open_fate_can_be_settled(tmp_path: Path) -> None:
    async with world(tmp_path, BARE) as here:
        await here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90"))
        verdicts = Verdicts(here.engine.services)
        (child,) = children(here)
        with pytest.raises(NotUnknownError, match="is open, not unknown"):
            await verdicts.absent(str(child["id"]))
        with pytest.raises(UnknownOrderError):
            await verdicts.absent("01ARZ3NDEKTSV4RRFFQ69G5FAV")


async def test_one_order_at_the_broker_is_not_two_of_ours(tmp_path: Path) -> None:
    async with world(tmp_path, BARE) as here:
        await here.submit("beta", buy("TQQQ", "10", kind=LIMIT, price="90"))
        (first,) = children(here)
        paper(here).faults.script("place", Fault.RESET_BEFORE)
        wanted = started(here.submit("alpha", buy("TQQQ", "10", kind=LIMIT, price="90")))
        await here.pass_time(0.1)
        second = str(children(here)[-1]["id"])
        with pytest.raises(NotUnknownError, match="of b"):
            await Verdicts(here.engine.services).found(second, str(first["broker_order_id"]))
        await wanted
