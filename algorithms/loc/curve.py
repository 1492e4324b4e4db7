"""The curve: what all LOC orders of one account and symbol come to, at every closing price.

All of them fill at one price, the close: a buy at its limit and below, a sell at its limit and
above. So their net, bought less sold, is a step function that never rises as the close rises,
for any number of orders. A market-on-close order is a buy at infinity or a sell at nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
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


def curve(orders: Iterable[LocOrder]) -> list[Range]:
    """List the ranges, ascending. They cover every price, each price once.

    A sell's price begins a range, for the sell fills at its own price; just above a buy's price
    begins the next. Without orders there is one range, in which nothing is traded.
    """
    bought = sold = ZERO
    steps: dict[Decimal, list[Decimal]] = {}  # price: units to buy and to sell at it
    for order in orders:
        price, quantity = order.price, order.quantity
        is_sell = order.side is Side.SELL
        if not is_sell:
            bought = add(bought, quantity)
        if price is not None:
            step = steps.get(price)
            if step is None:
                step = steps[price] = [ZERO, ZERO]
            step[is_sell] = add(step[is_sell], quantity)
        elif is_sell:
            sold = add(sold, quantity)
    ranges: list[Range] = []
    low: Decimal | None = None
    included = False
    for price in sorted(steps):
        ends, begins = steps[price]
        if begins:  # a range begins at the price
            ranges.append(Range(low, included, price, False, bought, sold))  # noqa: FBT003 - a tuple
            sold, low, included = add(sold, begins), price, True
        if ends:  # a range begins just above the price
            ranges.append(Range(low, included, price, True, bought, sold))  # noqa: FBT003 - a tuple
            bought, low, included = subtract(bought, ends), price, False
    ranges.append(Range(low, included, None, False, bought, sold))  # noqa: FBT003 - a tuple
    return ranges


class Stretch(NamedTuple):
    """A range with the lowest and the highest valid price in it; None is an open end."""

    range: Range
    lowest: Decimal | None
    highest: Decimal | None


def stretches(ranges: Iterable[Range], ticks: TickTable) -> Iterator[Stretch]:
    """Yield the ranges that hold a valid price, where the close can be. Their ends are valid."""
    for each in ranges:
        lowest, highest = each.low, each.high
        if lowest is not None and not each.low_included:
            lowest = ticks.above(lowest)
        if highest is not None and not each.high_included:
            highest = ticks.below(highest)
            if highest is None:
                continue  # no valid price lies below the lowest one
        if lowest is None or highest is None or lowest <= highest:
            yield Stretch(each, lowest, highest)
