from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config.notify import QuietHours
from daemon.notify.quiet import is_quiet

SEOUL = ZoneInfo("Asia/Seoul")
NIGHT = QuietHours(time(22, 0), time(7, 0))
NOON = QuietHours(time(12, 0), time(13, 0))


@pytest.mark.parametrize(
    ("hours", "at", "quiet"),
    [
        (NIGHT, "21:59:59", False),
        (NIGHT, "22:00:00", True),
        (NIGHT, "00:00:00", True),
        (NIGHT, "06:59:59", True),
        (NIGHT, "07:00:00", False),
        (NOON, "11:59:59", False),
        (NOON, "12:00:00", True),
        (NOON, "13:00:00", False),
        (None, "03:00:00", False),
    ],
)
def test_quiet_hours_are_those_of_the_wall_clock(
    hours: QuietHours | None,
    at: str,
    quiet: bool,  # noqa: FBT001 - of the table
) -> None:
    now = datetime.fromisoformat(f"2026-11-20T{at}").replace(tzinfo=SEOUL)
    assert is_quiet(now.astimezone(UTC), hours, SEOUL) is quiet


def test_a_night_with_a_clock_set_back_stays_quiet_to_its_end() -> None:
    new_york = ZoneInfo("America/New_York")
    before = datetime(2026, 11, 1, 1, 30, tzinfo=new_york)
    minutes = [before.astimezone(UTC) + timedelta(minutes=each) for each in range(6 * 60 + 29)]
    assert all(is_quiet(each, NIGHT, new_york) for each in minutes)
    assert not is_quiet(minutes[-1] + timedelta(minutes=2), NIGHT, new_york)


times = st.times().map(lambda at: at.replace(second=0, microsecond=0))


@given(times, times, st.datetimes(timezones=st.just(UTC)))
def test_every_moment_is_in_the_hours_or_in_those_that_are_left(
    begin: time, end: time, now: datetime
) -> None:
    if begin == end:
        return
    hours, others = QuietHours(begin, end), QuietHours(end, begin)
    assert is_quiet(now, hours, ZoneInfo("UTC")) is not is_quiet(now, others, ZoneInfo("UTC"))
