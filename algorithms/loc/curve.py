"""The curve: what all LOC orders of one account and symbol come to, at every closing price.

All of them fill at one price, the close: a buy at its limit and below, a sell at its limit and
above. So their net, bought less sold, is a step function that never rises as the close rises,
for any number of orders. A market-on-close order is a buy at infinity or a sell at nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from algorithms.decimals import ZERO, add, subtract
from algorithms.domain import Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from algorithms.instruments import TickTable


@dataclass(frozen=True, slots=True)
class LocOrder:
    """One order for the close. ``price`` None: market-on-close. ``quantity`` in units, > 0.

    ``label`` says why it exists (``TP``), for people.
    """

    id: str
    side: Side
    price: Decimal | None
    quantity: Decimal
    label: str = ""

    def __post_init__(self) -> None:
        if self.quantity <= ZERO or (self.price is not None and self.price <= ZERO):
            raise ValueError(f"{self.id}: price and quantity of an order are above zero")

    def fills_at(self, close: Decimal) -> bool:
        """Whether the order is marketable at this close."""
        if self.price is None:
            return True
        return self.price >= close if self.side is Side.BUY else self.price <= close


class Range(NamedTuple):
    """Closing prices at which the same orders fill; None is an open end.

    ``bought`` and ``sold`` are units. A tuple and no dataclass: there may be 200,000 of them.
    """

    low: Decimal | None
    low_included: bool
    high: Decimal | None
    high_included: bool
    bought: Decimal
    sold: Decimal

    @property
    def net(self) -> Decimal:
        return subtract(self.bought, self.sold)

    def holds(self, close: Decimal) -> bool:
        """Whether a close lies in the range."""
        if close == self.low:
            return self.low_included
        if close == self.high:
            return self.high_included
        above = self.low is None or close > self.low
        return above and (self.high is None or close < self.high)


def curve(orders: Iterable[LocOrder]) -> list[Range]:
    """List the ranges, ascending. They cover every price, each price once.

    A sell's price begins a range, for the sell fills at its own price; just above a buy's price
    begins the next. Without orders there is one range, in which nothing is traded.
    """
    bought = sold = ZERO
    priced: list[LocOrder] = []
    buying = Side.BUY
    for order in orders:
        if order.price is not None:
            priced.append(order)
        elif order.side is not buying:
            sold = add(sold, order.quantity)
        if order.side is buying:
            bought = add(bought, order.quantity)
    ranges: list[Range] = []
    low, included = None, False
    for price, ends, begins in _steps(priced):
        if begins:  # a range begins at the price
            ranges.append(Range(low, included, price, False, bought, sold))  # noqa: FBT003 - a tuple
            sold, low, included = add(sold, begins), price, True
        if ends:  # a range begins just above the price
            ranges.append(Range(low, included, price, True, bought, sold))  # noqa: FBT003 - a tuple
            bought, low, included = subtract(bought, ends), price, False
    ranges.append(Range(low, included, None, False, bought, sold))  # noqa: FBT003 - a tuple
    return ranges


def _steps(orders: list[LocOrder]) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Return each price of the orders, ascending, with the units bought and sold at it.

    Sorted and not gathered in a mapping: the hash of a Decimal is dear.
    """
    steps: list[tuple[Decimal, Decimal, Decimal]] = []
    price: Decimal | None = None
    bought = sold = ZERO
    buying = Side.BUY
    for order in sorted(orders, key=attrgetter("price")):
        if order.price != price:
            if price is not None:
                steps.append((price, bought, sold))
            price, bought, sold = order.price, ZERO, ZERO
        if order.side is buying:
            bought = add(bought, order.quantity)
        else:
            sold = add(sold, order.quantity)
    if price is not None:
        steps.append((price, bought, sold))
    return steps


class Stretch(NamedTuple):
    """A range with the lowest and the highest valid price in it; None is an open end."""

    range: Range
    lowest: Decimal | None
    highest: Decimal | None


def stretches(ranges: Iterable[Range], ticks: TickTable) -> Iterator[Stretch]:
    """Yield the ranges that hold a valid price, where the close can be. Their ends are valid."""
    for each in ranges:
        if holds_a_price(each, ticks):
            yield Stretch(each, lowest_in(each, ticks), highest_in(each, ticks))


def holds_a_price(each: Range, ticks: TickTable) -> bool:
    """Whether a valid price lies in a range whose ends are valid."""
    if each.high is None or each.high_included:
        return True
    if each.low is None:
        return ticks.below(each.high) is not None
    return each.low_included or ticks.above(each.low) < each.high


def lowest_in(each: Range, ticks: TickTable) -> Decimal | None:
    """Return the lowest valid price in a range that holds one; None at an open end."""
    return each.low if each.low is None or each.low_included else ticks.above(each.low)


def highest_in(each: Range, ticks: TickTable) -> Decimal | None:
    """Return the highest valid price in a range that holds one; None at an open end."""
    return each.high if each.high is None or each.high_included else ticks.below(each.high)
