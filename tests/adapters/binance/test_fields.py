"""Reading JSON by its documented types."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.binance.fields import (
    MalformedError,
    decimal,
    fields_of,
    from_ms,
    integer,
    plain,
    rows_of,
    text,
    time_of,
    to_ms,
)


def test_amounts_are_exact_and_plain() -> None:
    assert decimal({"p": "0.10000000"}, "p") == Decimal("0.1")
    assert str(decimal({"p": "100.00000000"}, "p")) == "100"
    assert str(decimal({"p": "1E+2"}, "p")) == "100"


@pytest.mark.parametrize("value", [None, 0.1, "x", "NaN", "Infinity", True, [], "1e9999999999"])
def test_what_is_no_amount_tells_nothing(value: object) -> None:
    with pytest.raises(MalformedError):
        decimal({"p": value}, "p")


def test_numbers_of_orders_are_exact_however_large() -> None:
    assert text({"orderId": 2**63 + 1}, "orderId") == str(2**63 + 1)
    assert integer({"orderId": str(2**63 + 1)}, "orderId") == 2**63 + 1


def test_the_first_field_that_is_there_counts() -> None:
    assert text({"b": "2", "c": "3"}, "a", "b", "c") == "2"
    assert time_of({"updateTime": 1}, "time", "updateTime") == from_ms(1)


def test_an_answer_of_another_form_tells_nothing() -> None:
    for wrong in (None, 1, "x", [1]):
        with pytest.raises(MalformedError):
            rows_of(wrong)
    with pytest.raises(MalformedError):
        fields_of([])
    with pytest.raises(MalformedError):
        integer({"id": "x"}, "id")
    with pytest.raises(MalformedError):
        from_ms(10**30)


def test_milliseconds_go_both_ways() -> None:
    at = datetime(2026, 11, 20, 9, 0, 0, 123_000, tzinfo=UTC)
    assert from_ms(to_ms(at)) == at


@given(st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=0, max_value=10**18))
def test_plain_changes_the_spelling_only(value: Decimal) -> None:
    assert plain(value) == value
    assert not str(plain(value)).endswith(".0")
