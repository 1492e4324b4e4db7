"""The settlement gives every order its share, and all together what there was."""

from __future__ import annotations

import os
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.domain import Side
from algorithms.loc.curve import LocOrder, curve
from algorithms.loc.ladder import ladder
from algorithms.loc.settlement import SettlementError, net_at, settle
from tests.algorithms.loc.books import (
    BANDS,
    books,
    buy,
    closes,
    net_by_hand,
    orders_of,
    random_book,
    sell,
)

if TYPE_CHECKING:
    from algorithms.loc.settlement import Share

LOT = Decimal(1)
IS_DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
ROUNDS = 20_000 if IS_DEEP else 1_500
EXHAUSTED = 300 if IS_DEEP else 1


def shares(orders: list[LocOrder], close: int, given: int | None = None) -> list[tuple[int, int]]:
    """What each order got: from netting, from the broker."""
    units = None if given is None else Decimal(given)
    found = settle(orders, Decimal(close), LOT, units)
    return [(int(share.netted), int(share.broker)) for share in found]


def test_the_lighter_side_is_netted_wholly_and_the_rest_comes_from_the_broker() -> None:
    assert shares([buy(500, 100), sell(100, 95), sell(150, 97), sell(200, 98)], 98) == [
        (450, 50),
        (100, 0),
        (150, 0),
        (200, 0),
    ]


def test_the_heavier_side_shares_netting_in_proportion_the_rest_to_the_oldest() -> None:
    assert shares([buy(200, 100), sell(100, 95), sell(150, 97), sell(200, 98)], 98) == [
        (200, 0),
        (46, 54),
        (66, 84),
        (88, 112),
    ]


def test_orders_that_the_close_missed_get_nothing() -> None:
    assert shares([buy(5, 100), buy(3, 90), sell(2, 96)], 95) == [(0, 5), (0, 0), (0, 0)]
    assert shares([buy(5, 100)], 101) == [(0, 0)]
    assert settle([], Decimal(1), LOT) == []


def test_what_the_auction_cut_is_missing_at_the_close_first() -> None:
    orders = [buy(10, 102), buy(10, 100), buy(10, 100), buy(10, None)]
    assert shares(orders, 100, 35) == [(0, 10), (0, 7), (0, 8), (0, 10)]
    assert shares(orders, 100, 15) == [(0, 5), (0, 0), (0, 0), (0, 10)]
    assert shares(orders, 100, 4) == [(0, 0), (0, 0), (0, 0), (0, 4)]
    assert shares(orders, 100, 0) == [(0, 0)] * 4


def test_an_order_that_was_cut_has_less_to_net() -> None:
    assert shares([buy(500, 100), buy(100, 101), sell(300, 98)], 100, 0) == [
        (200, 0),
        (100, 0),
        (300, 0),
    ]


def test_a_sale_may_be_given_signed_or_by_its_size() -> None:
    orders = [sell(10, 90), buy(4, 95)]
    assert shares(orders, 95, -5) == shares(orders, 95, 5) == [(4, 5), (4, 0)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("7", "more than was asked for: the orders ask to buy 6 at this close"),
        ("-3", "a sale, but the orders ask to buy 6 at this close"),
        ("1.5", "not a whole number of lots of 1"),
    ],
)
def test_what_the_auction_cannot_have_given_is_refused(given: str, message: str) -> None:
    with pytest.raises(SettlementError, match=f"^{message}$"):
        settle([buy(10, 100), sell(4, 90)], Decimal(95), LOT, Decimal(given))
    with pytest.raises(SettlementError, match="the orders ask nothing at this close"):
        settle([buy(4, 100), sell(4, 90)], Decimal(95), LOT, LOT)


def test_coins_are_shared_in_their_lots() -> None:
    lot = Decimal("0.1")
    thirds = [LocOrder(str(n), Side.BUY, Decimal(5), lot) for n in range(3)]
    found = settle([*thirds, LocOrder("s", Side.SELL, None, Decimal("0.2"))], Decimal(5), lot)
    assert [share.netted for share in found] == [lot, lot, 0, Decimal("0.2")]
    assert [share.broker for share in found] == [0, 0, lot, 0]


def must_hold(orders: list[LocOrder], close: Decimal, given: Decimal, found: list[Share]) -> None:
    asked = net_at(orders, close)
    assert asked == net_by_hand(orders, close)
    bought = [share for share in found if share.order.side is Side.BUY]
    sold = [share for share in found if share.order.side is Side.SELL]
    heavy, light = (bought, sold) if asked >= 0 else (sold, bought)
    assert [share.order for share in found] == orders
    for share in found:
        assert share.netted >= 0
        assert share.broker >= 0
        most = share.order.quantity if share.order.fills_at(close) else 0
        assert share.filled <= most
    assert sum(share.netted for share in heavy) == sum(share.netted for share in light)
    assert all(not share.broker for share in light)
    assert all(share.filled == share.order.quantity for share in light if share.filled)
    assert sum(share.broker for share in heavy) == given
    if given == abs(asked):
        assert all((share.filled > 0) == share.order.fills_at(close) for share in found)
    # Only where the nearer to the close got nothing was a farther one cut.
    for near in heavy:
        for far in heavy:
            is_farther = _distance(far.order, close) > _distance(near.order, close)
            if is_farther and far.order.fills_at(close) and far.filled < far.order.quantity:
                assert not near.filled


def _distance(order: LocOrder, close: Decimal) -> Decimal:
    return Decimal(10**9) if order.price is None else abs(order.price - close)


@given(books(), st.data())
def test_books_and_broker_agree_at_every_close(orders: list[LocOrder], data: st.DataObject) -> None:
    for close in closes(BANDS, (order.price for order in orders)):
        asked = abs(net_at(orders, close))
        given = Decimal(data.draw(st.integers(0, int(asked))))
        must_hold(orders, close, given, settle(orders, close, LOT, given))


def test_thousands_of_random_books_agree_for_every_close_and_random_cuts() -> None:
    random = Random(11)
    for _ in range(ROUNDS):
        orders = random_book(random, random.randint(1, 10))
        close = random.choice(closes(BANDS, (order.price for order in orders)))
        asked = net_at(orders, close)
        rungs = ladder(curve(orders), BANDS)
        assert asked == net_by_hand(rungs, close)
        for units in {abs(asked), Decimal(random.randint(0, int(abs(asked))))}:
            must_hold(orders, close, units, settle(orders, close, LOT, units))


def test_a_few_books_agree_for_every_close_and_every_cut() -> None:
    random = Random(13)
    for _ in range(EXHAUSTED):
        orders = random_book(random, random.randint(1, 6))
        for close in closes(BANDS, (order.price for order in orders)):
            for units in map(Decimal, range(int(abs(net_at(orders, close))) + 1)):
                must_hold(orders, close, units, settle(orders, close, LOT, units))


def test_the_example_of_one_take_profit_sell() -> None:
    orders = orders_of({"orders": [["buy", "65.11", 28], ["sell", "63.73", 29, "TP"]]})
    found = settle(orders, Decimal("64.20"), LOT)
    assert [(int(share.netted), int(share.broker)) for share in found] == [(28, 0), (28, 1)]
