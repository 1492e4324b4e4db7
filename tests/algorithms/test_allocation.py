from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.allocation import share, share_by_position
from algorithms.decimals import exactly, total

CENT = Decimal("0.01")
amounts = st.decimals("0", "99999", places=4)
weights = st.lists(st.decimals("0", "999", places=3), min_size=1, max_size=6).filter(any)


def shared(amount: str, *parts: str, step: str = "0.01") -> list[str]:
    found = share(Decimal(amount), [Decimal(part) for part in parts], Decimal(step))
    return [str(part.normalize()) for part in found]


@pytest.mark.parametrize(
    ("amount", "parts", "result"),
    [
        ("10", ("1", "1"), ["5", "5"]),
        ("10", ("1", "1", "1"), ["3.34", "3.33", "3.33"]),  # a tie goes to the first
        ("0.05", ("3", "1"), ["0.04", "0.01"]),
        ("1", ("0", "7"), ["0", "1"]),
        ("0.005", ("1", "2"), ["0", "0.005"]),  # less than a step is not lost
    ],
)
def test_an_amount_is_shared_in_proportion(
    amount: str, parts: tuple[str, ...], result: list[str]
) -> None:
    assert shared(amount, *parts) == result


def test_without_anybody_nothing_can_be_shared() -> None:
    with pytest.raises(ValueError, match="nobody"):
        share(Decimal(1), [Decimal(0)], CENT)


@given(amounts, weights)
def test_the_parts_sum_to_the_whole_and_are_near_the_exact_ones(
    amount: Decimal, parts: list[Decimal]
) -> None:
    found = share(amount, parts, CENT)
    assert total(found) == amount
    with exactly():
        for part, weight in zip(found, parts, strict=True):
            assert part >= 0
            assert abs(part * total(parts) - amount * weight) < 2 * CENT * total(parts)


@pytest.mark.parametrize(
    ("amount", "held", "result"),
    [
        ("-1.50", ("0.4", "-0.1"), ["-2.00", "0.50"]),
        ("1.50", ("0.4", "-0.1"), ["2.00", "-0.50"]),
        ("0.30", ("-2", "-1"), ["0.20", "0.10"]),
        ("-0.01", ("1", "1", "1"), ["-0.01", "0", "0"]),  # less than a step goes to the first
    ],
)
def test_a_position_against_the_others_gets_what_they_pay(
    amount: str, held: tuple[str, ...], result: list[str]
) -> None:
    found = share_by_position(Decimal(amount), [Decimal(units) for units in held], CENT)
    assert found == [Decimal(part) for part in result]


@given(
    st.decimals("-9999", "9999", places=6),
    st.lists(st.decimals("-999", "999", places=3), min_size=1, max_size=6).filter(sum),
)
def test_parts_by_position_sum_to_the_whole_and_are_near_the_exact_ones(
    amount: Decimal, held: list[Decimal]
) -> None:
    found = share_by_position(amount, held, CENT)
    assert total(found) == amount
    whole = total(held)
    with exactly():
        for part, units in zip(found, held, strict=True):
            assert abs(part * whole - amount * units) < CENT * len(held) * abs(whole)


def test_what_was_paid_for_nothing_is_nobody_s() -> None:
    with pytest.raises(ValueError, match="nobody"):
        share_by_position(Decimal(1), [Decimal(1), Decimal(-1)], CENT)
