"""Handing on what the ladder got at the auction: which book gets how much of which execution.

The settlement says how many units each order gets from the broker. Here they are taken from the
executions themselves, with the price each was made at and its part of the fee, so that the ladder
is left with nothing, whatever the broker's executions look like.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.allocation import share
from algorithms.decimals import ZERO, add, subtract

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from algorithms.loc.settlement import Share

FEE_STEP = Decimal("0.00000001")
"""Fees are shared out in steps of this; what is less stays with one of them."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What the auction gave one order of the ladder. ``fee`` in the currency, >= 0."""

    quantity: Decimal
    price: Decimal
    fee: Decimal


@dataclass(frozen=True, slots=True)
class Piece:
    """What one order gets of the executions at one price. ``at`` is its place in the shares."""

    at: int
    quantity: Decimal
    price: Decimal
    fee: Decimal


def hand_over(shares: Sequence[Share], executions: Iterable[Execution]) -> list[Piece]:
    """Share executions out to orders in their order, and fees by quantity at each price.

    What the shares want of the broker must be what the executions gave, or ValueError is raised.
    """
    given: defaultdict[Decimal, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for execution in executions:
        sums = given[execution.price]
        sums[0] = add(sums[0], execution.quantity)
        sums[1] = add(sums[1], execution.fee)
    wanted = [(at, each.broker) for at, each in enumerate(shares) if each.broker]
    wanted.reverse()
    pieces: list[Piece] = []
    for price, (quantity, fee) in given.items():
        taken: list[tuple[int, Decimal]] = []
        left = quantity
        while left:
            if not wanted:
                raise ValueError("the executions gave more than the orders get")
            at, wish = wanted.pop()
            part = min(wish, left)
            left = subtract(left, part)
            taken.append((at, part))
            if part < wish:
                wanted.append((at, subtract(wish, part)))
        fees = share(fee, [part for _, part in taken], FEE_STEP)
        pieces += (Piece(at, part, price, own) for (at, part), own in zip(taken, fees, strict=True))
    if wanted:
        raise ValueError("the executions gave less than the orders get")
    return pieces
