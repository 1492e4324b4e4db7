"""Another way to round weights to whole shares, to measure ours against.

The greedy discrete allocation of PyPortfolioOpt 1.6.0 (MIT licence), step for step, in exact
numbers. The package itself brings a solver and some 200 MB that nothing else here needs.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from algorithms.domain import Symbol

SEARCHES_MAX = 10
ALL = 10_000
"""Hundredths of a percent."""


def greedy(
    percents: Mapping[Symbol, Decimal], prices: Mapping[Symbol, Decimal], funds: Decimal
) -> dict[Symbol, Decimal]:
    """Shares of each ticker: first rounded down, then always the one with the largest deficit.

    Deficits are measured in what has been bought, not in all funds, as they do. All of it is
    reckoned in whole cents and hundredths of a percent; a deficit, times what has been spent.
    """
    tickers = sorted(percents, key=lambda ticker: -percents[ticker])
    ideal = {ticker: _whole(percents[ticker]) for ticker in tickers}
    price = {ticker: _whole(prices[ticker]) for ticker in tickers}
    bought = {ticker: ideal[ticker] * _whole(funds) // (ALL * price[ticker]) for ticker in tickers}
    spent = sum(price[ticker] * bought[ticker] for ticker in tickers)
    left = _whole(funds) - spent
    while left > 0 and spent:  # nothing spent: theirs divides by zero and buys nothing
        deficit = {
            ticker: ideal[ticker] * spent - ALL * price[ticker] * bought[ticker]
            for ticker in tickers
        }
        best = _affordable(deficit, price, left)
        if best is None:
            break
        bought[best] += 1
        left -= price[best]
        spent += price[best]
    return {ticker: Decimal(bought[ticker]) for ticker in percents}


def _whole(number: Decimal) -> int:
    found = int(number * 100)
    assert found == number * 100
    return found


def _affordable(
    deficit: dict[Symbol, int], price: Mapping[Symbol, int], left: int
) -> Symbol | None:
    best = max(deficit, key=deficit.__getitem__)
    searches = 0
    while price[best] > left:
        deficit[best] = 0
        best = max(deficit, key=deficit.__getitem__)
        if deficit[best] < 0 or searches == SEARCHES_MAX:
            break
        searches += 1
    return None if deficit[best] <= 0 or searches == SEARCHES_MAX else best
