"""The settlement: from what the auction gave back to the orders of the books.

Every order that is marketable at the close fills at the close. The lighter side is filled wholly
by netting, so are as many units of the heavier side; the rest of the heavier side came from the
broker.

The auction may give less than the curve asks, for it may cut orders at their limit. Then the
shortfall is taken from the heavier side as the auction would have: from the orders priced exactly
at the close, then from those nearest to it, market-on-close orders last.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING

from algorithms.decimals import EXACT, ZERO, add, floor_divide, multiply, subtract, to_text
from algorithms.domain import Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from algorithms.loc.curve import LocOrder


@dataclass(frozen=True, slots=True)
class Share:
    """What one order got, in units: from netting inside the account, and from the broker."""

    order: LocOrder
    netted: Decimal
    broker: Decimal

    @property
    def filled(self) -> Decimal:
        return add(self.netted, self.broker)


class SettlementError(ValueError):
    """The auction cannot have given that. The message says what it was asked for."""


def net_at(orders: Sequence[LocOrder], close: Decimal) -> Decimal:
    """Units the account asks of the auction at this close: above zero to buy, below to sell."""
    net = ZERO
    for order in orders:
        if order.fills_at(close):
            net = (add if order.side is Side.BUY else subtract)(net, order.quantity)
    return net


def settle(
    orders: Sequence[LocOrder],
    close: Decimal,
    lot: Decimal,
    broker_filled: Decimal | None = None,
) -> list[Share]:
    """Share a close out to the orders of one account and symbol, in their order.

    ``orders`` stand in order of creation, their quantities are whole lots. ``broker_filled`` is
    what the auction gave, in units: signed as ``net_at`` is, or its size alone; None stands for
    all that was asked for. Raises ``SettlementError`` if it cannot be.
    """
    sizes = [floor_divide(order.quantity, lot) if order.fills_at(close) else 0 for order in orders]
    bought = [size if o.side is Side.BUY else 0 for o, size in zip(orders, sizes, strict=True)]
    sold = [size - buy for size, buy in zip(sizes, bought, strict=True)]
    asked = sum(bought) - sum(sold)
    given = abs(asked) if broker_filled is None else _given(asked, broker_filled, lot)
    light, heavy = (sold, bought) if asked >= 0 else (bought, sold)
    filled = _cut(orders, heavy, close, abs(asked) - given)
    crossed = _share(sum(light), heavy, filled)
    shares = []
    for order, lighter, heavier, netted in zip(orders, light, filled, crossed, strict=True):
        lots = (lighter + netted, heavier - netted)
        shares.append(Share(order, *(multiply(lot, Decimal(each)) for each in lots)))
    return shares


def _given(asked: int, broker_filled: Decimal, lot: Decimal) -> int:
    """Lots the auction gave, as a size."""
    size = to_text(multiply(lot, Decimal(abs(asked))))
    wish = "nothing" if not asked else f"to buy {size}" if asked > 0 else f"to sell {size}"
    lots = floor_divide(EXACT.abs(broker_filled), lot)
    if multiply(lot, Decimal(lots)) != EXACT.abs(broker_filled):
        raise SettlementError(f"not a whole number of lots of {to_text(lot)}")
    if lots > abs(asked):
        raise SettlementError(f"more than was asked for: the orders ask {wish} at this close")
    if broker_filled < ZERO <= asked:
        raise SettlementError(f"a sale, but the orders ask {wish} at this close")
    return lots


def _cut(orders: Sequence[LocOrder], heavy: list[int], close: Decimal, shortfall: int) -> list[int]:
    """Take a shortfall from the heavier side, nearest to the close first."""
    filled = list(heavy)
    if not shortfall:
        return filled
    limited = [(EXACT.abs(subtract(price, close)), at) for at, price in _limits(orders, heavy)]
    limited.sort()
    nearest = [[at for _, at in group] for _, group in groupby(limited, key=lambda pair: pair[0])]
    unlimited = [at for at, size in enumerate(heavy) if size and orders[at].price is None]
    for group in (*nearest, unlimited):
        sizes = [heavy[at] for at in group]
        taken = _share(min(shortfall, sum(sizes)), sizes, sizes)
        for at, lots in zip(group, taken, strict=True):
            filled[at] -= lots
        shortfall -= sum(taken)
    return filled


def _limits(orders: Sequence[LocOrder], heavy: list[int]) -> list[tuple[int, Decimal]]:
    return [
        (at, order.price)
        for at, order in enumerate(orders)
        if heavy[at] and order.price is not None
    ]


def _share(lots: int, weights: Sequence[int], most: Sequence[int]) -> list[int]:
    """Share lots out in proportion to ``weights``, nobody more than ``most`` of its own.

    Fractions are cut off; what that leaves goes to the oldest as far as it can take it, then to
    the next. ``lots`` is at most the sum of ``most``, and that at most the sum of ``weights``.
    """
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    parts = [
        min(lots * weight // whole, limit) for weight, limit in zip(weights, most, strict=True)
    ]
    left = lots - sum(parts)
    for at, limit in enumerate(most):
        if not left:
            break
        more = min(left, limit - parts[at])
        parts[at] += more
        left -= more
    return parts
