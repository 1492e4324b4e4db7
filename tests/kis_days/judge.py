"""What must hold after a day, seen from the broker's books and from the daemon's."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.kis_days.house import held_by_books

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.kis_days.house import Half, House
    from tests.simulators.kis.orders import Order
    from tests.support.world import World

FINAL = {"filled", "cancelled", "rejected", "expired"}


async def wrong_in_the_books(day: World, here: House) -> list[str]:
    """Compare every order, every holding and the cash of the daemon's with the broker's."""
    found = [f"invariant {each}" for each in await day.check()]
    children = await day.rows("all_children")
    positions = await day.rows("all_positions")
    for half in here.halves:
        mine = [row for row in children if row["account"] == half.name]
        found += _wrong_orders(here, half, mine)
        found += _wrong_sums(here, half, positions)
    for request in await day.rows("unfinished_requests"):
        found.append(f"request {request['id']} has no answer")
    return found


def _wrong_orders(here: House, half: Half, children: list[dict[str, str]]) -> Iterator[str]:
    there = {(order.day.isoformat(), order.number): order for order in here.orders(half)}
    names = Counter(_key(child) for child in children if child["broker_order_id"])
    for (day, number), times in names.items():
        if times > 1:
            yield f"{half.name}: order {number} of {day} belongs to {times} of ours"
    for child in children:
        order = there.pop(_key(child), None) if child["broker_order_id"] else None
        yield from _wrong_child(child, order)
    for (day, number), order in there.items():
        yield f"{half.name}: {number} of {day} at the broker ({_told(order)}) is nobody's"


def _key(child: Mapping[str, str]) -> tuple[str, int]:
    return child["market_day"], int(child["broker_order_id"] or 0)


def _wrong_child(child: Mapping[str, str], order: Order | None) -> Iterator[str]:
    name, state, filled = child["id"], child["state"], Decimal(child["filled"])
    if state not in FINAL:
        yield f"{name} is {state} when all is over"
    if order is None:
        if filled or state == "filled":
            yield f"{name} is {state} with {filled} filled, and the broker has no such order"
        return
    if filled != order.state.filled:
        yield f"{name} ({_told(order)}) has filled {filled} here"
    if order.remaining:
        yield f"{name} ({_told(order)}) is {state} here and lives there"


def _told(order: Order) -> str:
    return (
        f"{order.number} {order.draft.side} {order.quantity} {order.symbol},"
        f" filled {order.state.filled}, left {order.remaining}"
    )


def _wrong_sums(here: House, half: Half, positions: list[dict[str, str]]) -> Iterator[str]:
    account = here.simulator.account(half.owner)
    ours = held_by_books(positions, half)
    cash = account.cash(half.country)
    booked = ours.pop(half.currency, Decimal(0))
    if booked != cash:
        yield f"{half.name}: the broker has {cash} {half.currency}, the books {booked}"
    theirs = {
        symbol: Decimal(holding.quantity)
        for symbol, holding in account.holdings.items()
        if here.simulator.host.market.listings[symbol].country is half.country
    }
    for symbol in sorted({*ours, *theirs}):
        here_, there = ours.get(symbol, Decimal(0)), theirs.get(symbol, Decimal(0))
        if here_ != there:
            yield f"{half.name}: the broker holds {there} {symbol}, the books {here_}"
