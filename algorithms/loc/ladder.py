"""The ladder: the smallest set of orders that comes to the same as all orders, at every close.

In a ladder no buy's price reaches a sell's, so at no close do both sides fill. What its buys fill
is then the curve where it is positive, what its sells fill the curve where it is negative: there
is no choice but to place one order at each step of either part. So the ladder is unique, and
smaller in orders and units than anything else that comes to the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from algorithms.decimals import EXACT, ZERO, add, multiply, subtract
from algorithms.domain import Side
from algorithms.loc.curve import highest_in, holds_a_price, lowest_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from algorithms.instruments import TickTable
    from algorithms.loc.curve import Range


class Rung(NamedTuple):
    """One order of the ladder. ``price`` None: market-on-close. ``quantity`` in units, > 0."""

    side: Side
    price: Decimal | None
    quantity: Decimal

    def fills_at(self, close: Decimal) -> bool:
        """Whether the order is marketable at this close."""
        if self.price is None:
            return True
        return self.price >= close if self.side is Side.BUY else self.price <= close


def ladder(ranges: Iterable[Range], ticks: TickTable) -> list[Rung]:
    """Net a curve into orders, the highest price first.

    A buy stands where the curve falls while it is positive, at the highest valid price before the
    fall; a sell where it falls while it is negative, at the lowest valid price after it. What
    remains at an open end is market-on-close. The prices of the curve must be valid ones.
    """
    buys: list[Rung] = []
    sells: list[Rung] = []
    before, net = None, ZERO  # the range that ends where this one begins, and its net
    for each in ranges:
        if not holds_a_price(each, ticks):
            continue
        net_before, net = net, subtract(each.bought, each.sold)
        if before is None:
            if net < ZERO:
                sells.append(Rung(Side.SELL, lowest_in(each, ticks), EXACT.minus(net)))
        elif net != net_before:
            if net_before > ZERO:
                fall = net_before if net <= ZERO else subtract(net_before, net)
                buys.append(Rung(Side.BUY, highest_in(before, ticks), fall))
            if net < ZERO:
                fall = EXACT.minus(net) if net_before >= ZERO else subtract(net_before, net)
                sells.append(Rung(Side.SELL, lowest_in(each, ticks), fall))
        before = each
    if net > ZERO:
        buys.append(Rung(Side.BUY, None, net))
    return [*reversed(sells), *reversed(buys)]


def cash_at_worst(rungs: Sequence[Rung]) -> Decimal | None:
    """The most cash that the close can take, without fees; None if a buy has no limit.

    Sells may have turned into buys, so this can be more than any book's own order needs. The
    worst close is a buy's own price: all buys from there up fill, at that price.
    """
    worst = filled = ZERO
    for rung in rungs:  # the highest price first
        if rung.side is Side.SELL:
            continue
        if rung.price is None:
            return None
        filled = add(filled, rung.quantity)
        worst = max(worst, multiply(filled, rung.price))
    return worst


def cash_held(rungs: Iterable[Rung]) -> Decimal | None:
    """The cash of all buys, without fees, as if all of them could fill; None if one has no limit.

    Where each order holds cash by itself, this is what a ladder takes before the close.
    """
    held = ZERO
    for rung in rungs:
        if rung.side is Side.BUY:
            if rung.price is None:
                return None
            held = add(held, multiply(rung.quantity, rung.price))
    return held
