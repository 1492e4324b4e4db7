from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.decimals import HUNDRED, exactly
from algorithms.risk import (
    UNPRICED,
    Asked,
    DayTrade,
    Limits,
    day_result,
    loses_too_much,
    order_objection,
    rate_objection,
)

OFF = Limits()
prices = st.decimals("0.01", "99999", places=2)
units = st.decimals("0.001", "9999", places=3)
signed = st.decimals("-9999", "9999", places=3)


def asked(
    quantity: str, *, limit: str | None = None, stop: str | None = None, price: str | None = "100"
) -> Asked:
    def number(text: str | None) -> Decimal | None:
        return None if text is None else Decimal(text)

    return Asked(
        quantity=Decimal(quantity), limit=number(limit), stop=number(stop), price=number(price)
    )


def test_limits_that_are_not_given_forbid_nothing() -> None:
    assert order_objection(OFF, asked("1000000", limit="1", price=None)) is None
    assert rate_objection(OFF, 10**9) is None
    assert not loses_too_much(OFF, Decimal("-1e9"))
    assert not OFF.need_price


@pytest.mark.parametrize(
    ("order", "passes"),
    [
        (asked("10"), True),  # 1,000 at the price, exactly the limit
        (asked("10.01"), False),
        (asked("10", limit="90"), True),
        (asked("10", limit="100.01"), False),
        (asked("9", limit="120"), False),  # a limit above the price counts at the limit
        (asked("10", stop="101"), False),
        (asked("10", stop="99"), True),
        (asked("9", stop="110", limit="112"), False),
        (asked("10", price=None, limit="100"), True),
    ],
)
def test_the_value_of_an_order_is_reckoned_at_its_dearest(order: Asked, *, passes: bool) -> None:
    limits = Limits(max_order_value=Decimal(1000))
    objection = order_objection(limits, order)
    assert (objection is None) is passes
    assert objection is None or objection.startswith("order_too_large: ")


@pytest.mark.parametrize(
    ("order", "passes"),
    [
        (asked("1"), True),  # no limit, no collar
        (asked("1", limit="110"), True),
        (asked("1", limit="110.01"), False),
        (asked("1", limit="90"), True),
        (asked("1", limit="89.99"), False),
        (asked("1", stop="150", limit="151"), True),  # compared with its stop
        (asked("1", stop="150", limit="100"), False),
        (asked("1", stop="150"), True),
    ],
)
def test_the_collar_holds_limits_near_the_price(order: Asked, *, passes: bool) -> None:
    limits = Limits(price_collar_percent=Decimal(10))
    objection = order_objection(limits, order)
    assert (objection is None) is passes
    assert objection is None or objection.startswith("price_collar: ")


def test_an_order_that_cannot_be_judged_is_not_taken() -> None:
    nothing = asked("1", price=None)
    assert order_objection(Limits(max_order_value=Decimal(1)), nothing) == UNPRICED
    bound = asked("1", limit="5", price=None)
    assert order_objection(Limits(price_collar_percent=Decimal(1)), bound) == UNPRICED


def test_objections_name_what_would_pass() -> None:
    collar = order_objection(
        Limits(price_collar_percent=Decimal("2.5")), asked("1", limit="97.499")
    )
    assert collar == (
        "price_collar: 97.499 is more than 2.5 % from 100; from 97.5 to 102.5 would pass"
    )


@given(units, prices, prices, st.decimals("0.1", "100", places=1))
def test_the_collar_passes_exactly_what_lies_between_its_bounds(
    quantity: Decimal, limit: Decimal, price: Decimal, widest: Decimal
) -> None:
    with exactly():
        low, high = price * (HUNDRED - widest) / HUNDRED, price * (HUNDRED + widest) / HUNDRED
    objection = order_objection(
        Limits(price_collar_percent=widest),
        Asked(quantity=quantity, limit=limit, stop=None, price=price),
    )
    assert (objection is None) is (low <= limit <= high)


@given(units, prices, st.none() | prices, prices)
def test_a_smaller_order_passes_where_a_larger_one_does(
    quantity: Decimal, price: Decimal, limit: Decimal | None, most: Decimal
) -> None:
    limits = Limits(max_order_value=most)
    whole = Asked(quantity=quantity, limit=limit, stop=None, price=price)
    half = Asked(quantity=quantity / 2, limit=limit, stop=None, price=price)
    if order_objection(limits, whole) is None:
        assert order_objection(limits, half) is None
        with exactly():
            assert quantity * price <= most


def test_the_rate_counts_what_was_sent() -> None:
    limits = Limits(max_orders_per_minute=3)
    assert rate_objection(limits, 2) is None
    objection = rate_objection(limits, 3)
    assert objection is not None
    assert objection.startswith("too_many_orders: ")


def test_a_day_counts_from_the_previous_close_and_from_each_trade() -> None:
    trades = [
        DayTrade(Decimal(10), Decimal(98), Decimal("0.5")),  # bought in the dip
        DayTrade(Decimal(-4), Decimal(102), Decimal("0.2")),  # sold at the top
    ]
    # 20 units from the evening lost 5 each; bought 10 at 98 now 95; sold 4 at 102.
    result = day_result(Decimal(26), last=Decimal(95), previous_close=Decimal(100), trades=trades)
    assert result == Decimal(-100) - 30 + 28 - Decimal("0.7")


def test_without_a_previous_close_only_trades_count() -> None:
    trade = DayTrade(Decimal(1), Decimal(100), Decimal(0))
    assert day_result(
        Decimal(51), last=Decimal(90), previous_close=None, trades=[trade]
    ) == Decimal(-10)


def test_what_was_moved_in_during_the_day_has_won_nothing() -> None:
    assert (
        day_result(
            Decimal(7), last=Decimal(90), previous_close=Decimal(100), trades=(), moved=Decimal(7)
        )
        == 0
    )


@given(signed, prices, prices, st.lists(st.tuples(signed, prices), max_size=6))
def test_a_day_s_result_is_what_equity_has_changed(
    start: Decimal, close: Decimal, last: Decimal, made: list[tuple[Decimal, Decimal]]
) -> None:
    with exactly():
        cash = -sum((units * price for units, price in made), Decimal(0))
        held = start + sum((units for units, _ in made), Decimal(0))
        change = held * last + cash - start * close
    trades = [DayTrade(units, price, Decimal(0)) for units, price in made]
    assert day_result(held, last=last, previous_close=close, trades=trades) == change


def test_a_loss_reaches_its_limit_exactly() -> None:
    limits = Limits(max_daily_loss=Decimal(100))
    assert not loses_too_much(limits, Decimal("-99.99"))
    assert loses_too_much(limits, Decimal(-100))
    assert not loses_too_much(limits, Decimal(100))
