"""Both sides of a pair trade at one price, and only at one that can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.netting_price import PriceLimits, PriceProblem, clamp_price, price_problem

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LIMITS = PriceLimits(max_age=timedelta(seconds=10), max_deviation_percent=Decimal(20))

prices = st.decimals(min_value=Decimal("0.01"), max_value=1000, places=2)


@dataclass(frozen=True)
class Seen:
    last: Decimal = Decimal(100)
    bid: Decimal | None = None
    ask: Decimal | None = None
    previous_close: Decimal | None = None
    at: datetime = NOON


@pytest.mark.parametrize(
    ("last", "bid", "ask", "price"),
    [
        ("100", None, None, "100"),
        ("100", "99", "101", "100"),
        ("98", "99", "101", "99"),
        ("103", "99", "101", "101"),
        ("98", "99", None, "99"),
        ("103", None, "101", "101"),
        ("98", None, "101", "98"),
        ("100", "0", "0", "100"),
    ],
)
def test_the_last_trade_is_moved_inside_the_spread(
    last: str, bid: str | None, ask: str | None, price: str
) -> None:
    sides = [None if side is None else Decimal(side) for side in (bid, ask)]
    assert clamp_price(Decimal(last), *sides) == Decimal(price)


@given(prices, prices, prices)
def test_no_side_ever_trades_outside_the_spread(one: Decimal, two: Decimal, last: Decimal) -> None:
    bid, ask = sorted([one, two])
    price = clamp_price(last, bid, ask)
    assert bid <= price <= ask
    assert price == last or not bid <= last <= ask


def test_a_good_price_has_no_problem() -> None:
    seen = Seen(bid=Decimal(99), ask=Decimal(101), previous_close=Decimal(95))
    assert price_problem(seen, NOON, LIMITS) is None


def test_no_price_and_a_price_of_zero_are_problems() -> None:
    assert price_problem(None, NOON, LIMITS) is PriceProblem.MISSING
    assert price_problem(Seen(last=Decimal(0)), NOON, LIMITS) is PriceProblem.ZERO
    assert price_problem(Seen(last=Decimal(-1)), NOON, LIMITS) is PriceProblem.ZERO


def test_a_price_ages_past_its_limit_not_at_it() -> None:
    later = NOON + LIMITS.max_age
    assert price_problem(Seen(), later, LIMITS) is None
    assert price_problem(Seen(), later + timedelta(microseconds=1), LIMITS) is PriceProblem.STALE


@pytest.mark.parametrize(
    ("last", "problem"),
    [
        ("120", None),
        ("120.000000000000000001", PriceProblem.DEVIATES),
        ("80", None),
        ("79.999999999999999999", PriceProblem.DEVIATES),
    ],
)
def test_a_price_may_stand_as_far_from_the_previous_close_as_allowed(
    last: str, problem: PriceProblem | None
) -> None:
    seen = Seen(last=Decimal(last), previous_close=Decimal(100))
    assert price_problem(seen, NOON, LIMITS) is problem


@pytest.mark.parametrize("close", [None, Decimal(0)])
def test_without_a_previous_close_the_distance_is_not_checked(close: Decimal | None) -> None:
    assert price_problem(Seen(last=Decimal(9999), previous_close=close), NOON, LIMITS) is None


def test_the_distance_is_that_of_the_price_used_not_of_the_last_trade() -> None:
    seen = Seen(last=Decimal(150), ask=Decimal(110), previous_close=Decimal(100))
    assert price_problem(seen, NOON, LIMITS) is None
    seen = Seen(last=Decimal(110), bid=Decimal(150), previous_close=Decimal(100))
    assert price_problem(seen, NOON, LIMITS) is PriceProblem.DEVIATES


def test_a_bid_above_the_ask_is_no_spread_to_trade_in() -> None:
    seen = Seen(bid=Decimal(101), ask=Decimal(99))
    assert price_problem(seen, NOON, LIMITS) is PriceProblem.CROSSED
    assert price_problem(Seen(bid=Decimal(99), ask=Decimal(99)), NOON, LIMITS) is None
