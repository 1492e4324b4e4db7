"""Reading JSON by its documented types."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.binance.fields import decimal, integer, text, time_of
from adapters.fields import MalformedError, from_ms


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


def test_what_is_no_whole_number_tells_nothing() -> None:
    with pytest.raises(MalformedError):
        integer({"id": "x"}, "id")
