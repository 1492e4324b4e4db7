"""Whole lots: how many of each ticker a book should hold.

``floor`` rounds every target down. ``nearest_cash`` goes on from there: it spends what that
leaves over on the lots that bring the weights, cash included, nearer to the targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from algorithms.decimals import (
    EXACT,
    HUNDRED,
    ZERO,
    add,
    divide,
    floor_divide,
    multiply,
    root,
    subtract,
    total,
)
from algorithms.domain import Side
from algorithms.rebalancing.orders import limit_price

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from algorithms.domain import Symbol
    from algorithms.rebalancing.holdings import Asset, Fees, Portfolio

TRACKING_PLACES = 8


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
    """One ticker that may get one more lot."""

    asset: Asset
    target: Decimal
    """Units it is to hold, as far as decided."""
    lacks: Decimal
    """Value that it lacks to its weight; below zero: has too much."""
    value: Decimal
    """What a lot is worth at the current price."""

    def cost(self, fees: Fees) -> tuple[Decimal, Decimal]:
        """What one more lot costs: order value, and cash with fees.

        While it is still to be sold a lot costs what its sale would have brought.
        """
        lot = self.asset.instrument.lot
        if add(self.target, lot) <= self.asset.held:
            worth = multiply(lot, limit_price(self.asset, Side.SELL))
            return ZERO, fees.proceeds(worth)
        worth = multiply(lot, limit_price(self.asset, Side.BUY))
        return worth, fees.cost(worth)

    def gain(self, excess: Decimal, fees: Fees) -> Decimal:
        """How much the sum of squared drifts falls by one more lot, cash at ``excess``."""
        _, cost = self.cost(fees)
        own = multiply(self.value, subtract(add(self.lacks, self.lacks), self.value))
        cash = multiply(cost, subtract(add(excess, excess), cost))
        return add(own, cash)


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
    """Round as ``floor_targets``, then add the lots that lower the tracking error most.

    Every step lowers it, so the result is never worse than rounding down. Cash is never short: at
    their limits, fees paid, all buys together stay inside ``buffer_percent`` of what there is.
    """
    targets = floor_targets(portfolio, weights)
    purse, excess = _purse(portfolio, targets, weights, fees, buffer_percent)
    equity = portfolio.equity
    candidates = [
        _candidate(portfolio.assets[ticker], targets[ticker], multiply(equity, weight))
        for ticker, weight in weights.items()
        if weight
    ]
    # Cash falls with every lot, and with it what any lot gains. So a gain reckoned earlier is
    # never too small: the best of the heap, reckoned anew and still the best, is the best.
    heap = [(EXACT.minus(each.gain(excess, fees)), at) for at, each in enumerate(candidates)]
    heapify(heap)
    while heap:
        reckoned, at = heappop(heap)
        each = candidates[at]
        gain = each.gain(excess, fees)
        if gain <= ZERO:
            continue
        if EXACT.minus(gain) != reckoned:
            heappush(heap, (EXACT.minus(gain), at))
            continue
        worth, cost = each.cost(fees)
        if not purse.pays(worth, cost):
            continue
        purse.pay(worth, cost)
        excess = subtract(excess, cost)
        each.target = add(each.target, each.asset.instrument.lot)
        each.lacks = subtract(each.lacks, each.value)
        heappush(heap, (EXACT.minus(each.gain(excess, fees)), at))
    return targets | {each.asset.ticker: each.target for each in candidates}


def _candidate(asset: Asset, target: Decimal, hundredfold: Decimal) -> _Candidate:
    assert asset.price is not None  # Portfolio.problems was asked before
    lacks = subtract(hundredfold.scaleb(-2, EXACT), multiply(target, asset.price))
    return _Candidate(asset, target, lacks, multiply(asset.instrument.lot, asset.price))


def _purse(
    portfolio: Portfolio,
    targets: Mapping[Symbol, Decimal],
    weights: Mapping[Symbol, Decimal],
    fees: Fees,
    buffer_percent: Decimal,
) -> tuple[_Purse, Decimal]:
    """Cash when all is traded to ``targets``, and how much of it is above what is wanted."""
    cash, worth = portfolio.cash, ZERO
    for ticker, asset in portfolio.assets.items():
        change = subtract(targets[ticker], asset.held)
        if change > ZERO:
            worth = add(worth, multiply(change, limit_price(asset, Side.BUY)))
        elif change < ZERO:
            units = min(asset.instrument.floor_to_lot(EXACT.minus(change)), asset.may_sell)
            sold = multiply(units, limit_price(asset, Side.SELL)) if units else ZERO
            cash = add(cash, fees.proceeds(sold))
    cost = fees.cost(worth)
    wanted = multiply(portfolio.equity, subtract(HUNDRED, total(weights.values())))
    excess = subtract(subtract(cash, cost), wanted.scaleb(-2, EXACT))
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
