from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.decimals import ZERO, total
from algorithms.domain import Side
from algorithms.loc.curve import LocOrder
from algorithms.loc.handover import Execution, Piece, hand_over
from algorithms.loc.settlement import Share

D = Decimal


def share(units: int, netted: int = 0) -> Share:
    order = LocOrder("o", Side.BUY, D(100), D(units + netted) or D(1))
    return Share(order, D(netted), D(units))


def test_fees_follow_the_units_that_came_from_the_broker() -> None:
    pieces = hand_over([share(30), share(0, netted=50), share(10)], [Execution(D(40), D(99), D(4))])
    assert pieces == [Piece(0, D(30), D(99), D(3)), Piece(2, D(10), D(99), D(1))]


def test_executions_at_two_prices_go_to_the_oldest_orders_first() -> None:
    executions = [Execution(D(3), D(99), D(0)), Execution(D(2), D("98.5"), D(1))]
    assert hand_over([share(4), share(1)], executions) == [
        Piece(0, D(3), D(99), D(0)),
        Piece(0, D(1), D("98.5"), D("0.5")),
        Piece(1, D(1), D("98.5"), D("0.5")),
    ]


@pytest.mark.parametrize(("units", "more"), [(4, "less"), (6, "less"), (3, "more")])
def test_what_the_orders_get_is_what_the_executions_gave(units: int, more: str) -> None:
    given_ = 5 if more == "more" else 3
    with pytest.raises(ValueError, match=more):
        hand_over([share(units)], [Execution(D(given_), D(99), D(0))])


@given(
    st.lists(st.integers(0, 50), min_size=1, max_size=6),
    st.lists(st.sampled_from([D(99), D(100)]), min_size=1, max_size=5),
    st.integers(0, 10**9),
)
def test_nothing_is_left_and_nobody_gets_another_s(
    wishes: list[int], prices: list[Decimal], fee: int
) -> None:
    whole = sum(wishes)
    cuts = [whole * n // len(prices) for n in range(len(prices) + 1)]
    executions = [
        Execution(D(high - low), price, D(fee).scaleb(-6))
        for price, low, high in zip(prices, cuts, cuts[1:], strict=False)
        if high > low
    ]
    pieces = hand_over([share(units) for units in wishes], executions)
    for at, units in enumerate(wishes):
        assert total(piece.quantity for piece in pieces if piece.at == at) == units
    for price in set(prices):
        of_price = [piece for piece in pieces if piece.price == price]
        paid = total(each.fee for each in executions if each.price == price)
        assert total(piece.fee for piece in of_price) == paid
    assert all(piece.fee >= ZERO for piece in pieces)
