"""KIS's texts: padded, blank, led by zeros, sometimes not what the documents say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from adapters.fields import MalformedError
from adapters.kis.fields import (
    amount,
    count,
    day_of,
    day_text,
    object_of,
    order_number,
    price,
    required,
    rows_of,
    seoul_time,
    text,
)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("   ", None),
        ("0", Decimal(0)),
        ("0.00000000", Decimal(0)),
        ("000041250", Decimal(41250)),
        ("+1.25", Decimal("1.25")),
        ("-100", Decimal(-100)),
        ("27.45000000", Decimal("27.45")),
        ("1,081,000", Decimal(1081000)),
    ],
)
def test_an_amount_is_read_in_all_its_spellings(written: str, value: Decimal | None) -> None:
    found = amount({"x": written}, "x")
    assert found == value
    assert value is None or str(found) == str(value)


@pytest.mark.parametrize("written", ["(null)", "1.2.3", "NaN", "1e99"])
def test_what_is_no_amount_is_malformed(written: str) -> None:
    with pytest.raises(MalformedError):
        amount({"x": written}, "x")


def test_a_price_of_zero_is_none() -> None:
    assert price({"x": "0.0000"}, "x") is None
    assert price({"x": "41245.0000"}, "x") == 41245


def test_what_must_be_there_is_missed() -> None:
    with pytest.raises(MalformedError, match="odno"):
        required({"odno": "  "}, "odno")
    with pytest.raises(MalformedError, match="ord_qty"):
        count({}, "ord_qty")


@pytest.mark.parametrize("written", ["0000037508", "37508", "     37508", 37508])
def test_padding_does_not_make_another_number(written: object) -> None:
    assert order_number(written) == "37508"


@pytest.mark.parametrize("written", ["0000000000", "", "         0", None])
def test_no_number_is_no_number(written: object) -> None:
    assert order_number(written) == ""


def test_one_object_comes_alone_or_in_a_list() -> None:
    assert object_of([{"a": "1"}]) == object_of({"a": "1"}) == {"a": "1"}
    assert object_of([]) == object_of(None) == {}
    with pytest.raises(MalformedError):
        object_of("x")


def test_filler_rows_are_no_rows() -> None:
    assert rows_of({"odno": " "}, "odno") == rows_of(None, "odno") == []
    assert rows_of([{"odno": ""}, {"odno": "1"}], "odno") == [{"odno": "1"}]


def test_the_second_name_serves_where_the_first_says_nothing() -> None:
    assert text({"cncl_cfrm_qty": " ", "cnc_cfrm_qty": "3"}, "cncl_cfrm_qty", "cnc_cfrm_qty") == "3"


def test_days_and_times_are_seouls() -> None:
    day = day_of("20261120")
    assert day == date(2026, 11, 20)
    assert day_text(day) == "20261120"
    assert seoul_time(day, "101502").isoformat() == "2026-11-20T10:15:02+09:00"
    assert seoul_time(day, "").hour == 0
    with pytest.raises(MalformedError):
        day_of("0")
