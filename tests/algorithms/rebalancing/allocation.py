"""Another way to round weights to whole shares, to measure ours against.

The greedy discrete allocation of PyPortfolioOpt 1.6.0 (MIT licence), step for step, in exact
numbers. The package itself brings a solver and some 200 MB that nothing else here needs.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from algorithms.domain import Symbol
from algorithms.rebalancing.rounding import tracking_error
from tests.algorithms.rebalancing.houses import FINE, asset, portfolio, random_weights

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from algorithms.rebalancing.holdings import Portfolio

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


def drawn(count: int) -> Iterator[tuple[Portfolio, dict[Symbol, Decimal], dict[Symbol, Decimal]]]:
    """Draw books as people have them: 2 to 30 tickers of very different prices, all in cash."""
    random = Random(2026)
    for _ in range(count):
        names = [Symbol(f"T{number}") for number in range(random.randint(2, 30))]
        weights = {Symbol(t): w for t, w in random_weights(random, [*names]).items()}
        prices = {name: Decimal(int(10 ** random.uniform(0, 3.5) * 100)) / 100 for name in names}
        cash = Decimal(int(10 ** random.uniform(3.7, 6)))
        book = portfolio(str(cash), *(asset(t, str(p), ticks=FINE) for t, p in prices.items()))
        yield book, weights, prices


def error_of(
    book: Portfolio, weights: dict[Symbol, Decimal], units: dict[Symbol, Decimal]
) -> Decimal:
    """Return the tracking error, in percent, of a book in cash that has bought these units."""
    values = {t: units[t] * (book.assets[t].price or Decimal(0)) for t in weights}
    gaps = [book.cash * weights[t] / 100 - values[t] for t in weights]
    return tracking_error([*gaps, sum(values.values()) - book.cash], book.cash)
