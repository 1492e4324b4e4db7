from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.allocation import share
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
