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

    ticker: Symbol
    lot: Decimal
    target: Decimal
    """Units it is to hold, as far as decided."""
    lacks: Decimal
    """Value that it lacks to its weight; below zero: has too much."""
    value: Decimal
    """At the current price."""
    bought: tuple[Decimal, Decimal]
    """Order value of a lot more, and cash with fees."""
    kept: tuple[Decimal, Decimal]
    """The same while it is still to be sold: no order, and what its sale would have brought."""
    unsold: int
    """Lots that are still to be sold."""
    at_once: int
    """Lots of one step. Small lots are taken many at a time first, or steps would never end."""

    def step(self) -> tuple[Decimal, Decimal, Decimal]:
        """Value, order value and cost of the next step: to keep and to buy is not mixed."""
        worth, cost = self.kept if self.unsold else self.bought
        lots = self._lots()
        if lots == 1:
            return self.value, worth, cost
        many = Decimal(lots)
        return multiply(self.value, many), multiply(worth, many), multiply(cost, many)

    def gain(self, excess: Decimal) -> Decimal:
        """How much the sum of squared drifts falls by the next step, cash at ``excess``."""
        value, _, cost = self.step()
        own = multiply(value, subtract(add(self.lacks, self.lacks), value))
        cash = multiply(cost, subtract(add(excess, excess), cost))
        return add(own, cash)

    def take(self) -> None:
        """Take the next step."""
        lots = self._lots()
        self.target = add(self.target, multiply(Decimal(lots), self.lot))
        self.lacks = subtract(self.lacks, multiply(Decimal(lots), self.value))
        self.unsold = max(self.unsold - lots, 0)

    def _lots(self) -> int:
        return min(self.at_once, self.unsold) if self.unsold else self.at_once


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
        _candidate(portfolio.assets[ticker], targets[ticker], multiply(equity, weight), fees)
        for ticker, weight in weights.items()
        if weight
    ]
    for each in candidates:
        at_once = floor_divide(excess, multiply(each.value, Decimal(STEPS)))
        each.at_once = max(at_once, 1)
    while True:
        excess = _add_steps(candidates, purse, excess)
        if all(each.at_once == 1 for each in candidates):
            return targets | {each.ticker: each.target for each in candidates}
        for each in candidates:
            each.at_once = max(each.at_once // 2, 1)


def _add_steps(candidates: Sequence[_Candidate], purse: _Purse, excess: Decimal) -> Decimal:
    """Take the step that gains most, until none gains; return the excess of cash that is left."""
    # Cash falls with every step, and with it what any step gains. So a gain reckoned earlier is
    # never too small: the best of the heap, reckoned anew and still the best, is the best.
    heap = [(EXACT.minus(each.gain(excess)), at) for at, each in enumerate(candidates)]
    heapify(heap)
    while heap:
        reckoned, at = heappop(heap)
        each = candidates[at]
        gain = each.gain(excess)
        if gain <= ZERO:
            continue
        if EXACT.minus(gain) != reckoned:
            heappush(heap, (EXACT.minus(gain), at))
            continue
        _, worth, cost = each.step()
        if not purse.pays(worth, cost):
            continue
        purse.pay(worth, cost)
        excess = subtract(excess, cost)
        each.take()
        heappush(heap, (EXACT.minus(each.gain(excess)), at))
    return excess


def _candidate(asset: Asset, target: Decimal, hundredfold: Decimal, fees: Fees) -> _Candidate:
    assert asset.price is not None  # Portfolio.problems was asked before
    lot = asset.instrument.lot
    worth = multiply(lot, limit_price(asset, Side.BUY))
    surplus = subtract(asset.held, target)
    unsold = floor_divide(surplus, lot) if surplus > ZERO else 0
    sold = multiply(lot, limit_price(asset, Side.SELL)) if unsold else ZERO
    return _Candidate(
        ticker=asset.ticker,
        lot=lot,
        target=target,
        lacks=subtract(hundredfold.scaleb(-2, EXACT), multiply(target, asset.price)),
        value=multiply(lot, asset.price),
        bought=(worth, fees.cost(worth)),
        kept=(ZERO, fees.proceeds(sold, asset)),
        unsold=unsold,
        at_once=1,
    )


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
            cash = add(cash, fees.proceeds(sold, asset))
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
