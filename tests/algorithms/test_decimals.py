"""Money is exact: what cannot be exact raises, what is rounded is rounded by name."""

from __future__ import annotations

import asyncio
import threading
from decimal import Context, Decimal, Inexact, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.decimals import (
    EXACT,
    ONE,
    ZERO,
    add,
    ceil_to,
    divide,
    exactly,
    floor_divide,
    floor_to,
    multiply,
    parse_decimal,
    percent,
    root,
    round_to,
    subtract,
    to_text,
    total,
)

amounts = st.decimals(min_value=-(10**18) + 1, max_value=10**18 - 1, places=18)
steps = st.sampled_from(
    [Decimal(text) for text in ("1", "5", "0.01", "0.0001", "0.00000001", "1000", "0.3", "7")]
)
positive = st.decimals(min_value=Decimal("1e-18"), max_value=10**18 - 1, places=18)


def test_three_shares_at_109_90_cost_329_70_not_two() -> None:
    assert floor_divide(Decimal("329.7"), Decimal("109.9")) == 3


def test_one_satoshi_less_buys_one_share_less() -> None:
    assert floor_divide(Decimal("329.69999999"), Decimal("109.9")) == 2


def test_counting_rounds_down_below_zero_too() -> None:
    assert floor_divide(Decimal("-0.5"), Decimal(1)) == -1
    assert floor_divide(Decimal(-2), Decimal(1)) == -2


@pytest.mark.parametrize("step", [ZERO, Decimal(-1)])
def test_steps_that_are_not_above_zero_are_refused(step: Decimal) -> None:
    with pytest.raises(ValueError, match="above zero"):
        floor_divide(Decimal(1), step)


@given(amounts, positive)
def test_floor_divide_agrees_with_fractions(value: Decimal, by: Decimal) -> None:
    assert floor_divide(value, by) == Fraction(value) // Fraction(by)


@given(amounts, steps)
def test_floor_and_ceiling_enclose_a_value_by_less_than_one_step(
    value: Decimal, step: Decimal
) -> None:
    low, high = floor_to(value, step), ceil_to(value, step)
    assert low <= value <= high
    assert subtract(high, low) in {ZERO, step}
    assert Fraction(low) % Fraction(step) == 0
    assert (high == low) == (Fraction(value) % Fraction(step) == 0)


