"""Orders for the close, told or drawn at random, and what they come to, counted one by one."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from algorithms.domain import Side
from algorithms.instruments import TickTable, tick_table
from algorithms.loc.curve import LocOrder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from random import Random

    from algorithms.loc.ladder import Rung

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "loc.json").read_text()
)["cases"]
CENTS = tick_table(("0", "0.01"))
BANDS = tick_table(("0", "1"), ("10", "5"), ("50", "10"))
"""Few valid prices, with borders between ticks among them."""
PRICES = (*range(1, 10), *range(10, 50, 5), *range(50, 90, 10))


def orders_of(case: dict[str, Any]) -> list[LocOrder]:
    """The orders of a published case."""
    return [
        LocOrder(str(number), Side(side), Decimal(price), Decimal(quantity), *label)
        for number, (side, price, quantity, *label) in enumerate(case["orders"])
    ]


def buy(quantity: int, price: int | str | None, label: str = "") -> LocOrder:
    """A buy; its id is what it says."""
    return _order(Side.BUY, quantity, price, label)


def sell(quantity: int, price: int | str | None, label: str = "") -> LocOrder:
    """A sell; its id is what it says."""
    return _order(Side.SELL, quantity, price, label)


def _order(side: Side, quantity: int, price: int | str | None, label: str) -> LocOrder:
    exact = None if price is None else Decimal(price)
    return LocOrder(f"{side} {quantity}@{price}", side, exact, Decimal(quantity), label)


@st.composite
def books(draw: st.DrawFn) -> list[LocOrder]:
    """Draw orders at few prices, so that they meet, touch and miss each other."""
    price = st.one_of(st.none(), st.sampled_from(PRICES))
    sides = draw(st.sampled_from([(Side.BUY, Side.SELL), (Side.BUY,), (Side.SELL,)]))
    rows = st.tuples(st.sampled_from(sides), st.integers(1, 9), price)
    listed = draw(st.lists(rows, max_size=8))
    return [_order(side, quantity, price, "") for side, quantity, price in listed]


def random_book(random: Random, size: int) -> list[LocOrder]:
    """The same much faster, for thousands of them."""
    share = random.choice((0.0, 0.3, 0.5, 0.5, 0.7, 1.0))
    return [
        _order(
            Side.BUY if random.random() < share else Side.SELL,
            random.randint(1, random.choice((3, 1000))),
            random.choice(PRICES) if random.random() < 0.9 else None,
            "",
        )
        for _ in range(size)
    ]


def closes(ticks: TickTable, prices: Iterable[Decimal | None]) -> list[Decimal]:
    """Every valid price up to one beyond the highest."""
    highest = max((price for price in prices if price is not None), default=Decimal(1))
    found = [ticks.bands[0][1]]
    while found[-1] <= highest:
        found.append(ticks.above(found[-1]))
    return found


def net_by_hand(orders: Iterable[LocOrder | Rung], close: Decimal) -> Decimal:
    """What orders come to at a close, one by one as the rule says."""
    net = Decimal(0)
    for order in orders:
        if order.side is Side.BUY and (order.price is None or close <= order.price):
            net += order.quantity
        if order.side is Side.SELL and (order.price is None or close >= order.price):
            net -= order.quantity
    return net
