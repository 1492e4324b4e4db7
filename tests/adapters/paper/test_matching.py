from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.paper.matching import (
    MOST_PIECES,
    Touch,
    allows,
    auction_piece,
    next_piece,
    stop_is_reached,
    trading_price,
)
from algorithms.domain import Side

TOUCH = Touch(last=Decimal(100), bid=Decimal(99), ask=Decimal(101))
BUY, SELL = Side.BUY, Side.SELL


@pytest.mark.parametrize(
    ("side", "limit", "resting", "price"),
    [
        (BUY, None, False, 101),
        (SELL, None, False, 99),
        (BUY, 101, False, 101),
        (BUY, 105, False, 101),  # a taker gets the better touch
        (BUY, 105, True, 105),  # whoever rests is hit at his limit
        (BUY, 100, False, None),
        (SELL, 99, False, 99),
        (SELL, 90, False, 99),
        (SELL, 90, True, 90),
        (SELL, 100, False, None),
    ],
)
def test_an_order_trades_at_the_touch_or_where_it_rests(
    side: Side, limit: int | None, price: int | None, *, resting: bool
) -> None:
    decimal_limit = None if limit is None else Decimal(limit)
    expected = None if price is None else Decimal(price)
    assert trading_price(side, decimal_limit, TOUCH, resting=resting) == expected


@pytest.mark.parametrize(
    ("side", "stop", "reached"),
    [
        (BUY, 101, False),
        (BUY, 100, True),
        (BUY, 99, True),
        (SELL, 99, False),
        (SELL, 100, True),
        (SELL, 101, True),
    ],
)
def test_a_stop_looks_at_the_last_price(side: Side, stop: int, *, reached: bool) -> None:
    assert stop_is_reached(side, Decimal(stop), TOUCH.last) is reached


@pytest.mark.parametrize("side", Side)
def test_a_limit_allows_its_own_price_and_better(side: Side) -> None:
    limit, better = Decimal(50), Decimal(49 if side is BUY else 51)
    worse = Decimal(51 if side is BUY else 49)
    assert allows(side, limit, limit)
    assert allows(side, limit, better)
    assert not allows(side, limit, worse)
    assert allows(side, None, worse)


@given(lots=st.integers(1, 10**6), seed=st.integers(0, 99), order=st.integers(1, 10**6))
def test_an_order_fills_in_two_to_four_pieces_of_whole_lots(
    lots: int, seed: int, order: int
) -> None:
    lot = Decimal("0.01")
    quantity = lots * lot
    filled, pieces = Decimal(0), 0
    while filled < quantity:
        piece = next_piece(quantity, filled, lot, seed, order)
        assert piece > 0
        assert piece % lot == 0
        filled += piece
        pieces += 1
    assert filled == quantity
    assert pieces <= min(MOST_PIECES, lots)
    assert pieces >= 2 or lots < 20


@given(lots=st.integers(1, 10**6), order=st.integers(1, 10**6))
def test_an_auction_leaves_whole_lots_to_orders_at_its_price(lots: int, order: int) -> None:
    lot = Decimal(10)
    piece = auction_piece(lots * lot, lot, 1, order)
    assert 0 <= piece <= lots * lot
    assert piece % lot == 0
