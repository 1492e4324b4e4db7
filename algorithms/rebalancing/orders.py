"""The orders of a plan, what they take or bring, and how buys are fitted to the cash there is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, add, floor_divide, multiply, percent, subtract, total
from algorithms.domain import Side

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from algorithms.domain import Symbol
    from algorithms.rebalancing.holdings import Asset, Fees

PRICE_LOGIC = {Side.SELL: "current_price - 1 tick", Side.BUY: "current_price + 1 tick"}


@dataclass(frozen=True, slots=True)
class Order:
    """One order of a plan. ``quantity`` in units, > 0, whole lots; ``limit`` one tick away."""

    asset: Asset
    side: Side
    quantity: Decimal
    limit: Decimal

    @property
    def value(self) -> Decimal:
        return multiply(self.quantity, self.limit)


class LeftOutReason(StrEnum):
    """Why part of a net trade is not ordered."""

    BELOW_MINIMUM = "below_minimum"
    """The market takes no order this small."""
    BELOW_LOT = "below_one_lot"
    NOT_SELLABLE = "not_sellable"
    """It is held, but cannot be sold now."""
    CASH = "cash"
    """There is not enough of it."""
    DRIFT = "drift"
    """It would bring the weights, cash included, no nearer to the targets."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Units of a net trade that are not ordered, and why."""

    ticker: Symbol
    side: Side
    quantity: Decimal
    reason: LeftOutReason


def limit_price(asset: Asset, side: Side) -> Decimal:
    """The next valid price below the current one for a sell, above it for a buy.

    Raises ``ValueError`` where no lower one exists; the price must be known and valid.
    """
    assert asset.price is not None  # or the plan would have ended before
    ticks = asset.instrument.ticks
    limit = ticks.above(asset.price) if side is Side.BUY else ticks.below(asset.price)
    if limit is None:
        raise ValueError(f"{asset.ticker}: no valid price lies below {asset.price}")
    return limit


def is_too_small(order: Order) -> bool:
    """Whether the market takes no order of this value."""
    least = order.asset.instrument.min_notional
    return least is not None and order.value < least


@dataclass(frozen=True, slots=True)
class Purse:
    """Cash to buy with.

    ``buyable`` is all of it, fees included; orders may be worth ``buffer_percent`` of it.
    ``excess`` is how much cash there is above its target (negative: below).
    """

    buyable: Decimal
    buffer_percent: Decimal
    excess: Decimal

    @property
    def budget(self) -> Decimal:
        """What orders may be worth in all, before fees."""
        return percent(self.buyable, self.buffer_percent)


def fit_buys(
    wanted: Sequence[Order], purse: Purse, fees: Fees, drift: Mapping[Symbol, Decimal]
) -> tuple[list[Order], list[LeftOut]]:
    """Fit buys to the cash there is; return those to send and what is left out.

    If there is too little for all of them, each gets its part of the cash, in proportion to what
    it would take with fees, in whole lots. What that leaves over goes to the largest ``drift``
    (value a ticker lacks) first. Lots that would raise the sum of all drifts, that of cash
    included, are left out. Orders below the market's minimum too, before and after.
    """
    left_out = [_left_out(order, order.quantity, BELOW) for order in wanted if is_too_small(order)]
    wanted = [order for order in wanted if not is_too_small(order)]
    granted = _in_proportion(wanted, purse, fees)
    by_drift = sorted(range(len(wanted)), key=lambda at: -drift.get(wanted[at].asset.ticker, ZERO))
    room = _Room(purse, fees, [order.asset.instrument.lot for order in wanted], wanted, granted)
    for at in by_drift:
        room.add_what_fits(at)
    excess = purse.excess
    buys = {}
    for at in by_drift:
        order = wanted[at]
        lot = order.asset.instrument.lot
        useful = min(granted[at], _lots_that_help(order, fees, excess))
        fitted = Order(order.asset, order.side, multiply(lot, Decimal(useful)), order.limit)
        if granted[at] < floor_divide(order.quantity, lot):
            missing = subtract(order.quantity, multiply(lot, Decimal(granted[at])))
            left_out.append(_left_out(order, missing, LeftOutReason.CASH))
        if useful < granted[at]:
            missing = multiply(lot, Decimal(granted[at] - useful))
            left_out.append(_left_out(order, missing, LeftOutReason.DRIFT))
        if useful and is_too_small(fitted):
            left_out.append(_left_out(fitted, fitted.quantity, BELOW))
        elif useful:
            buys[at] = fitted
            excess = subtract(excess, fees.cost(fitted.value))
    return [buys[at] for at in sorted(buys)], left_out


