from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.decimals import multiply, total
from algorithms.executions import priced_parts


def d(*texts: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(text) for text in texts)


@pytest.mark.parametrize(
    ("quantity", "value", "parts"),
    [
        ("2", "82490", (d("2", "41245"),)),
        ("5", "502", (d("3", "100"), d("2", "101"))),
        ("3", "100.1", (d("1", "33.3"), d("2", "33.4"))),
        ("5", "137.20000", (d("3", "27.4"), d("2", "27.5"))),
        ("1", "27.44", (d("1", "27.44"),)),
        ("0.5", "10", (d("0.5", "20"),)),
        ("3", "0.02", (d("1", "0.006"), d("2", "0.007"))),
    ],
)
def test_parts_are_one_smallest_step_apart(
    quantity: str, value: str, parts: tuple[tuple[Decimal, ...], ...]
) -> None:
    assert priced_parts(Decimal(quantity), Decimal(value)) == parts


@given(
    st.integers(1, 10**9),
    st.decimals("0.01", 10**12, places=2, allow_nan=False, allow_infinity=False),
)
def test_parts_add_up_to_what_was_told(units: int, value: Decimal) -> None:
    quantity = Decimal(units)
    parts = priced_parts(quantity, value)
    assert total(units for units, _ in parts) == quantity
    assert total(multiply(units, price) for units, price in parts) == value
    assert len({price for _, price in parts}) == len(parts) <= 2
    assert all(units > 0 and price > 0 for units, price in parts)


@pytest.mark.parametrize(("quantity", "value"), [("0", "1"), ("1", "0"), ("-1", "5")])
def test_nothing_is_not_divided(quantity: str, value: str) -> None:
    with pytest.raises(ValueError, match="nothing to divide"):
        priced_parts(Decimal(quantity), Decimal(value))
