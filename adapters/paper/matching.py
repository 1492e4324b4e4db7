"""At what price an order trades, and how much of it: rules on plain values.

The exchange has no other participants. An order that takes what is offered trades at the touch:
a buy at the ask, a sell at the bid. One that rests in the book trades at its own limit once the
opposite touch reaches it. The closing auction has one price for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from adapters.paper.dice import pick
from algorithms.decimals import floor_divide, multiply, subtract
from algorithms.domain import Side

MOST_PIECES = 4


@dataclass(frozen=True, slots=True)
class Touch:
    """The last trade and the best prices on both sides of the book."""

    last: Decimal
    bid: Decimal
    ask: Decimal

    def against(self, side: Side) -> Decimal:
        """Return the price at which an order of ``side`` can trade at once."""
        return self.ask if side is Side.BUY else self.bid


def allows(side: Side, limit: Decimal | None, price: Decimal) -> bool:
    """Tell whether an order with this limit may trade at ``price``; no limit allows any."""
    if limit is None:
        return True
    return price <= limit if side is Side.BUY else price >= limit


def stop_is_reached(side: Side, stop: Decimal, last: Decimal) -> bool:
    """Tell whether the last price sets a stop off: a buy at or above it, a sell at or below."""
    return last >= stop if side is Side.BUY else last <= stop


def trading_price(
    side: Side, limit: Decimal | None, touch: Touch, *, resting: bool
) -> Decimal | None:
    """Return the price at which an order trades now; None if it does not.

    An order that was resting is hit at its limit; one that has just come, or meets an opening
    price beyond its limit, gets the better touch.
    """
    price = touch.against(side)
    if not allows(side, limit, price):
        return None
    return limit if resting and limit is not None else price


def next_piece(quantity: Decimal, filled: Decimal, lot: Decimal, seed: int, order: int) -> Decimal:
    """Return how much of an order trades next where orders fill in pieces.

    Cuts ``quantity`` into two to four pieces of whole lots (fewer where there are fewer lots);
    the cuts depend on the seed and the order's sequence number alone, so that no state is needed
    to go on after a restart.
    """
    lots = floor_divide(quantity, lot)
    weights = [1 + pick(9, seed, "cut", order, piece) for piece in range(_pieces(seed, order))]
    weight_so_far = 0
    for weight in weights:
        weight_so_far += weight
        cut = multiply(lot, Decimal(lots * weight_so_far // sum(weights)))
        if cut > filled:
            return subtract(cut, filled)
    return subtract(quantity, filled)


def auction_piece(quantity: Decimal, lot: Decimal, seed: int, order: int) -> Decimal:
    """Return how much of an order priced exactly at the close an auction leaves to it."""
    lots = floor_divide(quantity, lot)
    return multiply(lot, Decimal(lots * pick(101, seed, "auction", order) // 100))


def _pieces(seed: int, order: int) -> int:
    return 2 + pick(MOST_PIECES - 1, seed, "pieces", order)
