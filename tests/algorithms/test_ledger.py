from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.decimals import ZERO, add
from algorithms.domain import EXTERNAL, FEES, AccountName, BookName, Side, Symbol
from algorithms.ledger import (
    Holding,
    Posting,
    average_cost,
    crossing_postings,
    fill_postings,
    pay_in_units,
    sums_to_zero,
    trade,
    transfer,
)

MAIN = AccountName("main")
A, B = BookName("a"), BookName("b")
BTC = Symbol("BTC")
NOTHING = Holding(ZERO, ZERO)

amounts = st.decimals("0.001", 10**6, places=3)
sides = st.sampled_from(Side)
trades = st.lists(st.tuples(sides, amounts, amounts), max_size=30)


class NaiveBook:
    """The average cost method with fractions, step by step: close first, then open."""

    def __init__(self) -> None:
        self.units = Fraction(0)
        self.average = Fraction(0)
        self.profit = Fraction(0)
        self.cash = Fraction(0)

    def trade(self, side: Side, quantity: Decimal, price: Decimal) -> None:
        change = Fraction(quantity) * (1 if side is Side.BUY else -1)
        cost = Fraction(price)
        self.cash -= change * cost
        if self.units * change < 0:
            closing = min(abs(self.units), abs(change)) * (1 if change > 0 else -1)
            self.profit += -closing * (cost - self.average)
            self.units += closing
            change -= closing
        if change:
            held = abs(self.units) * self.average + abs(change) * cost
            self.units += change
            self.average = held / abs(self.units)


def near(exact: Fraction, ours: Decimal, steps: int) -> bool:
    """Whether ours is right but for the last digit kept at each step."""
    return abs(exact - Fraction(ours)) <= Fraction(steps, 10**17)


@given(trades)
def test_average_cost_is_what_a_naive_book_says_long_and_short(
    steps: list[tuple[Side, Decimal, Decimal]],
) -> None:
    naive, holding, profit = NaiveBook(), NOTHING, ZERO
    for side, quantity, price in steps:
        naive.trade(side, quantity, price)
        holding, earned = trade(holding, side, quantity, price)
        profit = add(profit, earned)
        assert Fraction(holding.quantity) == naive.units
        assert near(naive.units * naive.average, holding.cost, len(steps))
        assert near(naive.profit, profit, len(steps))


@given(trades)
def test_no_part_of_profit_or_cost_is_ever_lost(
    steps: list[tuple[Side, Decimal, Decimal]],
) -> None:
    holding, cash, profit = NOTHING, Fraction(0), Fraction(0)
    for side, quantity, price in steps:
        holding, earned = trade(holding, side, quantity, price)
        value = Fraction(quantity) * Fraction(price)
        cash += value if side is Side.SELL else -value
        profit += Fraction(earned)
        assert profit == cash + Fraction(holding.cost)
    if not holding.quantity:
        assert holding.cost == ZERO


def test_a_short_earns_when_it_is_bought_back_cheaper() -> None:
    holding, profit = trade(NOTHING, Side.SELL, Decimal(10), Decimal(100))
    assert (holding, profit) == (Holding(Decimal(-10), Decimal(-1000)), ZERO)
    assert average_cost(holding) == Decimal(100)
    holding, profit = trade(holding, Side.BUY, Decimal(4), Decimal(90))
    assert (holding, profit) == (Holding(Decimal(-6), Decimal(-600)), Decimal(40))


def test_crossing_zero_closes_at_the_old_cost_and_opens_at_the_new_price() -> None:
    long = Holding(Decimal(3), Decimal(300))
    assert trade(long, Side.SELL, Decimal(5), Decimal(110)) == (
        Holding(Decimal(-2), Decimal(-220)),
        Decimal(30),
    )
    short = Holding(Decimal(-3), Decimal(-300))
    assert trade(short, Side.BUY, Decimal(5), Decimal(110)) == (
        Holding(Decimal(2), Decimal(220)),
        Decimal(-30),
    )