@given(amounts, steps)
def test_rounding_is_to_the_nearest_step_and_halves_go_away_from_zero(
    value: Decimal, step: Decimal
) -> None:
    rounded = Fraction(round_to(value, step))
    nearest = Fraction(step) * ((abs(Fraction(value)) / Fraction(step) + Fraction(1, 2)) // 1)
    assert abs(rounded) == nearest
    assert rounded * Fraction(value) >= 0


def test_halves_round_away_from_zero() -> None:
    cent = Decimal("0.01")
    assert round_to(Decimal("2.345"), cent) == Decimal("2.35")
    assert round_to(Decimal("-2.345"), cent) == Decimal("-2.35")
    assert to_text(round_to(Decimal("-0.004"), cent)) == "0"


@given(amounts, positive, st.integers(min_value=0, max_value=10))
def test_a_division_is_rounded_once(value: Decimal, by: Decimal, places: int) -> None:
    scale = 10**places
    steps = (abs(Fraction(value)) / Fraction(by) * scale + Fraction(1, 2)) // 1
    quotient = divide(value, by, places)
    assert abs(Fraction(quotient)) == Fraction(steps, scale)
    assert divide(EXACT.minus(value), EXACT.minus(by), places) == quotient


def test_an_average_price_is_shown_with_the_digits_asked_for() -> None:
    assert divide(Decimal(1000), Decimal(3), 4) == Decimal("333.3333")
    assert divide(Decimal(2000), Decimal(3), 4) == Decimal("666.6667")
    with pytest.raises(ZeroDivisionError):
        divide(Decimal(1), ZERO, 2)


def test_a_quarter_percent_of_3000_is_7_50() -> None:
    assert to_text(percent(Decimal(3000), Decimal("0.25"))) == "7.5"


@given(amounts, amounts)
def test_percent_is_exact(value: Decimal, pct: Decimal) -> None:
    assert Fraction(percent(value, pct)) == Fraction(value) * Fraction(pct) / 100


@given(st.lists(amounts, max_size=5), amounts)
def test_sums_and_products_keep_every_digit(values: list[Decimal], factor: Decimal) -> None:
    assert Fraction(total(values)) == sum(map(Fraction, values))
    product = multiply(total(values), multiply(factor, factor))
    assert Fraction(product) == sum(map(Fraction, values)) * Fraction(factor) ** 2


def test_a_formula_keeps_the_digits_that_the_default_context_would_drop() -> None:
    quantity = Decimal("123456789012345678.123456789012345678")
    price = Decimal("0.000000000000000001")
    with exactly():
        cost = quantity * price * (ONE + price)
    exact = Fraction(quantity) * Fraction(price) * (1 + Fraction(price))
    assert Fraction(cost) == exact
    with localcontext(Context()):
        assert Fraction(quantity * price) != Fraction(quantity) * Fraction(price)


def test_a_formula_that_would_round_raises_instead() -> None:
    with exactly(), pytest.raises(Inexact):
        Decimal(1) / Decimal(3)


def test_arithmetic_is_the_same_in_a_task_and_in_a_thread() -> None:
    big = Decimal("999999999999999999.999999999999999999")
    square = Fraction(big) ** 2
    seen: list[Fraction] = []

    async def in_a_task() -> None:
        with localcontext(Context(prec=5)):
            await asyncio.gather(work())  # gather makes a task of it

    async def work() -> None:
        seen.append(Fraction(multiply(big, big)))

    asyncio.run(in_a_task())
    thread = threading.Thread(target=lambda: seen.append(Fraction(multiply(big, big))))
    thread.start()
    thread.join()
    assert seen == [square, square]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("0E+7", "0"),
        ("-0.00", "0"),
        ("1E+3", "1000"),
        ("2.50", "2.5"),
        ("100", "100"),
        ("1E-8", "0.00000001"),
        ("-0.10", "-0.1"),
        ("123456789012345678901234567890.1234567890", "123456789012345678901234567890.123456789"),
    ],
)
def test_numbers_are_written_plainly(value: str, text: str) -> None:
    assert to_text(Decimal(value)) == text


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_is_not_written(value: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        to_text(Decimal(value))


@given(amounts)
def test_what_is_written_reads_back_as_the_same_number(value: Decimal) -> None:
    text = to_text(value)
    assert parse_decimal(text) == value
    assert to_text(parse_decimal(text)) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", "12"),
        ("+12", "12"),
        ("-0.5", "-0.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1e3", "1000"),
        ("1E-18", "0.000000000000000001"),
        ("999999999999999999.999999999999999999", "999999999999999999.999999999999999999"),
        ("000000000000000000000000000000000007", "7"),
    ],
)
def test_numbers_are_read_as_people_and_programs_write_them(text: str, value: str) -> None:
    assert parse_decimal(text) == Decimal(value)


def test_minus_zero_is_read_as_zero() -> None:
    assert not parse_decimal("-0.0").is_signed()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a decimal"),
        (".", "not a decimal"),
        ("-", "not a decimal"),
        ("abc", "not a decimal"),
        ("NaN", "not a decimal"),
        ("sNaN", "not a decimal"),
        ("Infinity", "not a decimal"),
        ("-inf", "not a decimal"),
        ("1_000", "not a decimal"),
        ("1,000", "not a decimal"),
        (" 1", "not a decimal"),
        ("1\n", "not a decimal"),
        ("\uff11\uff12", "not a decimal"),
        ("0x10", "not a decimal"),
        ("1e9999999", "not a decimal"),
        ("1e999999", "before the point"),
        ("1000000000000000000", "before the point"),
        ("-1e18", "before the point"),
        ("1e-19", "after the point"),
        ("0.1234567890123456789", "after the point"),
        ("1e-999999", "after the point"),
        ("9" * 101, "101 characters"),
    ],
)
def test_what_is_no_plain_number_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_decimal(text)


@given(st.text(max_size=12))
def test_any_text_is_a_finite_number_or_a_value_error(text: str) -> None:
    try:
        value = parse_decimal(text)
    except ValueError:
        return
    assert value.is_finite()
    assert add(value, ZERO) == value


def test_roots_are_rounded_down_and_exact_where_they_can_be() -> None:
    assert root(Decimal("6.25"), 8) == Decimal("2.5")
    assert root(Decimal(2), 8) == Decimal("1.41421356")
    assert root(Decimal(0), 3) == 0
    with pytest.raises(ValueError, match="no square root of -1"):
        root(Decimal(-1), 2)
