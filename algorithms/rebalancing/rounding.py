"""Whole lots: how many of each ticker a book should hold.

``floor`` rounds every target down. ``nearest_cash`` goes on from there: it spends what that
leaves over on the lots that bring the weights, cash included, nearer to the targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from heapq import heapify, heappop, heapreplace
from typing import TYPE_CHECKING

from algorithms.decimals import (
    EXACT,
    HUNDRED,
    ZERO,
    add,
    divide,
    floor_divide,
    multiply,
    percent,
    root,
    subtract,
    total,
)
from algorithms.domain import Side
from algorithms.rebalancing.orders import limit_price

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from algorithms.domain import Symbol
    from algorithms.rebalancing.holdings import Asset, Fees, Portfolio

TRACKING_PLACES = 8
STEPS = 1000
"""About how many steps spend the cash that rounding down leaves over, however small the lots."""


def floor_targets(portfolio: Portfolio, weights: Mapping[Symbol, Decimal]) -> dict[Symbol, Decimal]:
    """Units of every asset: equity x weight / price, rounded down to lots.

    ``weights`` are percents of equity; a ticker that is not named has weight zero.
    """
    equity = portfolio.equity
    found = {}
    for ticker, asset in portfolio.assets.items():
        weight = weights.get(ticker, ZERO)
        if not weight:
            found[ticker] = ZERO
            continue
        assert asset.price is not None  # Portfolio.problems was asked before
        lot = asset.instrument.lot
        share = multiply(equity, weight).scaleb(-2, EXACT)
        found[ticker] = multiply(lot, Decimal(floor_divide(share, multiply(asset.price, lot))))
    return found


@dataclass(slots=True)
class _Candidate:
    """One ticker that may get more lots. Money is of one lot, but for ``lacks``."""

    asset: Asset
    net: int
    """Lots that are traded, as far as decided; below zero: sold."""
    lacks: Decimal
    """Value that it lacks to its weight; below zero: has too much."""
    value: Decimal
    """At the current price."""
    bought: tuple[Decimal, Decimal]
    """Order value of a lot more, and cash with fees."""
    kept: tuple[Decimal, Decimal]
    """The same while it is still to be sold: no order, and what its sale would have brought."""
    least_buy: int
    least_sale: int
    """Lots of the smallest orders that the market takes."""
    at_once: int = 1
    """Lots of one step. Small lots are taken many at a time first, or steps would never end."""

    def step(self) -> tuple[Decimal, Decimal, Decimal]:
        """Value, order value and cost of the next step: to keep and to buy is not mixed."""
        worth, cost = self.kept if self.net < 0 else self.bought
        lots = self._lots()
        if lots == 1:
            return self.value, worth, cost
        many = Decimal(lots)
        return multiply(self.value, many), multiply(worth, many), multiply(cost, many)

    def surplus(self) -> Decimal:
        """What half a step would leave above its weight, doubled; below zero: it still lacks."""
        return subtract(multiply(self.value, Decimal(self._lots())), add(self.lacks, self.lacks))

    def gain(self, value: Decimal, cost: Decimal, excess: Decimal) -> Decimal:
        """How much the sum of squared drifts falls by such a step, cash at ``excess``."""
        own = multiply(value, subtract(add(self.lacks, self.lacks), value))
        return add(own, multiply(cost, subtract(add(excess, excess), cost)))

    def take(self) -> None:
        """Take the next step."""
        lots = self._lots()
        self.net += lots
        self.lacks = subtract(self.lacks, multiply(Decimal(lots), self.value))

    def target(self) -> Decimal:
        """Units it is to hold, in whole lots: for odd units no order is made."""
        lot = self.asset.instrument.lot
        whole = multiply(lot, Decimal(floor_divide(self.asset.held, lot)))
        if self.net > 0 and whole != self.asset.held:
            whole = add(whole, lot)
        return add(whole, multiply(lot, Decimal(self.net)))

    def _lots(self) -> int:
        if self.net >= 0:
            return max(self.at_once, self.least_buy - self.net)
        left = -self.net - self.at_once
        return self.at_once if left >= self.least_sale else -self.net


@dataclass(slots=True)
class _Purse:
    """Cash while lots are added: all there is, what orders are worth and cost so far."""

    cash: Decimal
    worth: Decimal
    cost: Decimal
    share: Decimal
    """Of the cash that orders may be worth, a fraction of one."""

    def pays(self, worth: Decimal, cost: Decimal) -> bool:
        """Whether one more lot leaves no cash missing; ``worth`` zero: it is sold no more."""
        if not worth:
            cash = subtract(self.cash, cost)
            return self.cost <= cash and self.worth <= multiply(cash, self.share)
        return add(self.cost, cost) <= self.cash and add(self.worth, worth) <= multiply(
            self.cash, self.share
        )

    def pay(self, worth: Decimal, cost: Decimal) -> None:
        if worth:
            self.worth, self.cost = add(self.worth, worth), add(self.cost, cost)
        else:
            self.cash = subtract(self.cash, cost)


def nearest_targets(
    portfolio: Portfolio,
    weights: Mapping[Symbol, Decimal],
    fees: Fees,
    buffer_percent: Decimal,
) -> dict[Symbol, Decimal]:
    """Round as ``floor_targets``, then add lots that lower the tracking error.

    Every step lowers it, so the result is never worse than rounding down. Cash is never short: at
    their limits, fees paid, all buys together stay inside ``buffer_percent`` of what there is.
    """
    targets = floor_targets(portfolio, weights)
    traded = {ticker: _lots_traded(portfolio.assets[ticker], targets[ticker]) for ticker in targets}
    purse, excess = _purse(portfolio, traded, weights, fees, buffer_percent)
    equity = portfolio.equity
    candidates = [
        _candidate(portfolio.assets[ticker], traded[ticker], percent(equity, weight), fees)
        for ticker, weight in weights.items()
        if weight
    ]
    for each in candidates:
        at_once = floor_divide(excess, multiply(each.value, Decimal(STEPS)))
        each.at_once = max(at_once, 1)
    while True:
        excess = _add_steps(candidates, purse, excess)
        if all(each.at_once == 1 for each in candidates):
            break
        for each in candidates:
            each.at_once = max(each.at_once // 4, 1)
    for each in candidates:
        ticker = each.asset.ticker
        if each.net != traded[ticker]:
            targets[ticker] = each.target()
    return targets


def _add_steps(candidates: Sequence[_Candidate], purse: _Purse, excess: Decimal) -> Decimal:
    """Take steps until none brings the weights nearer; return the excess of cash that is left.

    First comes what its ticker lacks most. Cash takes no part in that, or dear lots would come
    first, however little they are wanted, only for the cash that they take.
    """
    heap = [(each.surplus(), at) for at, each in enumerate(candidates)]
    heapify(heap)
    while heap:
        _, at = heap[0]
        each = candidates[at]
        value, worth, cost = each.step()
        # Cash only falls: what it does not pay for now, or what brings nothing now, never comes.
        if each.gain(value, cost, excess) <= ZERO or not purse.pays(worth, cost):
            heappop(heap)
            continue
        purse.pay(worth, cost)
        excess = subtract(excess, cost)
        each.take()
        heapreplace(heap, (each.surplus(), at))
    return excess


def _lots_traded(asset: Asset, target: Decimal) -> int:
    """Whole lots that are ordered on the way to a target, sold ones below zero.

    None where the market finds the order too small.
    """
    change = subtract(target, asset.held)
    if not change:
        return 0
    lot = asset.instrument.lot
    if change > ZERO:
        count = floor_divide(change, lot)
        return count if count >= _least(asset, Side.BUY) else 0
    count = floor_divide(min(EXACT.minus(change), asset.may_sell), lot)
    return -count if count >= _least(asset, Side.SELL) else 0


def _least(asset: Asset, side: Side) -> int:
    """Lots of the smallest order that the market takes."""
    least = asset.instrument.min_notional
    if not least:
        return 1
    worth = multiply(asset.instrument.lot, limit_price(asset, side))
    return max(-floor_divide(EXACT.minus(least), worth), 1)


def _candidate(asset: Asset, traded: int, goal: Decimal, fees: Fees) -> _Candidate:
    assert asset.price is not None  # Portfolio.problems was asked before
    lot = asset.instrument.lot
    worth = multiply(lot, limit_price(asset, Side.BUY))
    sold = multiply(lot, limit_price(asset, Side.SELL)) if traded < 0 else ZERO
    after = add(asset.held, multiply(lot, Decimal(traded)))
    return _Candidate(
        asset=asset,
        net=traded,
        lacks=subtract(goal, multiply(after, asset.price)),
        value=multiply(lot, asset.price),
        bought=(worth, fees.cost(worth)),
        kept=(ZERO, fees.proceeds(sold, asset)),
        least_buy=_least(asset, Side.BUY),
        least_sale=_least(asset, Side.SELL) if traded < 0 else 1,
    )


def _purse(
    portfolio: Portfolio,
    traded: Mapping[Symbol, int],
    weights: Mapping[Symbol, Decimal],
    fees: Fees,
    buffer_percent: Decimal,
) -> tuple[_Purse, Decimal]:
    """Cash when so many lots are traded, and how much of it is above what is wanted."""
    cash, worth = portfolio.cash, ZERO
    for ticker, asset in portfolio.assets.items():
        units = multiply(asset.instrument.lot, Decimal(abs(traded[ticker])))
        if traded[ticker] > 0:
            worth = add(worth, multiply(units, limit_price(asset, Side.BUY)))
        elif units:
            sold = multiply(units, limit_price(asset, Side.SELL))
            cash = add(cash, fees.proceeds(sold, asset))
    cost = fees.cost(worth)
    wanted = percent(portfolio.equity, subtract(HUNDRED, total(weights.values())))
    excess = subtract(subtract(cash, cost), wanted)
    return _Purse(cash, worth, cost, buffer_percent.scaleb(-2, EXACT)), excess


def tracking_error(drifts: Iterable[Decimal], whole: Decimal) -> Decimal:
    """Root of the sum of squared drifts, in percent of ``whole``; drifts are values.

    All tickers and cash have to be among them. For people: rounded to ``TRACKING_PLACES``.
    """
    if not whole:
        return ZERO
    squares = total(multiply(drift, drift) for drift in drifts)
    share = multiply(squares, Decimal(10_000))
    return root(divide(share, multiply(whole, whole), 2 * TRACKING_PLACES + 2), TRACKING_PLACES)