BELOW = LeftOutReason.BELOW_MINIMUM


def _left_out(order: Order, quantity: Decimal, reason: LeftOutReason) -> LeftOut:
    return LeftOut(order.asset.ticker, order.side, quantity, reason)


def _in_proportion(wanted: Sequence[Order], purse: Purse, fees: Fees) -> list[int]:
    """Lots of each order that its part of the cash pays for; all of them if there is enough."""
    sizes = [floor_divide(order.quantity, order.asset.instrument.lot) for order in wanted]
    value = total(order.value for order in wanted)
    # Value and cost differ by one factor for all orders, so one bound limits both.
    whole = fees.cost(value)
    most = min(fees.cost(purse.budget), purse.buyable)
    if whole <= most:
        return sizes
    if most <= ZERO:
        return [0] * len(sizes)
    return [floor_divide(multiply(Decimal(size), most), whole) for size in sizes]


@dataclass(slots=True)
class _Room:
    """What is left of a purse while buys grow, lot by lot."""

    purse: Purse
    fees: Fees
    steps: Sequence[Decimal]
    wanted: Sequence[Order]
    granted: list[int]
    _left: Decimal = ZERO

    def __post_init__(self) -> None:
        spent = total(
            multiply(multiply(step, Decimal(lots)), order.limit)
            for step, lots, order in zip(self.steps, self.granted, self.wanted, strict=True)
        )
        most = min(self.fees.cost(self.purse.budget), self.purse.buyable)
        self._left = subtract(most, self.fees.cost(spent))

    def add_what_fits(self, at: int) -> None:
        """Give an order what it still wants, as far as the cash reaches."""
        order, step = self.wanted[at], self.steps[at]
        missing = floor_divide(order.quantity, step) - self.granted[at]
        each = self.fees.cost(multiply(step, order.limit))
        more = min(missing, max(0, floor_divide(self._left, each)))
        self.granted[at] += more
        self._left = subtract(self._left, multiply(each, Decimal(more)))


def _lots_that_help(order: Order, fees: Fees, excess: Decimal) -> int:
    """Lots that do not raise the sum of drifts, cash at ``excess`` above its target.

    A lot brings its ticker nearer by its value at the current price. It brings cash nearer while
    there is too much of it, and farther below. So it helps while
    ``|excess - cost| - |excess| <= value``: while ``excess >= (cost - value) / 2``.
    """
    step, price = order.asset.instrument.lot, order.asset.price
    assert price is not None  # or the plan would have ended before
    cost = fees.cost(multiply(step, order.limit))
    value = multiply(step, price)
    # All of it doubled, to stay exact.
    spare = subtract(multiply(excess, Decimal(2)), subtract(cost, value))
    return 0 if spare < ZERO else floor_divide(spare, multiply(cost, Decimal(2))) + 1


def cash_after(cash: Decimal, sells: Iterable[Order], buys: Iterable[Order], fees: Fees) -> Decimal:
    """Cash when every order has filled at its limit."""
    brought = total(fees.proceeds(order.value, order.asset) for order in sells)
    taken = total(fees.cost(order.value) for order in buys)
    return subtract(add(cash, brought), taken)
