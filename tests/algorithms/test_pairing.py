"""Lots are paired exactly as the plain triple loop pairs them, only faster."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from algorithms.pairing import match_lots
from tests.algorithms.triple_loop import triple_loop

Side = list[tuple[int, int]]
"""Orders of one side: (lots, book)."""


@st.composite
def sides(draw: st.DrawFn) -> tuple[Side, Side]:
    """Two sides with many ties: few different sizes, few different books."""
    most = draw(st.sampled_from([1, 2, 3, 5, 12, 10**30]))
    books = draw(st.integers(min_value=1, max_value=6))
    order = st.tuples(st.integers(0, most), st.integers(1, books))
    return draw(st.lists(order, max_size=9)), draw(st.lists(order, max_size=9))


def split(side: Side) -> tuple[list[int], list[int]]:
    return [lots for lots, _ in side], [book for _, book in side]


def pair(orders: tuple[Side, Side]) -> list[tuple[int, int, int]]:
    (buys, buy_books), (sells, sell_books) = map(split, orders)
    return match_lots(buys, sells, buy_books, sell_books)


def test_where_sizes_tie_the_first_buy_wins_though_another_is_larger() -> None:
    assert match_lots([1, 3], [1]) == [(0, 0, 1)]


def test_where_sizes_tie_the_first_sell_wins_though_another_is_larger() -> None:
    assert match_lots([1], [1, 3]) == [(0, 0, 1)]


def test_the_first_buy_comes_before_the_first_sell() -> None:
    assert match_lots([2, 5], [5, 2])[0] == (1, 0, 5)
    assert match_lots([2, 2], [2, 2]) == [(0, 0, 2), (1, 1, 2)]


def test_a_remainder_waits_until_its_size_has_its_turn_again() -> None:
    assert match_lots([30, 20], [50, 10]) == [(0, 0, 30), (1, 0, 20)]
    assert match_lots([10, 7], [13]) == [(0, 0, 10), (1, 0, 3)]


def test_two_orders_of_one_book_never_meet() -> None:
    assert match_lots([5], [5], ["bot"], ["bot"]) == []


def test_a_buy_without_partner_leaves_the_turn_to_the_next() -> None:
    assert match_lots([5, 5], [5], ["a", "b"], ["a"]) == [(1, 0, 5)]
    assert match_lots([5], [5, 5], ["a"], ["a", "b"]) == [(0, 1, 5)]


def test_orders_of_one_book_wait_for_smaller_ones_of_another() -> None:
    pairs = match_lots([9, 2], [9, 1], ["a", "b"], ["a", "b"])
    assert pairs == [(1, 0, 2), (0, 1, 1)]


@pytest.mark.parametrize(("buys", "sells"), [([], []), ([3], []), ([], [3]), ([0, 0], [4])])
def test_nothing_is_paired_where_one_side_has_nothing(buys: list[int], sells: list[int]) -> None:
    assert match_lots(buys, sells) == []


def test_negative_lots_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="negative"):
        match_lots([1], [-1])


@pytest.mark.parametrize(
    ("buy_books", "sell_books"), [(["a"], None), (None, ["a"]), (["a", "b"], ["a"]), (["a"], [])]
)
def test_books_that_do_not_fit_the_orders_are_a_mistake_of_the_caller(
    buy_books: list[str] | None, sell_books: list[str] | None
) -> None:
    with pytest.raises(ValueError, match="needs its book"):
        match_lots([1], [1], buy_books, sell_books)


@given(sides())
def test_pairs_are_those_of_the_triple_loop(orders: tuple[Side, Side]) -> None:
    (buys, _), (sells, _) = map(split, orders)
    assert match_lots(buys, sells) == triple_loop(buys, sells)


@given(sides())
@example(([(2, 1), (2, 1), (2, 2)], [(2, 1), (1, 1), (3, 2)]))
@example(([(5, 1), (3, 2), (5, 1)], [(4, 1), (4, 1), (4, 2)]))
def test_pairs_are_those_of_the_triple_loop_when_books_repeat(orders: tuple[Side, Side]) -> None:
    (buys, buy_books), (sells, sell_books) = map(split, orders)
    assert pair(orders) == triple_loop(buys, sells, buy_books, sell_books)


@pytest.mark.parametrize("books", [2, 3, 10, 40])
@pytest.mark.parametrize("most", [1, 4, 1000])
def test_pairs_are_those_of_the_triple_loop_in_a_larger_market(books: int, most: int) -> None:
    random = Random(f"{books} {most}")
    orders = tuple(
        [(random.randint(1, most), random.randint(1, books)) for _ in range(40)] for _ in range(2)
    )
    (buys, buy_books), (sells, sell_books) = map(split, orders)
    assert match_lots(buys, sells) == triple_loop(buys, sells)
    expected = triple_loop(buys, sells, buy_books, sell_books)
    assert match_lots(buys, sells, buy_books, sell_books) == expected


@given(sides())
def test_no_order_gives_more_than_it_has_and_none_meets_its_own_book(
    orders: tuple[Side, Side],
) -> None:
    buys, sells = orders
    bought: Counter[int] = Counter()
    sold: Counter[int] = Counter()
    for buy, sell, lots in pair(orders):
        assert lots > 0
        assert buys[buy][1] != sells[sell][1]
        bought[buy] += lots
        sold[sell] += lots
    assert all(lots <= buys[buy][0] for buy, lots in bought.items())
    assert all(lots <= sells[sell][0] for sell, lots in sold.items())


@given(sides())
def test_what_is_left_could_not_be_crossed(orders: tuple[Side, Side]) -> None:
    buys, sells = (dict(enumerate(side)) for side in orders)
    for buy, sell, lots in pair(orders):
        buys[buy] = (buys[buy][0] - lots, buys[buy][1])
        sells[sell] = (sells[sell][0] - lots, sells[sell][1])
    buyers = {book for lots, book in buys.values() if lots}
    sellers = {book for lots, book in sells.values() if lots}
    assert not buyers or not sellers or (buyers == sellers and len(buyers) == 1)


@given(sides())
def test_pairs_come_largest_first_and_are_fewer_than_the_orders(orders: tuple[Side, Side]) -> None:
    sizes = [lots for _, _, lots in pair(orders)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) <= max(0, sum(map(len, orders)) - 1)


@given(sides(), st.integers(min_value=2, max_value=10**12))
def test_counting_in_smaller_lots_changes_nothing(orders: tuple[Side, Side], factor: int) -> None:
    finer = tuple([(lots * factor, book) for lots, book in side] for side in orders)
    (buys, sells) = finer
    assert pair((buys, sells)) == [(b, s, lots * factor) for b, s, lots in pair(orders)]


@given(sides())
def test_the_names_of_the_books_change_nothing(orders: tuple[Side, Side]) -> None:
    (buys, buy_books), (sells, sell_books) = map(split, orders)
    renamed = match_lots(
        buys, sells, [f"bot {b}" for b in buy_books], [f"bot {b}" for b in sell_books]
    )
    assert renamed == pair(orders)


@given(sides())
def test_orders_without_lots_change_nothing(orders: tuple[Side, Side]) -> None:
    padded = tuple([part for order in side for part in (order, (0, 1))] for side in orders)
    (buys, sells) = padded
    assert pair((buys, sells)) == [(2 * b, 2 * s, lots) for b, s, lots in pair(orders)]


def test_a_cash_sum_of_eighteen_digits_in_satoshi_lots_is_exact() -> None:
    lots = int(Decimal("999999999999999999.99999999").scaleb(8))
    assert match_lots([lots, lots - 1], [lots - 1]) == [(0, 0, lots - 1)]
