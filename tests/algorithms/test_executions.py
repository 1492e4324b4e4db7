from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.decimals import multiply, total
from algorithms.executions import finest_tick, priced_parts


def d(*texts: str) -> tuple[Decimal, ...]:
    return tuple(Decimal(text) for text in texts)


@pytest.mark.parametrize(
    ("quantity", "value", "tick", "parts"),
    [
        ("2", "82490", "1", (d("2", "41245"),)),
        ("5", "502", "1", (d("3", "100"), d("2", "101"))),
        ("3", "124207.5", "1", (d("3", "41402.5"),)),
        ("3", "100.1", "0.0001", (d("1", "33.3666"), d("2", "33.3667"))),
        ("5", "137.20000", "0.0001", (d("5", "27.44"),)),
        ("5", "137", "0.0001", (d("5", "27.4"),)),
        ("3", "82.30", "0.0001", (d("2", "27.4333"), d("1", "27.4334"))),
        ("1", "27.44", "0.0001", (d("1", "27.44"),)),
        ("0.5", "10", "0.0001", (d("0.5", "20"),)),
        ("3", "0.02", "1", (d("1", "0.006"), d("2", "0.007"))),
    ],
)
def test_parts_are_one_tick_apart(
    quantity: str, value: str, tick: str, parts: tuple[tuple[Decimal, ...], ...]
) -> None:
    assert priced_parts(Decimal(quantity), Decimal(value), Decimal(tick)) == parts


def test_won_have_no_parts_and_dollars_have_four_places() -> None:
    assert (finest_tick("KRW"), finest_tick("USD")) == d("1", "0.0001")


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 2745)), min_size=1, max_size=9))
def test_no_part_is_beyond_a_limit_that_held(executions: list[tuple[int, int]]) -> None:
    quantity = Decimal(sum(units for units, _ in executions))
    value = Decimal(sum(units * cents for units, cents in executions)) / 100
    parts = priced_parts(quantity, value, Decimal("0.0001"))
    assert max(price for _, price in parts) <= Decimal(max(cents for _, cents in executions)) / 100


@given(
    st.integers(1, 10**9),
    st.decimals("0.01", 10**12, places=2, allow_nan=False, allow_infinity=False),
    st.sampled_from(d("1", "0.01", "0.0001")),
)
def test_parts_add_up_to_what_was_told(units: int, value: Decimal, tick: Decimal) -> None:
    quantity = Decimal(units)
    parts = priced_parts(quantity, value, tick)
    assert total(units for units, _ in parts) == quantity
    assert total(multiply(units, price) for units, price in parts) == value
    assert len({price for _, price in parts}) == len(parts) <= 2
    assert all(units > 0 and price > 0 for units, price in parts)


@pytest.mark.parametrize(("quantity", "value"), [("0", "1"), ("1", "0"), ("-1", "5")])
def test_nothing_is_not_divided(quantity: str, value: str) -> None:
    with pytest.raises(ValueError, match="nothing to divide"):
        priced_parts(Decimal(quantity), Decimal(value), Decimal(1))
