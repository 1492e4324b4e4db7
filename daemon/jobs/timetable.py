"""When the day's jobs are due, on the market's own days and in the exchange's own time.

Times are worked out from the session of each day, so they follow half days and daylight saving.
A job of a clock time in another zone belongs to the market day it falls on: 23:40 in Seoul is
the morning of the same day in New York, and 01:00 that of the day before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger

from daemon.config.job_conflicts import REGULAR_DAYS
from daemon.config.jobs import Anchor, JobKind, JobTime
from daemon.config.trading import Weekday

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from adapters.sessions import Sessions
    from daemon.config.market import Market

ONE_DAY = timedelta(days=1)
LOOK_AHEAD = timedelta(days=31)
"""No market is closed for longer; the trigger looks no further for the next time."""
_WEEKDAYS = tuple(Weekday)


@dataclass(frozen=True, slots=True)
class Due:
    """One time of one job, on one market day. ``trades``: whether jobs run on that day."""

    kind: JobKind
    time: JobTime
    day: date
    at: datetime
    trades: bool


@dataclass(frozen=True, slots=True)
class Timetable:
    """The jobs of accounts of one market. ``weekdays``: on which of its days jobs run."""

    market: Market
    sessions: Sessions
    times: tuple[tuple[JobKind, JobTime], ...]
    weekdays: frozenset[Weekday]

    def between(self, after: datetime, until: datetime) -> list[Due]:
        """Return what is due after one time, up to and with another, in order."""
        first = self.sessions.day_at(after) - ONE_DAY
        last = self.sessions.day_at(until) + ONE_DAY
        found = [
            due for day in _days(first, last) for due in self.on(day) if after < due.at <= until
        ]
        return sorted(found, key=lambda due: due.at)

    def next_after(self, at: datetime) -> datetime | None:
        """Return the first time after ``at`` when anything is due; None if nothing is."""
        today = self.sessions.day_at(at)
        for day in _days(today - ONE_DAY, today + LOOK_AHEAD):
            coming = [due.at for due in (*self.on(day), *self.on(day + ONE_DAY)) if due.at > at]
            if coming:
                return min(coming)
        return None

    def on(self, day: date) -> Iterator[Due]:
        """Return what is due on a market day: on one without trading, only what says so."""
        trades = self.trades_on(day)
        for kind, job_time in self.times:
            if trades or kind is JobKind.MAKE_ORDERS:
                yield Due(kind, job_time, day, self.moment(job_time, day), trades)

    def trades_on(self, day: date) -> bool:
        """Whether jobs run on a market day."""
        is_wanted = _WEEKDAYS[day.weekday()] in self.weekdays
        return is_wanted and self.sessions.session_on(day) is not None

    def slices_left(self, after: datetime) -> int:
        """Count the times of twap jobs of the market day that come after ``after``."""
        day = self.sessions.day_at(after)
        return len({due.at for due in self.on(day) if due.kind is JobKind.TWAP and due.at > after})

    def begins(self, day: date) -> datetime:
        """Return when a market day begins: midnight at the exchange."""
        return datetime.combine(day, time(), self._zone).astimezone(UTC)

    def moment(self, job_time: JobTime, day: date) -> datetime:
        """Return when a time is on a market day. A day without session has its usual hours."""
        if job_time.anchor is Anchor.MIDNIGHT:
            return self._clock_moment(job_time, day)
        session = self.sessions.session_on(day)
        if session is not None:
            start = session.open if job_time.anchor is Anchor.OPEN else session.close
            return start + job_time.offset
        regular = REGULAR_DAYS[self.market]
        usual = regular.open if job_time.anchor is Anchor.OPEN else regular.close
        return self._wall(day, usual, self._zone) + job_time.offset

    def _clock_moment(self, job_time: JobTime, day: date) -> datetime:
        zone = job_time.zone or self._zone
        moments = (
            self._wall(day + timedelta(days=shift), job_time.offset, zone) for shift in (-1, 0, 1)
        )
        own = [at for at in moments if at.astimezone(self._zone).date() == day]
        return own[0] if own else self._wall(day, job_time.offset, zone)

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(REGULAR_DAYS[self.market].zone)

    @staticmethod
    def _wall(day: date, offset: timedelta, zone: ZoneInfo) -> datetime:
        """The moment when clocks in a zone show ``offset`` after midnight."""
        midnight = datetime.combine(day, time())
        return (midnight + offset).replace(tzinfo=zone).astimezone(UTC)


class NextDue(BaseTrigger):  # type: ignore[misc]  # its package publishes no types
    """An APScheduler trigger that asks a timetable."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        return self._timetable.next_after(previous_fire_time or now)


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=number) for number in range((last - first).days + 1))
