"""The ladder comes to the same as the orders at every close, and nothing smaller does."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from algorithms.domain import Side
from algorithms.instruments import KRX_STOCK, US_STOCK
from algorithms.loc.curve import curve
from algorithms.loc.ladder import Rung, cash_at_worst, cash_held, ladder
from tests.algorithms.loc.books import (
    BANDS,
    CASES,
    CENTS,
    books,
    buy,
    closes,
    net_by_hand,
    orders_of,
    random_book,
    sell,
)

if TYPE_CHECKING:
    from algorithms.instruments import TickTable
    from algorithms.loc.curve import LocOrder

ROUNDS = 3_000


def of(orders: list[LocOrder], ticks: TickTable = CENTS) -> list[list[object]]:
    return [
        [rung.side.value, None if rung.price is None else str(rung.price), int(rung.quantity)]
        for rung in ladder(curve(orders), ticks)
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_published_cases_hold(case: dict[str, Any]) -> None:
    expected = sorted(case["ladder"], key=lambda rung: Decimal(rung[1]), reverse=True)
    assert of(orders_of(case)) == expected


def test_no_orders_need_no_ladder() -> None:
    assert of([]) == []
    assert of([buy(5, None), sell(5, None)]) == []


def test_one_side_alone_stays_as_it_is() -> None:
    assert of([buy(1, 9), buy(2, 7)]) == [["buy", "9", 1], ["buy", "7", 2]]
    assert of([sell(1, 9), sell(2, 7)]) == [["sell", "9", 1], ["sell", "7", 2]]


def test_what_is_left_of_market_on_close_stays_market_on_close() -> None:
    assert of([buy(9, None), sell(4, 50)]) == [["buy", None, 5], ["buy", "49.99", 4]]
    assert of([sell(9, None), buy(4, 50)]) == [["sell", "50.01", 4], ["sell", None, 5]]


def test_orders_that_meet_at_neighbouring_ticks_leave_one_step() -> None:
    assert of([buy(5, "100"), sell(2, "100.01"), buy(4, "90")]) == [
        ["sell", "100.01", 2],
        ["buy", "100", 5],
        ["buy", "90", 4],
    ]
    assert of([buy(9, None), buy(5, "100"), sell(2, "100.01")]) == [
        ["buy", None, 7],
        ["buy", "100", 7],
    ]


def test_below_the_lowest_tick_there_is_no_price_to_buy_at() -> None:
    assert of([buy(5, "1"), sell(2, "0.01")]) == [["sell", "1.01", 2], ["buy", "1", 3]]


def test_ticks_are_those_of_the_instrument_on_both_sides_of_a_border() -> None:
    assert of([buy(5, "1"), sell(2, "1")], US_STOCK)[-1] == ["buy", "0.9999", 2]
    assert of([buy(5, "50000"), sell(2, "50000")], KRX_STOCK) == [
        ["sell", "50100", 2],
        ["buy", "50000", 3],
        ["buy", "49950", 2],
    ]


def must_hold(orders: list[LocOrder]) -> None:
    rungs = ladder(curve(orders), BANDS)
    grid = closes(BANDS, (order.price for order in orders))
    nets = [int(net_by_hand(orders, close)) for close in grid]
    assert [int(net_by_hand(rungs, close)) for close in grid] == nets
    # It never crosses: at no close do both sides fill.
    for close in grid:
        assert len({rung.side for rung in rungs if rung.fills_at(close)}) <= 1
    assert not {Side.BUY, Side.SELL} <= {rung.side for rung in rungs if rung.price is None}
    # Nothing smaller: each step of the curve needs an order of its side there, at the least.
    falls = [
        (max(low, 0) > max(high, 0)) + (min(low, 0) > min(high, 0)) for low, high in pairwise(nets)
    ]
    assert len(rungs) == sum(falls) + (nets[-1] > 0) + (nets[0] < 0)
    assert sum(r.quantity for r in rungs if r.side is Side.BUY) == max(nets[0], 0)
    assert sum(r.quantity for r in rungs if r.side is Side.SELL) == max(-nets[-1], 0)
    assert all(rung.price is None or BANDS.is_valid(rung.price) for rung in rungs)
    priced = [rung.price for rung in rungs if rung.price is not None]
    assert priced == sorted(priced, reverse=True)


@given(books())
def test_a_ladder_is_equal_uncrossed_and_smallest(orders: list[LocOrder]) -> None:
    must_hold(orders)


def test_thousands_of_random_books_have_such_a_ladder() -> None:
    random = Random(7)
    for _ in range(ROUNDS):
        must_hold(random_book(random, random.randint(0, 12)))


def test_no_other_orders_of_fewer_rungs_come_to_the_same() -> None:
    """Tried out, not argued: every set of fewer uncrossed orders on a small grid differs."""
    random = Random(3)
    prices = [Decimal(price) for price in (1, 2, 3, 4)]
    for _ in range(40):
        orders = [
            (buy if random.random() < 0.5 else sell)(random.randint(1, 2), random.randint(1, 4))
            for _ in range(4)
        ]
        rungs = ladder(curve(orders), BANDS)
        wanted = [net_by_hand(orders, Decimal(close)) for close in range(1, 6)]
        if rungs:
            assert wanted not in [
                [net_by_hand(others, Decimal(close)) for close in range(1, 6)]
                for others in _sets(prices, len(rungs) - 1)
            ]


def _sets(prices: list[Decimal], size: int) -> list[list[Rung]]:
    """Every set of up to ``size`` orders of one to four units that does not cross itself."""
    sets: list[list[Rung]] = [[]]
    for side in Side:
        for price in prices:
            more = [Rung(side, price, Decimal(units)) for units in range(1, 5)]
            sets += [[*old, rung] for old in sets if len(old) < min(size, 2) for rung in more]
    return [each for each in sets if not _crosses(each)]


def _crosses(rungs: list[Rung]) -> bool:
    buys = [rung.price for rung in rungs if rung.side is Side.BUY]
    sells = [rung.price for rung in rungs if rung.side is Side.SELL]
    return any(b is not None and s is not None and b >= s for b in buys for s in sells)


def test_the_worst_close_may_need_more_than_the_books_would() -> None:
    orders = [buy(500, 100), sell(100, 95), sell(150, 97), sell(200, 98)]
    rungs = ladder(curve(orders), CENTS)
    assert cash_at_worst(rungs) == Decimal(500) * Decimal("94.99")
    assert cash_at_worst(ladder(curve([sell(1, 5)]), CENTS)) == 0
    assert cash_at_worst(ladder(curve([buy(1, None)]), CENTS)) is None


def test_where_each_order_holds_its_cash_all_of_them_are_counted() -> None:
    rungs = ladder(curve([buy(5, 100), buy(5, 50), sell(2, 200)]), CENTS)
    assert cash_at_worst(rungs) == 500
    assert cash_held(rungs) == 750
    assert cash_held(ladder(curve([buy(1, None)]), CENTS)) is None


@given(books())
def test_no_close_takes_more_cash_than_the_worst(orders: list[LocOrder]) -> None:
    rungs = ladder(curve(orders), BANDS)
    grid = closes(BANDS, (order.price for order in orders))
    spent = [max(net_by_hand(rungs, close), Decimal(0)) * close for close in grid]
    worst = cash_at_worst(rungs)
    if worst is None:
        assert net_by_hand(rungs, grid[-1]) > 0
    else:
        assert worst == max(spent)
        held = cash_held(rungs)
        assert held is not None
        assert worst <= held
        # A ladder never holds more than its books have set aside for their own buys.
        own = [order.price for order in orders if order.side is Side.BUY]
        if None not in own:
            assert held <= sum(o.quantity * (o.price or 0) for o in orders if o.side is Side.BUY)
