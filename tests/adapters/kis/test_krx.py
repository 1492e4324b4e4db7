"""The Korean day by date: what changed on 2026-09-14, and the day that begins an hour later."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from adapters.kis.fields import SEOUL
from adapters.kis.krx import Band, Hours
from adapters.sessions import ListedSessions, Session

USUAL, EXAM, OLD = date(2026, 11, 20), date(2026, 11, 19), date(2026, 9, 11)


def at(day: date, text: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(text), SEOUL)


HOURS = Hours(
    ListedSessions(
        [
            Session(EXAM, at(EXAM, "10:00"), at(EXAM, "16:30")),
            Session(USUAL, at(USUAL, "09:00"), at(USUAL, "15:30")),
        ],
        SEOUL,
    )
)


@pytest.mark.parametrize(
    ("day", "clock", "is_after"),
    [
        (USUAL, "15:59", False),
        (USUAL, "16:00", True),
        (USUAL, "19:59", True),
        (USUAL, "20:00", False),
        (EXAM, "16:30", False),
        (EXAM, "17:00", True),
        (OLD, "16:30", False),
    ],
)
def test_the_after_market_follows_the_close(day: date, clock: str, *, is_after: bool) -> None:
    assert HOURS.is_after_market(at(day, clock)) is is_after


@pytest.mark.parametrize(
    ("day", "venue", "division", "clock"),
    [
        (USUAL, "KRX", "00", "16:00"),
        (USUAL, "", "00", "16:00"),
        (USUAL, "KRX", "41", "20:30"),
        (USUAL, "NXT", "00", "20:30"),
        (EXAM, "KRX", "00", "17:00"),
        (date(2026, 11, 23), "SOR", "00", "20:30"),
    ],
)
def test_an_order_is_over_half_an_hour_after_its_market(
    day: date, venue: str, division: str, clock: str
) -> None:
    assert HOURS.over_at(day, venue, division) == at(day, clock)


def test_a_band_holds_what_lies_between_its_ends() -> None:
    band = Band(USUAL, at(USUAL, "09:00"), Decimal(28_980), Decimal(53_820))
    assert [band.holds(Decimal(price)) for price in (28_975, 28_980, 53_820, 53_825)] == [
        False,
        True,
        True,
        False,
    ]
    assert Band(USUAL, at(USUAL, "09:00"), None, None).holds(Decimal(1))