def test_selling_in_thirds_leaves_no_cent_behind() -> None:
    holding, total = Holding(Decimal(3), Decimal(100)), ZERO
    for _ in range(3):
        holding, profit = trade(holding, Side.SELL, Decimal(1), Decimal(40))
        total += profit
    assert holding == NOTHING
    assert total == Decimal(20)


@pytest.mark.parametrize("units", ["2", "-2"])
def test_a_fee_in_the_coin_leaves_the_average_cost_as_it_was(units: str) -> None:
    quantity = Decimal(units)
    after = pay_in_units(Holding(quantity, quantity * 100), Decimal("0.002"))
    assert after.quantity == quantity - Decimal("0.002")
    assert average_cost(after) == Decimal(100)


def test_a_fee_in_the_coin_can_take_all_there_is_and_more() -> None:
    assert pay_in_units(Holding(Decimal("0.5"), Decimal(50)), Decimal("0.5")) == NOTHING
    assert pay_in_units(NOTHING, Decimal("0.5")) == Holding(Decimal("-0.5"), ZERO)
    assert pay_in_units(Holding(Decimal(1), Decimal(100)), Decimal(2)) == Holding(
        Decimal(-1), Decimal(-100)
    )


@given(sides, amounts, amounts, amounts, st.sampled_from(["USD", "BTC", "BNB"]))
def test_every_fill_sums_to_zero_and_its_fee_is_paid_by_who_holds_the_coin(
    side: Side, quantity: Decimal, price: Decimal, fee: Decimal, fee_asset: str
) -> None:
    postings = fill_postings(
        MAIN,
        A,
        BTC,
        "USD",
        side=side,
        quantity=quantity,
        price=price,
        fee=fee,
        fee_asset=fee_asset,
    )
    assert sums_to_zero(postings)
    sign = 1 if side is Side.BUY else -1
    inside = {(p.book, p.asset): ZERO for p in postings}
    for posting in postings:
        inside[posting.book, posting.asset] += posting.amount
    own_fee = {asset: fee if fee_asset == asset else ZERO for asset in ("USD", "BTC")}
    assert inside[A, "BTC"] == sign * quantity - own_fee["BTC"]
    assert inside[A, "USD"] == -sign * quantity * price - own_fee["USD"]
    assert inside.get((FEES, "BNB"), ZERO) == (-fee if fee_asset == "BNB" else ZERO)


def test_a_fill_without_a_fee_posts_none() -> None:
    postings = fill_postings(
        MAIN,
        A,
        BTC,
        "USD",
        side=Side.BUY,
        quantity=Decimal(1),
        price=Decimal(5),
        fee=ZERO,
        fee_asset="USD",
    )
    assert len(postings) == 4


@given(amounts, amounts)
def test_a_crossing_moves_units_one_way_and_cash_the_other_and_nothing_outside(
    quantity: Decimal, price: Decimal
) -> None:
    postings = crossing_postings(MAIN, A, B, BTC, "USD", quantity=quantity, price=price)
    assert sums_to_zero(postings)
    assert {posting.book for posting in postings} == {A, B}
    amounts_of = {(posting.book, posting.asset): posting.amount for posting in postings}
    assert amounts_of[A, "BTC"] == quantity == -amounts_of[B, "BTC"]
    assert amounts_of[B, "USD"] == quantity * price == -amounts_of[A, "USD"]


def test_a_transfer_takes_as_much_as_it_gives() -> None:
    assert transfer(MAIN, EXTERNAL, A, "USD", Decimal(7)) == (
        Posting(MAIN, EXTERNAL, "USD", Decimal(-7)),
        Posting(MAIN, A, "USD", Decimal(7)),
    )


def test_two_assets_never_balance_each_other() -> None:
    assert not sums_to_zero(
        [Posting(MAIN, A, "USD", Decimal(5)), Posting(MAIN, A, "BTC", Decimal(-5))]
    )
    assert average_cost(NOTHING) is None
