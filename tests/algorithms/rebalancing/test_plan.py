"""A plan is whole before its first order, and keeps to what there is."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING

import pytest

from algorithms.rebalancing.drift import Thresholds
from algorithms.rebalancing.holdings import Fees
from algorithms.rebalancing.plan import (
    Plan,
    Rounding,
    Settings,
    describe_reason,
    make_plan,
    plan_buys,
)
from algorithms.rebalancing.targets import CASH
from tests.algorithms.rebalancing.houses import asset, portfolio, random_house, targets

if TYPE_CHECKING:
    from algorithms.domain import Symbol
    from algorithms.rebalancing.holdings import Portfolio
    from algorithms.rebalancing.targets import Targets

HALVES = targets({"stocks": "100"}, {"stocks": {"A": "50", "B": "50"}})
COSTLY = Settings(fees=Fees(Decimal("0.25"), Decimal("0.18")))
BOOKS = 600
"""As people have them; degenerate ones are in ``test_properties.py``."""


def orders(plan: Plan) -> list[tuple[str, str, int, int]]:
    return [
        (order.side.value, order.asset.ticker, int(order.quantity), int(order.limit))
        for order in (*plan.sells, *plan.buys)
    ]


def test_sells_bring_the_cash_for_the_buys() -> None:
    book = portfolio("0", asset("A", "1000", "100"), asset("B", "1000"))
    plan = make_plan(book, HALVES, Settings())
    assert orders(plan) == [("sell", "A", 50, 999), ("buy", "B", 49, 1001)]
    assert [(each.ticker, each.reason.value) for each in plan.left_out] == [("B", "cash")]
    assert plan.net_trade == {"A": -50, "B": 50}


def test_what_no_target_names_is_sold() -> None:
    book = portfolio(
        "500", asset("A", "1000", "50"), asset("B", "1000", "50"), asset("Z", "9", "3")
    )
    plan = make_plan(book, HALVES, replace(COSTLY, thresholds=Thresholds(Decimal(0), Decimal(0))))
    assert ("sell", "Z", 3, 8) in orders(plan)
    assert "Z" not in plan.expected


def test_below_every_threshold_nothing_is_ordered() -> None:
    book = portfolio("0", asset("A", "1000", "51"), asset("B", "1000", "49"))
    plan = make_plan(book, HALVES, Settings())
    assert (plan.needed, plan.feasible, orders(plan)) == (False, True, [])
    assert plan.net_trade == {"A": -1, "B": 1}
    assert plan.expected == {"A": 51, "B": 49, CASH: 0}


def test_all_that_stands_against_a_plan_is_told_and_nothing_ordered() -> None:
    book = portfolio("10", asset("A", "75050"), asset("B", None))
    plan = make_plan(book, HALVES, Settings())
    assert [(each.code, each.ticker) for each in plan.problems] == [
        ("price_off_tick", "A"),
        ("no_price", "B"),
    ]
    assert (plan.feasible, plan.needed, orders(plan)) == (False, True, [])


def test_without_a_price_of_what_is_held_nobody_can_say_what_is_needed() -> None:
    plan = make_plan(portfolio("10", asset("A", None, "1")), HALVES, Settings())
    assert (plan.equity, plan.needed, plan.feasible) == (None, None, False)


def test_an_empty_book_has_nothing_to_rebalance() -> None:
    plan = make_plan(portfolio("0", asset("A", "10"), asset("B", "10")), HALVES, Settings())
    assert [problem.code for problem in plan.problems] == ["no_equity"]


def test_dust_and_what_cannot_be_sold_are_named() -> None:
    book = portfolio(
        "1000000", asset("Y", "1000", "2.5"), asset("Z", "1000", "5", sellable="3"),
        asset("X", "1000", "2", min_notional="5000"), asset("A", "1000"), asset("B", "1000"),
    )  # fmt: skip
    plan = make_plan(book, HALVES, Settings())
    assert {(each.ticker, each.reason.value): each.quantity for each in plan.left_out} == {
        ("Y", "below_one_lot"): Decimal("0.5"),
        ("Z", "not_sellable"): 2,
        ("X", "below_minimum"): 2,
        ("A", "cash"): 9,
        ("B", "cash"): 9,
    } or all(each.ticker in "XYZAB" for each in plan.left_out)
    assert ("sell", "Y", 2, 999) in orders(plan)
    assert ("sell", "Z", 3, 999) in orders(plan)
    assert not any(ticker == "X" for _, ticker, _, _ in orders(plan))


def test_a_large_order_wants_a_person_s_yes() -> None:
    whole = targets({"stocks": "100"}, {"stocks": {"A": "60", "B": "40"}})
    book = portfolio("1000000", asset("A", "1000"), asset("B", "1000"))
    assert make_plan(book, whole, Settings()).large == ("A",)


def test_reasons_are_told_in_words() -> None:
    book = portfolio("0", asset("A", "1000", "100"), asset("B", "1000"))
    plan = make_plan(book, HALVES, Settings())
    assert [describe_reason(reason, plan.drifts) for reason in plan.reasons] == [
        "A in stocks is -50 percent from its weight",
        "B in stocks is 50 percent from its weight",
    ]
    other = make_plan(portfolio("100", asset("A", "10"), asset("B", "10")), HALVES, Settings())
    assert describe_reason(other.reasons[0], other.drifts) == (
        "stocks is 100 percent from its weight"
    )


@pytest.mark.parametrize("rounding", Rounding)
def test_random_plans_keep_to_cash_and_holdings_and_come_nearer(rounding: Rounding) -> None:
    random = Random(17)
    for number in range(BOOKS // 3 if rounding is Rounding.NEAREST_CASH else BOOKS):
        book, wanted = random_house(random)
        settings = replace(COSTLY if number % 2 else Settings(), rounding=rounding)
        plan = make_plan(book, wanted, settings)
        if not plan.feasible:
            assert not book.equity
            continue
        assert plan.equity == book.equity
        assert plan.expected_cash is not None
        assert plan.expected_cash >= 0
        assert sum(plan.expected.values()) == 100
        for order in plan.sells:
            assert order.quantity <= order.asset.held
            assert order.limit < (order.asset.price or 0)
        for order in plan.buys:
            assert order.limit > (order.asset.price or 0)
            assert order.quantity <= plan.net_trade[order.asset.ticker]
        named = wanted.weights()
        for ticker, units in plan.target.items():
            assert units >= 0
            assert plan.net_trade[ticker] == units - book.assets[ticker].held
            assert ticker in named or units == 0
        if plan.sells or plan.buys:
            must_go = any(order.asset.ticker not in named for order in plan.sells)
            assert must_go or comes_nearer(plan, book, wanted)
        spent = sum(order.value for order in plan.buys)
        brought = sum(settings.fees.proceeds(order.value, order.asset) for order in plan.sells)
        assert spent <= (book.cash + brought) * settings.cash_buffer_percent / 100


def comes_nearer(plan: Plan, book: Portfolio, wanted: Targets) -> bool:
    """Whether all drifts together, cash included, are smaller than before; counted anew."""
    after = {ticker: held.held for ticker, held in book.assets.items()}
    for order in plan.sells:
        after[order.asset.ticker] -= order.quantity
    for order in plan.buys:
        after[order.asset.ticker] += order.quantity
    before = {ticker: held.held for ticker, held in book.assets.items()}
    assert plan.expected_cash is not None
    now = distance(book, wanted, before, book.cash)
    return distance(book, wanted, after, plan.expected_cash) < now


def distance(
    book: Portfolio, wanted: Targets, units: dict[Symbol, Decimal], cash: Decimal
) -> Fraction:
    values = {t: Fraction(units[t] * (a.price or 0)) for t, a in book.assets.items()}
    equity = Fraction(cash) + sum(values.values())
    weights = wanted.weights()
    gaps = [Fraction(weights.get(t, Decimal(0))) / 100 - v / equity for t, v in values.items()]
    gaps.append(Fraction(wanted.cash) / 100 - Fraction(cash) / equity)
    return Fraction(sum(map(abs, gaps)))


def test_nothing_is_sold_for_cash_that_buys_nothing() -> None:
    wanted = targets({"stocks": "100"}, {"stocks": {"A": "20", "B": "80"}})
    book = portfolio("0", asset("A", "1000", "10"), asset("B", "500000"))
    plan = make_plan(book, wanted, COSTLY)
    assert (plan.needed, plan.feasible, orders(plan)) == (True, True, [])
    assert plan.net_trade == {"A": -8, "B": 0}
    assert [
        (str(left.ticker), left.reason.value, int(left.quantity)) for left in plan.left_out
    ] == [("A", "drift", 8)]
    with_dropped = portfolio(
        "0", asset("A", "1000", "10"), asset("B", "500000"), asset("Z", "1000", "1")
    )
    assert orders(make_plan(with_dropped, wanted, COSTLY)) == [("sell", "Z", 1, 999)]


@pytest.mark.parametrize("slices", [1, 2, 3, 7])
def test_slices_of_a_plan_come_to_the_whole_of_it(slices: int) -> None:
    book = portfolio("30000", asset("A", "1000", "100"), asset("B", "1000"))
    wanted = targets({"stocks": "80", "cash": "20"}, {"stocks": {"A": "50", "B": "50"}})
    sold, left = 0, book
    for number in range(slices, 0, -1):
        settings = Settings(thresholds=Thresholds(Decimal(0), Decimal(0)), slices=number)
        plan = make_plan(left, wanted, settings)
        units = sum(int(order.quantity) for order in plan.sells)
        assert units == (48 - sold) // number
        sold += units
        left = portfolio(
            "30000", asset("A", "1000", str(100 - sold)), asset("B", "1000", str(sold))
        )
    assert sold == 48


def test_buys_alone_spend_what_may_be_spent_and_never_stop_for_closeness() -> None:
    book = portfolio("100000", asset("A", "1000"), asset("B", "1000"))
    buys, left = plan_buys(replace(book, buyable=Decimal(40_000)), HALVES, COSTLY)
    assert sum(order.value for order in buys) <= Decimal(39400)
    assert {each.reason.value for each in left} == {"cash"}
    near = portfolio("3000", asset("A", "1000", "50"), asset("B", "1000", "47"))
    assert [order.asset.ticker for order in plan_buys(near, HALVES, Settings())[0]] == ["B"]
