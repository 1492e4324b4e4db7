"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from daemon.config.service import Locale
from daemon.i18n import words_in
from daemon.storage.rows import to_us
from daemon.web.formats import Formats

NOW = datetime(2026, 11, 20, 14, 30, 5, 123456, tzinfo=UTC)
SEOUL = Formats(words_in(Locale.ENGLISH), ZoneInfo("Asia/Seoul"), NOW)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1234567.890", "1,234,567.89"),
        ("-1234.5", "\N{MINUS SIGN}1,234.5"),
        ("0.00000001", "0.00000001"),
        ("0", "0"),
        (None, "\N{EN DASH}"),
        ("123456789012345678901234567890.12", "123,456,789,012,345,678,901,234,567,890.12"),
    ],
)
def test_numbers_are_exact_and_grouped(value: str | None, shown: str) -> None:
    assert SEOUL.number(value) == shown


def test_what_is_rounded_is_rounded_half_to_even() -> None:
    assert SEOUL.number("2.345", 2) == "2.34"
    assert SEOUL.number("2.355", 2) == "2.36"
    assert SEOUL.number(Decimal("1e30") / 7, 0).startswith("142,857,142,857")


def test_gains_carry_their_sign_and_colour() -> None:
    assert (SEOUL.signed("5"), SEOUL.trend("5")) == ("+5", "up")
    assert (SEOUL.signed("-5"), SEOUL.trend("-5")) == ("\N{MINUS SIGN}5", "down")
    assert (SEOUL.signed("0"), SEOUL.trend("0")) == ("0", "flat")
    assert (SEOUL.signed(None), SEOUL.trend(None)) == ("\N{EN DASH}", "flat")


def test_times_are_told_where_the_person_lives() -> None:
    assert SEOUL.short(NOW) == "23:30:05"
    assert SEOUL.short(to_us(NOW)) == "23:30:05"
    assert SEOUL.short("2026-11-20T14:30:05.123456+00:00") == "23:30:05"
    assert SEOUL.short(NOW + timedelta(hours=1)) == "11-21 00:30"
    assert SEOUL.short(NOW - timedelta(days=400)) == "2025-10-16"
    assert SEOUL.exact(NOW) == "23:30:05.123"
    assert SEOUL.full(NOW) == "2026-11-20 23:30:05.123 KST"
    assert SEOUL.iso(to_us(NOW)) == NOW.isoformat()


def test_how_long_is_told_as_roughly_as_people_care() -> None:
    assert SEOUL.ahead(NOW + timedelta(seconds=40)) == "40 s"
    assert SEOUL.ahead(NOW + timedelta(minutes=12, seconds=40)) == "12 min"
    assert SEOUL.ahead(NOW - timedelta(hours=2, minutes=5)) == "2 h 5 min"
    assert [SEOUL.duration(each) for each in (0, 9999, 61_000, 7_500_000)] == [
        "0 ms",
        "9,999 ms",
        "61 s",
        "2 h 5 min",
    ]


def test_words_of_the_machine_are_said_or_left() -> None:
    korean = Formats(words_in(Locale.KOREAN), ZoneInfo("Asia/Seoul"), NOW)
    assert SEOUL.word("partially_filled") == "partly filled"
    assert korean.word("buy") == "매수"
    assert korean.word("momentum") == "momentum"


def test_a_notice_is_said_for_eyes() -> None:
    params = {
        "book": "careful",
        "kind": "BUY_FORCE",
        "total": "7000",
        "measure": "quantity",
        "symbol": "005930",
        "until": "2026-11-20T15:00:00+00:00",
        "order": "01M7Z610414N8V7CYXB7J53GVD",
    }
    text = SEOUL.notice("approval_wanted", params)
    assert "7,000" in text
    assert "of 005930" in text, "a symbol is no number"
    assert text.endswith("order \N{HORIZONTAL ELLIPSIS}J53GVD")
    odd = {"day": "2026-11-23", "calendar": "open", "broker": "1e9 closed"}
    assert "the broker says 1e9 closed" in SEOUL.notice("calendar_disagrees", odd)
