"""Reading JSON by its documented types."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.fields import MalformedError, exact, fields_of, from_ms, plain, rows_of, to_ms

if TYPE_CHECKING:
    from decimal import Decimal


def test_an_answer_of_another_form_tells_nothing() -> None:
    for wrong in (None, 1, "x", [1]):
        with pytest.raises(MalformedError):
            rows_of(wrong)
    with pytest.raises(MalformedError):
        fields_of([])
    with pytest.raises(MalformedError):
        from_ms(10**30)


@pytest.mark.parametrize("written", ["", "x", "1.2.3", "NaN", "-Infinity", "1e99"])
def test_what_is_no_amount_is_malformed(written: str) -> None:
    with pytest.raises(MalformedError, match="field price"):
        exact(written, "price")


def test_every_digit_is_kept_and_zero_has_no_sign() -> None:
    assert str(exact("1234567890123456789012345678901234567", "x")).endswith("01234567")
    assert str(exact("-0.000", "x")) == "0"


def test_milliseconds_go_both_ways() -> None:
    at = datetime(2026, 11, 20, 9, 0, 0, 123_000, tzinfo=UTC)
    assert from_ms(to_ms(at)) == at


@given(st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=0, max_value=10**18))
def test_plain_changes_the_spelling_only(value: Decimal) -> None:
    assert plain(value) == value
    assert not str(plain(value)).endswith(".0")
