"""What a book has, and what keeps a plan from being made."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from algorithms.domain import Symbol
from algorithms.rebalancing.holdings import Fees, lots
from tests.algorithms.rebalancing.houses import asset, portfolio


def test_fees_add_to_a_buy_and_take_from_a_sale() -> None:
    fees = Fees(Decimal("0.25"), Decimal("0.18"))
    assert fees.cost(Decimal(10_000)) == Decimal(10_025)
    taxed = asset("A", "1000")
    assert fees.proceeds(Decimal(10_000), taxed) == Decimal(9_957)
    assert fees.proceeds(Decimal(10_000), replace(taxed, untaxed=True)) == Decimal(9_975)
    assert Fees().cost(Decimal(7)) == Fees().proceeds(Decimal(7), taxed) == 7


def test_equity_is_cash_and_holdings_at_current_prices() -> None:
    book = portfolio("358650", asset("A", "75000", "70"), asset("B", None), asset("C", "5"))
    assert book.equity == 358_650 + 70 * 75_000


def test_a_book_holds_nothing_below_zero() -> None:
    with pytest.raises(ValueError, match="nothing below zero"):
        asset("A", "1", "-1")


def test_only_whole_lots_that_are_free_can_be_sold() -> None:
    assert asset("A", "1", "12.5").may_sell == 12
    assert asset("A", "1", "12", sellable="7").may_sell == 7
    assert asset("A", "1", "12", sellable="20").may_sell == 12


def test_lots_are_counted_towards_zero() -> None:
    tenths = asset("A", "1", lot="0.1").instrument
    assert (lots(Decimal("0.39"), tenths), lots(Decimal("-0.39"), tenths)) == (3, -3)


def test_all_problems_are_found_at_once() -> None:
    book = portfolio(
        "0",
        asset("A", None, "5"),
        asset("B", "101043", kind="etf"),
        asset("C", "1", "3"),
        asset("D", "75000", "3", sellable="-1"),
        asset("E", None),
    )
    wanted = {Symbol("B"): Decimal(50), Symbol("X"): Decimal(50), Symbol("E"): Decimal(0)}
    found = [(problem.code, problem.ticker) for problem in book.problems(wanted)]
    assert found == [
        ("no_price", "A"),
        ("price_off_tick", "B"),
        ("no_lower_price", "C"),
        ("not_sellable", "D"),
        ("kept", "X"),
    ]
    (off,) = [each.message for each in book.problems(wanted) if each.ticker == "B"]
    assert off == "101043 is not on the tick 5: 101040 or 101045 would be"
