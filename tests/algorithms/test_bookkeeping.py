from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from algorithms.bookkeeping import (
    Entry,
    Ratio,
    carried,
    drawn,
    from_suspense,
    given_up,
    postings_of,
    priced,
    split_entries,
)
from algorithms.decimals import ZERO, exactly, total
from algorithms.domain import EXTERNAL, SUSPENSE, AccountName, BookName, Side, Symbol
from algorithms.instruments import default_instrument
from algorithms.ledger import Holding, average_cost, sums_to_zero

MAIN = AccountName("main")
A, B, C = BookName("a"), BookName("b"), BookName("c")
ONE = Decimal(1)
TQQQ = default_instrument(Symbol("TQQQ"), "XNYS", "USD")
ratios = st.builds(Ratio, st.integers(1, 30), st.integers(1, 30))
lots = st.integers(0, 10_000).map(Decimal)
prices = st.decimals("0.01", "9999", places=2)


def test_what_books_gain_together_comes_from_outside() -> None:
    entries = [
        Entry(book=A, asset="USD", quantity=Decimal(70)),
        Entry(book=SUSPENSE, asset="USD", quantity=Decimal(-50)),
        Entry(book=B, asset="EUR", quantity=Decimal(-3)),
    ]
    postings = postings_of(MAIN, entries)
    assert sums_to_zero(postings)
    outside = {line.asset: line.amount for line in postings if line.book == EXTERNAL}
    assert outside == {"USD": Decimal(-20), "EUR": Decimal(3)}


def test_a_move_inside_needs_no_outside() -> None:
    entries = carried(A, B, "TQQQ", Decimal(3), Holding(Decimal(10), Decimal(200)))
    assert {line.book for line in postings_of(MAIN, entries)} == {A, B}


@pytest.mark.parametrize(
    ("amount", "suspended", "found"),
    [(5, 3, 3), (5, 9, 5), (5, -3, 0), (5, 0, 0), (-5, -3, -3), (-5, -9, -5), (-5, 3, 0)],
)
def test_what_waits_in_suspense_is_taken_from_there(
    amount: int, suspended: int, found: int
) -> None:
    assert drawn(Decimal(amount), Decimal(suspended)) == found
    entries = from_suspense("USD", Decimal(amount), Decimal(suspended))
    assert [entry.quantity for entry in entries] == ([Decimal(-found)] if found else [])


def test_shares_carry_their_part_of_the_cost() -> None:
    out, into = carried(A, B, "TQQQ", Decimal(4), Holding(Decimal(10), Decimal(200)))
    assert (out.cost, into.cost) == (Decimal(-80), Decimal(80))
    assert (out.price, into.profit) == (Decimal(20), ZERO)
    gone = given_up(A, "TQQQ", Decimal(10), Holding(Decimal(10), Decimal(200)))
    assert gone.cost == -200


def test_shares_that_come_at_a_price_are_as_if_bought() -> None:
    entry = priced(A, "TQQQ", Decimal(5), Decimal(30), Holding(Decimal(5), Decimal(100)))
    assert (entry.cost, entry.profit, entry.total) == (Decimal(150), ZERO, Decimal(150))


def test_shares_found_missing_at_a_price_are_as_if_sold() -> None:
    entry = priced(A, "TQQQ", Decimal(-2), Decimal(30), Holding(Decimal(5), Decimal(100)))
    assert (entry.quantity, entry.cost, entry.profit) == (Decimal(-2), Decimal(-40), Decimal(20))


@given(lots.filter(bool), st.decimals("0", "99999", places=2), st.integers(1, 9999))
def test_a_transfer_neither_makes_nor_loses_cost(held: Decimal, cost: Decimal, moved: int) -> None:
    assume(moved <= held)
    entries = carried(A, B, "TQQQ", Decimal(moved), Holding(held, cost))
    assert total(entry.cost for entry in entries) == 0
    assert total(entry.quantity for entry in entries) == 0
    if moved == held:
        assert entries[1].cost == cost


