from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sessions import AlwaysOpen, ListedSessions
from daemon.calendars import ZONES
from daemon.config.jobs import JobKind, read_job_time
from daemon.config.market import Market
from daemon.config.trading import Weekday
from daemon.jobs.timetable import NextDue, Timetable
from tests.support.markets import weekdays

if TYPE_CHECKING:
    from collections.abc import Collection

ALL = frozenset(Weekday)
FRIDAY = date(2026, 11, 20)
THANKSGIVING, DAY_AFTER = date(2026, 11, 26), date(2026, 11, 27)


async def timetable(
    *times: str,
    market: Market = Market.XNYS,
    kind: JobKind = JobKind.TWAP,
    closed: Collection[date] = (THANKSGIVING,),
    days: frozenset[Weekday] = ALL,
) -> Timetable:
    compute = weekdays(closed=closed, half=[DAY_AFTER])
    sessions = await compute(market, date(2026, 1, 1), date(2026, 12, 31))
    read = tuple((kind, read_job_time(text)) for text in times)
    return Timetable(market, ListedSessions(sessions, ZONES[market]), read, days)


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "day", "moment"),
    [
        ("09:40", FRIDAY, utc(11, 20, 14, 40)),
        ("open+10m", FRIDAY, utc(11, 20, 14, 40)),
        ("close-15m", FRIDAY, utc(11, 20, 20, 45)),
        # A half day closes at 13:00.
        ("close-15m", DAY_AFTER, utc(11, 27, 17, 45)),
        # New York keeps its wall clock over daylight saving, which begins on 8 March.
        ("09:40", date(2026, 3, 6), utc(3, 6, 14, 40)),
        ("09:40", date(2026, 3, 9), utc(3, 9, 13, 40)),
        ("open+10m", date(2026, 10, 30), utc(10, 30, 13, 40)),
        ("open+10m", date(2026, 11, 2), utc(11, 2, 14, 40)),
        # Seoul's evening is the morning of the same day in New York, its night that of the
        # day before.
        ("23:40 Asia/Seoul", FRIDAY, utc(11, 20, 14, 40)),
        ("01:00 Asia/Seoul", FRIDAY, utc(11, 20, 16)),
        # A day without session has its usual hours, for those who must say that there is none.
        ("open+5m", THANKSGIVING, utc(11, 26, 14, 35)),
        ("close", THANKSGIVING, utc(11, 26, 21)),
    ],
)
async def test_a_time_is_a_moment_of_the_markets_day(
    text: str, day: date, moment: datetime
) -> None:
    assert (await timetable(text)).moment(read_job_time(text), day) == moment


async def test_jobs_come_in_order_each_once() -> None:
    table = await timetable("open+20m", "open+10m", "close-15m")
    dues = table.between(utc(11, 20, 14, 40), utc(11, 23, 14, 50))
    assert [due.at for due in dues] == [
        utc(11, 20, 14, 50),
        utc(11, 20, 20, 45),
        utc(11, 23, 14, 40),
        utc(11, 23, 14, 50),
    ]


async def test_the_next_time_skips_days_without_trading() -> None:
    table = await timetable("open+10m")
    assert table.next_after(utc(11, 25, 14, 40)) == utc(11, 27, 14, 40)
    assert (await timetable()).next_after(utc(11, 25, 14, 40)) is None


async def test_only_making_orders_looks_at_days_without_trading() -> None:
    table = await timetable("open+10m", kind=JobKind.MAKE_ORDERS)
    (due,) = table.on(THANKSGIVING)
    assert not due.trades
    assert list((await timetable("open+10m")).on(THANKSGIVING)) == []


async def test_weekdays_left_out_have_no_jobs() -> None:
    table = await timetable("open+10m", days=frozenset({Weekday.MONDAY}))
    assert table.next_after(utc(11, 20, 0)) == utc(11, 23, 14, 40)


async def test_slices_left_are_the_later_times_of_the_day() -> None:
    table = await timetable("open+10m", "open+20m", "09:50", "close-15m")
    assert table.slices_left(utc(11, 20, 14, 35)) == 3  # 09:50 and open+20m are one time
    assert table.slices_left(utc(11, 20, 14, 40)) == 2
    assert table.slices_left(utc(11, 20, 20, 45)) == 0


async def test_a_market_without_hours_counts_from_its_midnights() -> None:
    times = tuple(
        (JobKind.TWAP, read_job_time(text)) for text in ("open+10m", "close-15m", "12:00")
    )
    table = Timetable(Market.ALWAYS_OPEN, AlwaysOpen(), times, ALL)
    assert [due.at for due in table.between(utc(11, 21, 0), utc(11, 21, 23, 59))] == [
        utc(11, 21, 0, 10),
        utc(11, 21, 12),
        utc(11, 21, 23, 45),
    ]
    assert table.begins(FRIDAY) == utc(11, 20, 0)


async def test_the_trigger_asks_the_timetable() -> None:
    trigger = NextDue(await timetable("open+10m"))
    assert trigger.get_next_fire_time(None, utc(11, 20, 14)) == utc(11, 20, 14, 40)
    at = utc(11, 20, 14, 40)
    assert trigger.get_next_fire_time(at, at) == utc(11, 23, 14, 40)


@given(
    # Clocks are changed at week-ends: such a day may lack a time of another zone, and no market
    # opens on it.
    day=st.dates(date(2026, 2, 1), date(2026, 11, 30)).filter(lambda day: day.weekday() < 5),
    hours=st.integers(0, 23),
    zone=st.sampled_from(["Asia/Seoul", "Europe/Berlin", "America/New_York", "Pacific/Auckland"]),
)
async def test_every_market_day_has_each_clock_time_once(day: date, hours: int, zone: str) -> None:
    table = await timetable(f"{hours:02}:30 {zone}", closed=())
    at = table.moment(read_job_time(f"{hours:02}:30 {zone}"), day)
    assert at.astimezone(ZONES[Market.XNYS]).date() == day
    dues = table.between(table.begins(day), table.begins(day + timedelta(days=7)))
    assert len({due.day for due in dues}) == len(dues)
