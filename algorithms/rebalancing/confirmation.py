"""Whether a plan is still the one that a person has confirmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.decimals import EXACT, HUNDRED, ZERO, multiply, subtract, to_text
from algorithms.domain import Side

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from algorithms.domain import Symbol
    from algorithms.rebalancing.plan import Plan


def signed_trades(plan: Plan) -> dict[Symbol, Decimal]:
    """Return the units that a plan orders of each ticker, sells below zero."""
    return {
        order.asset.ticker: order.quantity
        if order.side is Side.BUY
        else EXACT.minus(order.quantity)
        for order in (*plan.sells, *plan.buys)
    }


def differences(
    confirmed: Mapping[Symbol, Decimal], now: Mapping[Symbol, Decimal], tolerance_percent: Decimal
) -> Iterator[tuple[Symbol, str]]:
    """Yield each ticker that trades otherwise than confirmed, by more than so many percent of it.

    What was confirmed and is traded no more differs wholly, and so does what has come new.
    """
    for ticker in dict.fromkeys((*confirmed, *now)):
        before, after = confirmed.get(ticker, ZERO), now.get(ticker, ZERO)
        gap = EXACT.abs(subtract(after, before))
        if multiply(gap, HUNDRED) > multiply(EXACT.abs(before), tolerance_percent):
            yield ticker, f"{to_text(before)} was confirmed, now it is {to_text(after)}"