def test_a_split_keeps_costs_so_that_average_costs_follow() -> None:
    (entry,) = split_entries("TQQQ", [(A, Holding(Decimal(30), Decimal(900)))], Ratio(3, 1), ONE)
    assert (entry.quantity, entry.cost) == (Decimal(60), ZERO)
    before, after = Holding(Decimal(30), Decimal(900)), Holding(Decimal(90), Decimal(900))
    assert (average_cost(before), average_cost(after)) == (Decimal(30), Decimal(10))


def test_fractions_that_make_whole_shares_together_wait_in_suspense() -> None:
    held = [(book, Holding(Decimal(n), ZERO)) for book, n in ((A, 3), (B, 5), (C, 2))]
    entries = split_entries("TQQQ", held, Ratio(1, 2), ONE)
    # 1.5 + 2.5 + 1 = 5: the broker has 5, the books 1 + 2 + 1.
    assert {entry.book: entry.quantity for entry in entries} == {A: -2, B: -3, C: -1, SUSPENSE: 1}


@given(st.lists(lots, min_size=1, max_size=6), ratios)
def test_after_a_split_the_account_has_what_its_broker_gives(
    held: list[Decimal], ratio: Ratio
) -> None:
    books = [(BookName(f"b{n}"), Holding(units, units * 7)) for n, units in enumerate(held)]
    entries = split_entries("TQQQ", books, ratio, ONE)
    change = total(entry.quantity for entry in entries)
    assert total(held) + change == ratio.units(total(held), ONE)
    assert all(entry.cost <= 0 for entry in entries)
    suspended = total(entry.quantity for entry in entries if entry.book == SUSPENSE)
    assert 0 <= suspended < len(held)


def test_a_fraction_that_is_paid_out_takes_its_part_of_the_cost() -> None:
    holding = Holding(Decimal(5), Decimal(100))
    (entry,) = split_entries("TQQQ", [(A, holding)], Ratio(1, 2), ONE)
    assert (entry.quantity, entry.cost) == (Decimal(-3), Decimal(-20))
    after = Holding(holding.quantity + entry.quantity, holding.cost + entry.cost)
    assert average_cost(after) == 40


def test_a_split_that_leaves_nothing_leaves_no_cost() -> None:
    (entry,) = split_entries("TQQQ", [(A, Holding(ONE, Decimal(100)))], Ratio(1, 2), ONE)
    assert (entry.quantity, entry.cost) == (Decimal(-1), Decimal(-100))


@given(prices, ratios, st.sampled_from(list(Side)))
def test_scaled_limits_are_never_worse_and_stops_never_nearer(
    price: Decimal, ratio: Ratio, side: Side
) -> None:
    limit, stop = ratio.limit(price, side, TQQQ), ratio.stop(price, side, TQQQ)
    assert limit is not None
    assert stop is not None
    with exactly():
        # Compared in units of 1 / ratio.new: no division.
        exact = price * ratio.old
        tick = TQQQ.next_tick_up(ZERO)
        assert TQQQ.is_on_tick(limit)
        assert TQQQ.is_on_tick(stop)
        if side is Side.BUY:
            assert limit * ratio.new <= exact or limit <= tick
            assert stop * ratio.new >= exact
        else:
            assert limit * ratio.new >= exact
            assert stop * ratio.new <= exact or stop <= tick


@given(lots, ratios)
def test_orders_of_a_book_never_sell_more_than_it_has_after_a_split(
    held: Decimal, ratio: Ratio
) -> None:
    half = held // 2
    parts = ratio.units(half, ONE) + ratio.units(held - half, ONE)
    assert parts <= ratio.units(held, ONE)


@given(prices, st.integers(1, 1000), ratios)
def test_a_split_never_sets_aside_more_cash(reserve: Decimal, units: int, ratio: Ratio) -> None:
    with exactly():
        before = reserve * units
        assert ratio.price(reserve) * ratio.units(Decimal(units), ONE) <= before


def test_no_price_stays_none() -> None:
    assert Ratio(2, 1).limit(None, Side.BUY, TQQQ) is None
    assert Ratio(2, 1).stop(None, Side.BUY, TQQQ) is None
    assert str(Ratio(2, 1)) == "2:1"


def test_shorts_are_scaled_towards_zero() -> None:
    assert Ratio(1, 2).units(Decimal(-3), ONE) == -1
