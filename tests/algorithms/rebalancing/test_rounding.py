"""Whole lots: rounded down, or as near to the weights as the cash allows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from algorithms.domain import Symbol
from algorithms.rebalancing.holdings import Fees
from algorithms.rebalancing.rounding import floor_targets, nearest_targets, tracking_error
from tests.algorithms.rebalancing.allocation import drawn, error_of, greedy
from tests.algorithms.rebalancing.houses import (
    FINE,
    asset,
    named,
    portfolio,
    random_weights,
)

ALL = Decimal(100)
PORTFOLIOS = 1000
NOTE = Path(__file__).parents[3] / "docs" / "explanation" / "rebalancing.md"


def test_the_published_targets_hold() -> None:
    case = named("target quantities and net trades")
    assets = [
        asset(ticker, price, str(case["held"][ticker]), kind="etf" if ticker == "C" else "stock")
        for ticker, price in case["prices"].items()
    ]
    book = portfolio(case["cash"], *assets)
    assert book.equity == Decimal(case["equity"])
    weights = {Symbol(ticker): Decimal(weight) for ticker, weight in case["weights"].items()}
    found = floor_targets(book, weights)
    assert found == case["target"]
    assert {ticker: units - book.assets[ticker].held for ticker, units in found.items()} == (
        case["net_trade"]
    )


def test_coins_are_rounded_to_their_lots() -> None:
    book = portfolio("1000", asset("BTC", "60000", lot="0.001", ticks=FINE))
    assert floor_targets(book, {Symbol("BTC"): ALL}) == {"BTC": Decimal("0.016")}


def test_leftover_cash_buys_the_lots_that_come_nearest() -> None:
    # 1,000 in halves: one A at 400 leaves 200 of B's and A's shares; B at 90 takes five, not six.
    book = portfolio("1000", asset("A", "400", ticks=FINE), asset("B", "90", ticks=FINE))
    weights = {Symbol("A"): Decimal(50), Symbol("B"): Decimal(50)}
    assert floor_targets(book, weights) == {"A": 1, "B": 5}
    assert nearest_targets(book, weights, Fees(), ALL) == {"A": 1, "B": 6}


def test_cash_that_is_wanted_is_not_spent() -> None:
    book = portfolio("1000", asset("A", "400", ticks=FINE))
    weights = {Symbol("A"): Decimal(50)}
    assert nearest_targets(book, weights, Fees(), ALL) == {"A": 1}
    assert nearest_targets(book, {Symbol("A"): Decimal(70)}, Fees(), ALL) == {"A": 2}


def test_a_lot_less_is_sold_if_that_comes_nearer() -> None:
    # A is sold a tick below 100 and B bought a tick above: without cash that does not go round.
    weights = {Symbol("A"): Decimal(88), Symbol("B"): Decimal(12)}
    for cash, kept in (("0", 8), ("1", 9)):
        book = portfolio(cash, asset("A", "100", "10", ticks=FINE), asset("B", "100", ticks=FINE))
        assert floor_targets(book, weights) == {"A": 8, "B": 1}
        assert nearest_targets(book, weights, Fees(), ALL) == {"A": kept, "B": 1}


def test_the_buffer_and_fees_are_kept_back() -> None:
    book = portfolio("1001", asset("A", "100", ticks=FINE))
    weights = {Symbol("A"): ALL}
    assert nearest_targets(book, weights, Fees(), ALL) == {"A": 10}
    assert nearest_targets(book, weights, Fees(), Decimal(98)) == floor_targets(book, weights)


@pytest.mark.parametrize(
    ("cash", "held", "weight", "least", "down", "nearest"),
    [
        # Seven are to be bought, and ten are the smallest order: three too many is nearer.
        ("1100", "45", "94", "1000", 52, 55),
        # Three are to be bought, and ten would be farther away: none are.
        ("1100", "45", "86", "1000", 48, 48),
        # One that is kept comes nearer, but nobody takes an order to sell the other four.
        ("0", "50", "91.5", None, 45, 46),
        ("0", "50", "91.5", "450", 45, 45),
    ],
)
def test_no_lot_is_counted_that_the_market_takes_no_order_for(
    cash: str, held: str, weight: str, least: str | None, down: int, nearest: int
) -> None:
    book = portfolio(cash, asset("A", "100", held, ticks=FINE, min_notional=least))
    weights = {Symbol("A"): Decimal(weight)}
    assert floor_targets(book, weights) == {"A": down}
    assert nearest_targets(book, weights, Fees(), ALL) == {"A": nearest}


def test_odd_units_count_and_only_whole_lots_are_added() -> None:
    book = portfolio("400", asset("A", "100", "1.5", ticks=FINE))
    assert nearest_targets(book, {Symbol("A"): Decimal(60)}, Fees(), ALL) == {"A": 4}


def test_small_lots_beside_large_ones_are_not_counted_one_by_one() -> None:
    # A share that is too dear leaves all its cash to a coin: 4 * 10**13 of its lots.
    book = portfolio(
        "1000000", asset("A", "900000", ticks=FINE), asset("B", "1", lot="0.00000001", ticks=FINE)
    )
    weights = {Symbol("A"): Decimal(40), Symbol("B"): Decimal(60)}
    found = nearest_targets(book, weights, Fees(), ALL)
    # Bought a tick above its price, it stops short of 800,000.
    assert found == {"A": 0, "B": 799_970}
    assert error_of(book, weights, found) < error_of(book, weights, floor_targets(book, weights))


def test_the_tracking_error_is_the_root_of_squared_drifts_in_percent() -> None:
    assert tracking_error([Decimal(3), Decimal(-4)], Decimal(100)) == 5
    assert tracking_error([Decimal(1)], Decimal(3)) == Decimal("33.33333333")
    assert tracking_error([], Decimal(0)) == 0


def test_a_thousand_random_portfolios_are_never_worse_than_rounded_down() -> None:
    """And on average no worse than the greedy allocation of PyPortfolioOpt."""
    sums = [Decimal(0)] * 3
    for book, weights, prices in drawn(PORTFOLIOS):
        ours = nearest_targets(book, weights, Fees(), ALL)
        theirs = greedy(weights, prices, book.cash)
        down, near, other = (
            error_of(book, weights, {Symbol(t): u for t, u in units.items()})
            for units in (floor_targets(book, weights), ours, theirs)
        )
        assert near <= down
        assert sum(units * prices[ticker] for ticker, units in ours.items()) <= book.cash
        sums = [total + each for total, each in zip(sums, (down, near, other), strict=True)]
    assert sums[1] <= sums[2]
    assert sums[1] < sums[0]
    means = [f"{each / PORTFOLIOS:.2f}" for each in sums]
    told = f"{means[0]} percent rounded down, {means[1]} with `nearest_cash`, {means[2]} with the"
    assert told in NOTE.read_text()


def test_many_small_weights_come_nearer_than_the_greedy_allocation() -> None:
    """Where each ticker has a share or two, what the last cash is spent for is most of it."""
    random, ours, theirs = Random(7), Decimal(0), Decimal(0)
    for _ in range(20):
        names = [f"T{number}" for number in range(random.randint(40, 80))]
        prices = {Symbol(name): Decimal(random.randint(5, 900)) for name in names}
        weights = {Symbol(t): w for t, w in random_weights(random, names).items()}
        book = portfolio("30000", *(asset(t, str(p), ticks=FINE) for t, p in prices.items()))
        near = nearest_targets(book, weights, Fees(), ALL)
        assert error_of(book, weights, near) <= error_of(
            book, weights, floor_targets(book, weights)
        )
        ours += error_of(book, weights, near)
        theirs += error_of(book, weights, greedy(weights, prices, book.cash))
    assert ours < theirs


def test_the_allocation_that_is_measured_against_is_that_of_the_package() -> None:
    package = pytest.importorskip(
        "pypfopt.discrete_allocation", reason="pip install PyPortfolioOpt"
    )
    series = pytest.importorskip("pandas").Series
    other = 0
    for book, weights, prices in drawn(PORTFOLIOS):
        shares, _ = package.DiscreteAllocation(
            {ticker: float(weight / 100) for ticker, weight in weights.items()},
            series({ticker: float(price) for ticker, price in prices.items()}),
            total_portfolio_value=float(book.cash),
        ).greedy_portfolio()
        theirs = {ticker: Decimal(int(shares.get(ticker, 0))) for ticker in weights}
        other += theirs != greedy(weights, prices, book.cash)
    assert other <= 2  # where binary floats decide
