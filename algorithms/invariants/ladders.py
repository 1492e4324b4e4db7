"""Invariant 7: the ladder comes to the same as the orders it stands for, and never meets itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.decimals import ONE, ZERO, add, subtract, to_text
from algorithms.domain import Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from decimal import Decimal

    from algorithms.invariants.findings import Check
    from algorithms.invariants.snapshot import AtClose, LadderBooks


def check_ladders(ladders: Iterable[LadderBooks], check: Check) -> None:
    """Look at every ladder, those that are worked and those that were settled."""
    for ladder in ladders:
        check.checked += 1
        for what in ladder_faults(ladder):
            check.broken(f"ladder {ladder.id}", what)


def ladder_faults(ladder: LadderBooks) -> Iterator[str]:
    """What is wrong with one ladder.

    An order that a ladder lacks, or has too much, shows at closes above or below all prices; so
    these are looked at, and the prices at which somebody stands, which are valid ones.
    """
    if ladder.is_settled:
        if ladder.from_broker != ladder.handed_on:
            yield (
                f"got {to_text(ladder.from_broker)} from the broker and handed on "
                f"{to_text(ladder.handed_on)}"
            )
        return
    if meets_itself(ladder.rungs):
        yield "has a buy that reaches a sell"
    if not ladder.is_whole:
        return
    orders = (*ladder.orders, *ladder.rungs)
    prices = {order.price for order in orders if order.price is not None}
    prices |= {max(prices) + 1, min(prices) / 2} if prices else {ONE}
    closes = sorted(prices)
    compared = zip(closes, nets(ladder.orders, closes), nets(ladder.rungs, closes), strict=True)
    for price, wanted, stands in compared:
        if wanted != stands:
            yield (
                f"comes to {to_text(stands)} at a close of {to_text(price)}, its orders to "
                f"{to_text(wanted)}"
            )


def meets_itself(rungs: Iterable[AtClose]) -> bool:
    """Whether a buy and a sell would both fill at some close."""
    buys = [rung.price for rung in rungs if rung.side is Side.BUY]
    sells = [rung.price for rung in rungs if rung.side is Side.SELL]
    if not buys or not sells:
        return False
    if None in buys or None in sells:
        return True
    highest = max(price for price in buys if price is not None)
    return highest >= min(price for price in sells if price is not None)


def nets(orders: Iterable[AtClose], closes: Iterable[Decimal]) -> Iterator[Decimal]:
    """Yield units bought less units sold at each of some closes, which ascend.

    At the lowest all buys fill. A sell's price takes its units away, and so does what lies just
    above a buy's.
    """
    net, steps = ZERO, []
    for order in orders:
        if order.side is Side.BUY:
            net = add(net, order.quantity)
        elif order.price is None:
            net = subtract(net, order.quantity)
        if order.price is not None:
            steps.append((order.price, order.side is Side.BUY, order.quantity))
    steps.sort(reverse=True)
    for close in closes:
        while steps and steps[-1][:2] <= (close, False):
            net = subtract(net, steps.pop()[2])
        yield net
