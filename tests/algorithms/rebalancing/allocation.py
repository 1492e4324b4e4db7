"""Another way to round weights to whole shares, to measure ours against.

The greedy discrete allocation of PyPortfolioOpt 1.6.0 (MIT licence), step for step, in exact
numbers. The package itself brings a solver and some 200 MB that nothing else here needs.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from algorithms.domain import Symbol

SEARCHES_MAX = 10


def greedy(
    percents: Mapping[Symbol, Decimal], prices: Mapping[Symbol, Decimal], funds: Decimal
) -> dict[Symbol, Decimal]:
    """Shares of each ticker: first rounded down, then always the one with the largest deficit.

    Deficits are measured in what has been bought, not in all funds, as they do.
    """
    tickers = sorted(percents, key=lambda ticker: -percents[ticker])
    ideal = {ticker: Fraction(percents[ticker]) / 100 for ticker in tickers}
    price = {ticker: Fraction(prices[ticker]) for ticker in tickers}
    bought = {ticker: int(ideal[ticker] * Fraction(funds) / price[ticker]) for ticker in tickers}
    left = Fraction(funds) - sum(price[ticker] * bought[ticker] for ticker in tickers)
    while left > 0:
        spent = sum(price[ticker] * bought[ticker] for ticker in tickers)
        if not spent:
            break  # theirs divides by zero and buys nothing
        deficit = {
            ticker: ideal[ticker] - price[ticker] * bought[ticker] / spent for ticker in tickers
        }
        best = _affordable(deficit, price, left)
        if best is None:
            break
        bought[best] += 1
        left -= price[best]
    return {ticker: Decimal(bought[ticker]) for ticker in percents}


def _affordable(
    deficit: dict[Symbol, Fraction], price: Mapping[Symbol, Fraction], left: Fraction
) -> Symbol | None:
    best = max(deficit, key=deficit.__getitem__)
    searches = 0
    while price[best] > left:
        deficit[best] = Fraction(0)
        best = max(deficit, key=deficit.__getitem__)
        if deficit[best] < 0 or searches == SEARCHES_MAX:
            break
        searches += 1
    return None if deficit[best] <= 0 or searches == SEARCHES_MAX else best
