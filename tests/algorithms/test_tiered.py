from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.domain import Kind
from algorithms.tiered import (
    TieredDecision,
    TieredHolding,
    TieredTerms,
    Why,
    added_seed_after,
    decide,
    grown_seed,
    point_percent_at,
    tier_of,
)

HALF, TWO_THIRDS, WHOLE = Fraction(1, 2), Fraction(2, 3), Fraction(1)

TERMS = TieredTerms(
    seed=Decimal(1000),
    max_tiers=40,
    profit_percent=Decimal(10),
    point_percent=Decimal(12),
    zero_at=HALF,
)
TO_THE_END = replace(TERMS, zero_at=WHOLE)
THIRTY = replace(TERMS, max_tiers=30, zero_at=TWO_THIRDS)
FORTY = replace(TERMS, zero_at=TWO_THIRDS)
STEEP = replace(TERMS, max_tiers=2, point_percent=Decimal(100), zero_at=WHOLE)
BY_AVERAGE = replace(TERMS, buy_below_point=False)
BY_POINT = replace(TERMS, buy_below_average=False)
COOL = replace(TERMS, sell_cooldown_days=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A decision checked by hand. Units cost 100 each unless ``invested`` says otherwise."""

    terms: TieredTerms = TERMS
    units: str
    price: str
    does: str
    why: Why
    invested: str | None = None
    added: str = "0"
    days: int | None = None
    lot: str = "1"

    def holding(self) -> TieredHolding:
        units = Decimal(self.units)
        return TieredHolding(
            quantity=units,
            invested=units * 100 if self.invested is None else Decimal(self.invested),
            price=Decimal(self.price),
            lot=Decimal(self.lot),
            added_seed=Decimal(self.added),
            days_since_sale=self.days,
        )


def c(units: str, price: str, does: str, why: Why, terms: TieredTerms = TERMS, **more: str) -> Case:
    return Case(units=units, price=price, does=does, why=why, terms=terms, **more)  # type: ignore[arg-type]


def days(terms: TieredTerms, since: int | None, units: str, price: str, does: str, y: Why) -> Case:
    return Case(terms=terms, days=since, units=units, price=price, does=does, why=y)


BOTH, PROFIT, POINT = Why.ABOVE_BOTH, Why.ABOVE_PROFIT, Why.ABOVE_POINT
FIRST, BELOW, FULL, NONE = Why.FIRST_BUY, Why.BELOW, Why.ALL_TIERS_USED, Why.NOT_BELOW

CASES = (
    # Nothing held: the whole seed, whatever the price, and nothing added to it.
    c("0", "100", "BUY 1000", FIRST),
    c("0", "0.01", "BUY 1000", FIRST),
    c("0", "100", "BUY 1000", FIRST, added="500"),
    days(COOL, 1, "0", "100", "BUY 1000", FIRST),
    # 100 units: T = 10, point 12 x (1 - 10/20) = 6 %. Take-profit 110, point price 106.
    c("100", "110.01", "SELL 100", BOTH),
    c("100", "110", "SELL_1_4 25", POINT),
    c("100", "106.01", "SELL_1_4 25", POINT),
    c("100", "106", "nothing", NONE),
    c("100", "105.99", "BUY 500", BELOW),
    c("100", "100", "BUY 500", BELOW),
    c("100", "99.99", "BUY 1000", BELOW),
    c("100", "99.99", "BUY 1200", BELOW, added="200"),
    c("100", "100", "BUY 600", BELOW, added="200"),
    c("100", "100", "BUY 500.005", BELOW, added="0.01"),
    # 10 units: T = 1, point 12 x 19/20 = 11.4 %. The point price 111.4 is above take-profit 110.
    c("10", "111.41", "SELL 10", BOTH),
    c("10", "111.4", "SELL_3_4 7", PROFIT),
    c("10", "110.01", "SELL_3_4 7", PROFIT),
    c("10", "110", "BUY 500", BELOW),
    # A sale floored to nothing is none, and the buy is looked at.
    c("1", "111", "BUY 500", BELOW),
    c("1", "112", "SELL 1", BOTH),
    c("3", "111", "SELL_3_4 2", PROFIT),
    c("30", "110.1", "SELL_3_4 20", PROFIT, lot="10"),
    c("100", "107", "SELL_1_4 20", POINT, lot="10"),
    c("30", "105", "BUY 500", BELOW, lot="10"),
    # 3 units sold by quarters come to nothing: T = 30, point price 94 of 100 in tiers of 10.
    c("3", "95", "BUY 5", BELOW, replace(TERMS, seed=Decimal(10))),
    # 200 units: T = 20 = z, the point price is the average cost.
    c("200", "100.01", "SELL_1_4 50", POINT),
    c("200", "100", "nothing", NONE),
    c("200", "99.99", "BUY 1000", BELOW),
    # 300 units: T = 30, point -12 x 10/20 = -6 %, point price 94.
    c("300", "110.01", "SELL 300", BOTH),
    c("300", "94.01", "SELL_1_4 75", POINT),
    c("300", "94", "BUY 500", BELOW),
    c("300", "93.99", "BUY 1000", BELOW),
    # Invested is exactly seed x 39 (T = 39, point -11.4 %), then more (T = 39.1, -11.46 %).
    c("390", "88.61", "SELL_1_4 97", POINT),
    c("390", "88.6", "BUY 500", BELOW),
    c("390", "88.59", "BUY 1000", BELOW),
    c("391", "88.54", "nothing", FULL),
    c("391", "88.55", "SELL_1_4 97", POINT),
    c("400", "88", "nothing", FULL),
    c("400", "50", "nothing", FULL, added="9999"),
    # T has two decimals, half up: 1.005 is 1.01 (point 49.5 %), 1.0049 is 1.00 (point 50 %).
    c("10.05", "149.6", "SELL 10.05", BOTH, STEEP, lot="0.01"),
    c("10.049", "149.6", "SELL_3_4 7.536", PROFIT, STEEP, lot="0.001"),
    # z is all of max_tiers: never below zero up to there, all of point_percent beyond.
    c("400", "100.01", "SELL_1_4 100", POINT, TO_THE_END),
    c("400", "100", "nothing", FULL, TO_THE_END),
    c("410", "88", "nothing", FULL, TO_THE_END),
    c("410", "88.01", "SELL_1_4 102", POINT, TO_THE_END),
    # z is two thirds: exactly 20 of 30; 26.66... of 40, where T = 10 gives 12 x 0.625 = 7.5 %.
    c("200", "100", "nothing", NONE, THIRTY),
    c("200", "100.01", "SELL_1_4 50", POINT, THIRTY),
    c("250", "94", "BUY 500", BELOW, THIRTY),
    c("100", "107.5", "nothing", NONE, FORTY),
    c("100", "107.51", "SELL_1_4 25", POINT, FORTY),
    # One condition enabled: it is met, or nothing is bought.
    c("100", "100", "nothing", NONE, BY_AVERAGE),
    c("100", "99.99", "BUY 1000", BELOW, BY_AVERAGE),
    c("100", "105.99", "BUY 1000", BELOW, BY_POINT),
    c("300", "94", "nothing", NONE, BY_POINT),
    # Three trading days without sells: the day of the sale and the three after it.
    days(COOL, 0, "100", "120", "nothing", NONE),
    days(COOL, 1, "100", "120", "nothing", NONE),
    days(COOL, 3, "100", "120", "nothing", NONE),
    days(COOL, 4, "100", "120", "SELL 100", BOTH),
    days(COOL, None, "100", "120", "SELL 100", BOTH),
    days(COOL, 2, "100", "99", "BUY 1000", BELOW),
    days(COOL, 1, "10", "111", "BUY 500", BELOW),
    days(TERMS, 0, "100", "120", "SELL 100", BOTH),
    # An average that is no decimal: 100/3. T = 0.1, point 11.94 %.
    c("3", "33.33", "BUY 1000", BELOW, invested="100"),
    c("3", "33.34", "BUY 500", BELOW, invested="100"),
)


def said(decision: TieredDecision) -> str:
    if decision.kind is None:
        return "nothing"
    return f"{decision.kind} {decision.cash or decision.quantity}"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.units} at {case.price}")
def test_a_decision_is_the_one_worked_out_by_hand(case: Case) -> None:
    decision = decide(case.terms, case.holding())
    assert (said(decision), decision.why) == (case.does, case.why), decision.numbers


def test_a_decision_tells_its_numbers() -> None:
    holding = Case(units="300", price="93", does="", why=BELOW, added="50", days=2).holding()
    assert decide(COOL, holding).numbers == (
        "price 93, average 100, take-profit 110, point price 94 (-6 %), T 30 of 40, "
        "invested 30000, seed 1000, added 50, no sells, day 2 of 3, 2 of 2 conditions"
    )


def test_tiers_are_rounded_half_up() -> None:
    assert tier_of(Decimal("1004.9"), Decimal(1000)) == Decimal("1.00")
    assert tier_of(Decimal(1005), Decimal(1000)) == Decimal("1.01")
    assert tier_of(Decimal(0), Decimal(1000)) == 0


def test_the_point_falls_from_the_top_through_zero_to_its_opposite() -> None:
    at = [point_percent_at(THIRTY, Decimal(tier)) for tier in (0, 10, 20, 25, 30)]
    assert at == [12, 6, 0, -6, -12]


def test_partial_sales_add_profit_and_a_full_one_begins_anew() -> None:
    tenth = Decimal("0.1")
    sales = [(Decimal(100), False), (Decimal(-500), False), (Decimal(30), False)]
    assert added_seed_after(Decimal(5), sales, tenth) == 18
    assert added_seed_after(Decimal(5), [*sales, (Decimal(900), True)], tenth) == 0
    assert added_seed_after(Decimal(5), [(Decimal(9), True), (Decimal(20), False)], tenth) == 2


@pytest.mark.parametrize(
    ("last", "before", "seed", "grown"),
    [
        ("95", "100", "1000", "1500"),
        ("95.01", "100", "1000", "1000"),
        ("105", "100", "1000", "1000"),
        ("50", "100", "1800", "2000"),
        ("50", "100", "2000", "2000"),
        ("50", "100", "3000", "3000"),
    ],
)
def test_the_seed_grows_after_a_fall_up_to_its_most(
    last: str, before: str, seed: str, grown: str
) -> None:
    assert grown_seed(
        Decimal(seed),
        last_close=Decimal(last),
        close_before=Decimal(before),
        drop_percent=Decimal(5),
        factor=Decimal("1.5"),
        most=Decimal(2000),
    ) == Decimal(grown)


def amounts(low: str, high: str, places: int = 2) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(low), Decimal(high), places=places)


@st.composite
def situations(draw: st.DrawFn) -> tuple[TieredTerms, TieredHolding]:
    enabled = draw(st.sampled_from([(True, True), (True, False), (False, True)]))
    terms = TieredTerms(
        seed=draw(amounts("1", "5000")),
        max_tiers=draw(st.integers(1, 60)),
        profit_percent=draw(amounts("0", "50")),
        point_percent=draw(amounts("0", "50")),
        zero_at=draw(st.sampled_from([HALF, TWO_THIRDS, WHOLE])),
        buy_below_average=enabled[0],
        buy_below_point=enabled[1],
        sell_cooldown_days=draw(st.integers(0, 5)),
    )
    lot = draw(st.sampled_from([Decimal(1), Decimal(10), Decimal("0.001")]))
    holding = TieredHolding(
        quantity=draw(st.integers(0, 2000)) * lot,
        invested=draw(amounts("0.01", "100000")),
        price=draw(amounts("0.01", "500")),
        lot=lot,
        added_seed=draw(amounts("0", "500")),
        days_since_sale=draw(st.none() | st.integers(0, 7)),
    )
    return terms, holding


@given(situations())
def test_no_decision_goes_beyond_what_there_is(case: tuple[TieredTerms, TieredHolding]) -> None:
    terms, holding = case
    decision = decide(terms, holding)
    assert 0 <= decision.quantity <= holding.quantity
    assert decision.quantity % holding.lot == 0
    assert 0 <= decision.cash <= terms.seed + holding.added_seed
    match decision.kind:
        case None:
            assert not decision.cash
            assert not decision.quantity
        case Kind.BUY:
            assert decision.cash
            assert not decision.quantity
        case _:
            assert decision.quantity
            assert not decision.cash


def traded(terms: TieredTerms, holding: TieredHolding) -> Decimal:
    """Units sold, or cash bought for as a negative number."""
    decision = decide(terms, holding)
    return decision.quantity or -decision.cash


@given(situations(), amounts("0.01", "500"))
def test_a_higher_price_never_buys_more_or_sells_less(
    case: tuple[TieredTerms, TieredHolding], other: Decimal
) -> None:
    terms, holding = case
    low, high = sorted((holding.price, other))
    assert traded(terms, replace(holding, price=low)) <= traded(terms, replace(holding, price=high))


@given(situations(), st.integers(2, 1000))
def test_another_unit_of_money_changes_no_decision(
    case: tuple[TieredTerms, TieredHolding], scale: int
) -> None:
    terms, holding = case
    decision = decide(terms, holding)
    scaled = decide(
        replace(terms, seed=terms.seed * scale),
        replace(
            holding,
            invested=holding.invested * scale,
            price=holding.price * scale,
            added_seed=holding.added_seed * scale,
        ),
    )
    assert (scaled.kind, scaled.quantity) == (decision.kind, decision.quantity)
    assert scaled.cash == decision.cash * scale
