from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sessions import AlwaysOpen, ListedSessions, Session

NEW_YORK = ZoneInfo("America/New_York")


def new_york(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=NEW_YORK)


FRIDAY = Session(date(2026, 11, 20), new_york(20, 9, 30), new_york(20, 16))
MONDAY = Session(date(2026, 11, 23), new_york(23, 9, 30), new_york(23, 16))
HALF_DAY = Session(date(2026, 11, 27), new_york(27, 9, 30), new_york(27, 13))
NYSE = ListedSessions([FRIDAY, MONDAY, HALF_DAY], NEW_YORK)

MOMENTS = st.datetimes(
    datetime(2026, 11, 18),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2026, 11, 30),  # noqa: DTZ001
    timezones=st.just(NEW_YORK),
)


def test_a_market_is_open_from_its_open_up_to_its_close() -> None:
    assert NYSE.session_at(new_york(20, 9, 29)) is None
    assert NYSE.session_at(new_york(20, 9, 30)) == FRIDAY
    assert NYSE.session_at(new_york(20, 15, 59)) == FRIDAY
    assert NYSE.session_at(new_york(20, 16)) is None


def test_the_next_open_and_close_skip_the_weekend_and_know_the_half_day() -> None:
    assert NYSE.next_open(new_york(20, 9, 30)) == MONDAY.open
    assert NYSE.next_close(new_york(20, 15, 59)) == FRIDAY.close
    assert NYSE.next_close(new_york(20, 16)) == MONDAY.close
    assert NYSE.next_close(new_york(26, 12)) == HALF_DAY.close


def test_a_calendar_that_ends_says_so() -> None:
    assert NYSE.next_open(new_york(28, 12)) is None
    assert NYSE.next_close(new_york(28, 12)) is None


def test_the_day_is_the_markets_not_the_one_on_our_wall() -> None:
    one_in_the_morning_in_seoul = datetime(2026, 11, 21, 1, tzinfo=ZoneInfo("Asia/Seoul"))
    assert NYSE.day_at(one_in_the_morning_in_seoul) == FRIDAY.day
    saturday_noon = new_york(21, 12)
    assert NYSE.day_at(saturday_noon) == date(2026, 11, 21)


def test_a_session_past_midnight_keeps_its_day() -> None:
    night = Session(date(2026, 11, 20), new_york(20, 18), new_york(21, 2))
    assert ListedSessions([night], NEW_YORK).day_at(new_york(21, 1)) == date(2026, 11, 20)


@pytest.mark.parametrize(
    ("sessions", "fault"),
    [
        ([MONDAY, FRIDAY], "2026-11-20 does not follow"),
        ([FRIDAY, FRIDAY], "2026-11-20 does not follow"),
        ([Session(FRIDAY.day, FRIDAY.close, FRIDAY.open)], "closes before it opens"),
    ],
)
def test_sessions_out_of_order_are_refused(sessions: list[Session], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        ListedSessions(sessions, NEW_YORK)


def test_a_market_without_hours_has_one_session_a_utc_date() -> None:
    market = AlwaysOpen()
    late = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
    midnight = datetime(2026, 11, 21, tzinfo=UTC)
    assert market.session_at(late).day == market.day_at(late) == date(2026, 11, 20)
    assert market.next_close(late) == market.next_open(late) == midnight
    assert market.next_close(midnight) == midnight + timedelta(days=1)
    assert market.session_at(midnight).open == midnight


@given(at=MOMENTS)
def test_every_moment_lies_before_the_next_close_and_in_its_own_session(at: datetime) -> None:
    for market in (NYSE, AlwaysOpen()):
        close, session = market.next_close(at), market.session_at(at)
        assert close is None or close > at
        if session is not None:
            assert session.open <= at < session.close == close
            assert market.day_at(at) == session.day


def test_a_day_has_its_session_and_the_one_before() -> None:
    assert NYSE.session_on(HALF_DAY.day) == HALF_DAY
    assert NYSE.session_on(date(2026, 11, 26)) is None
    assert NYSE.day_before(MONDAY.day) == FRIDAY.day
    assert NYSE.day_before(date(2026, 11, 22)) == FRIDAY.day
    assert NYSE.day_before(date(2026, 1, 1)) is None


def test_trading_days_are_counted_after_one_day_and_with_the_other() -> None:
    assert NYSE.days_since(FRIDAY.day, MONDAY.day) == 1
    assert NYSE.days_since(FRIDAY.day, FRIDAY.day) == 0
    assert NYSE.days_since(MONDAY.day, FRIDAY.day) == 0
    assert NYSE.days_since(date(2026, 11, 21), date(2026, 11, 22)) == 0


def test_a_market_without_hours_trades_on_every_day() -> None:
    market = AlwaysOpen()
    assert market.session_on(FRIDAY.day).open == datetime(2026, 11, 20, tzinfo=UTC)
    assert market.day_before(MONDAY.day) == date(2026, 11, 22)
    assert market.days_since(FRIDAY.day, MONDAY.day) == 3
