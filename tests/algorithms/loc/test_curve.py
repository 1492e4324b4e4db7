"""The curve says for every close what the orders come to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from algorithms.loc.curve import LocOrder, Range, curve, stretches
from tests.algorithms.loc.books import (
    BANDS,
    CASES,
    CENTS,
    books,
    buy,
    closes,
    net_by_hand,
    orders_of,
    sell,
)


def bounds(each: Range) -> list[object]:
    low = None if each.low is None else str(each.low)
    high = None if each.high is None else str(each.high)
    return [low, each.low_included, high, each.high_included, int(each.net)]


def holds(each: Range, close: Decimal) -> bool:
    above = each.low is None or close > each.low or (close == each.low and each.low_included)
    below = each.high is None or close < each.high or (close == each.high and each.high_included)
    return above and below


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_published_cases_hold(case: dict[str, Any]) -> None:
    assert [bounds(each) for each in curve(orders_of(case))] == case["net"]


def test_no_orders_come_to_nothing_everywhere() -> None:
    assert [bounds(each) for each in curve([])] == [[None, False, None, False, 0]]


def test_market_on_close_fills_at_every_close() -> None:
    assert [bounds(each) for each in curve([buy(5, None), sell(2, None)])] == [
        [None, False, None, False, 3]
    ]


def test_the_same_price_many_times_is_one_step() -> None:
    found = curve([buy(n, "7.50") for n in range(1, 101)] + [buy(1, "7.5")])
    assert [bounds(each) for each in found] == [
        [None, False, "7.50", True, 5051],
        ["7.50", False, None, False, 0],
    ]


def test_an_order_of_nothing_is_none() -> None:
    for quantity, price in (("0", "1"), ("-1", "1"), ("1", "0"), ("1", "-2")):
        with pytest.raises(ValueError, match="above zero"):
            LocOrder("x", buy(1, 1).side, Decimal(price), Decimal(quantity))


def test_quantities_of_many_digits_stay_exact() -> None:
    one = Decimal("999999999999999999.999999999999999999")
    orders = [LocOrder(str(n), buy(1, 1).side, Decimal(1), one) for n in range(10)]
    assert curve(orders)[0].net == Decimal("9999999999999999999.999999999999999990")


@given(books())
def test_every_close_lies_in_one_range_and_nets_as_counted(orders: list[LocOrder]) -> None:
    ranges = curve(orders)
    quarter = Decimal("0.25")
    for close in closes(BANDS, (order.price for order in orders)):
        for between in (close - quarter, close, close + quarter):
            (found,) = [each for each in ranges if holds(each, between)]
            assert found.net == net_by_hand(orders, between)
    nets = [each.net for each in ranges]
    assert nets == sorted(nets, reverse=True)


@given(books())
def test_stretches_hold_every_valid_price_and_only_those(orders: list[LocOrder]) -> None:
    found = list(stretches(curve(orders), BANDS))
    for close in closes(BANDS, (order.price for order in orders)):
        (inside,) = [
            each
            for each in found
            if (each.lowest is None or each.lowest <= close)
            and (each.highest is None or close <= each.highest)
        ]
        assert holds(inside.range, close)


def test_a_range_without_a_valid_price_is_left_out() -> None:
    orders = [buy(1, "100"), sell(1, "100.01"), sell(1, "0.01")]
    ends = [(each.lowest, each.highest) for each in stretches(curve(orders), CENTS)]
    assert ends == [
        (Decimal("0.01"), Decimal(100)),
        (Decimal("100.01"), None),
    ]
