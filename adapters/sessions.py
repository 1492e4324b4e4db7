"""When a market trades: its days, its opens and its closes.

A day here is the market's own: a New York session that ends after midnight in Seoul keeps one
date. All times are aware; they come and go in UTC.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Session:
    """One trading day. The market is open from ``open`` up to, not including, ``close``."""

    day: date
    open: datetime
    close: datetime


class Sessions(Protocol):
    """A market's calendar."""

    def day_at(self, at: datetime) -> date:
        """Return the market's day that ``at`` belongs to, trading or not."""
        ...

    def session_at(self, at: datetime) -> Session | None:
        """Return the session under way; None while the market is closed."""
        ...

    def next_open(self, at: datetime) -> datetime | None:
        """Return the first opening after ``at``; None where the calendar ends."""
        ...

    def next_close(self, at: datetime) -> datetime | None:
        """Return the first close after ``at``; None where the calendar ends."""
        ...

    def session_on(self, day: date) -> Session | None:
        """Return the session of a market day; None if it is no trading day."""
        ...

    def day_before(self, day: date) -> date | None:
        """Return the last trading day before a day; None where the calendar begins."""
        ...

    def days_since(self, after: date, until: date) -> int:
        """Count the trading days after one day, up to and with another."""
        ...


class AlwaysOpen:
    """A market without hours (24/7): one session for each UTC date, midnight to midnight."""

    def day_at(self, at: datetime) -> date:
        return at.astimezone(UTC).date()

    def session_at(self, at: datetime) -> Session:
        opened = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return Session(opened.date(), opened, opened + ONE_DAY)

    def next_open(self, at: datetime) -> datetime:
        return self.session_at(at).close

    def next_close(self, at: datetime) -> datetime:
        return self.session_at(at).close

    def session_on(self, day: date) -> Session:
        return self.session_at(datetime.combine(day, time(), UTC))

    def day_before(self, day: date) -> date:
        return day - ONE_DAY

    def days_since(self, after: date, until: date) -> int:
        return max((until - after).days, 0)


class ListedSessions:
    """Sessions given one by one, as a calendar service or a test lists them.

    Outside every session the day is the date in the market's ``zone``.
    """

    def __init__(self, sessions: Iterable[Session], zone: ZoneInfo) -> None:
        self._sessions = tuple(
            Session(each.day, each.open.astimezone(UTC), each.close.astimezone(UTC))
            for each in sessions
        )
        self._opens = [each.open for each in self._sessions]
        self._closes = [each.close for each in self._sessions]
        self._days = [each.day for each in self._sessions]
        self._zone = zone
        _require_order(self._sessions)

    def day_at(self, at: datetime) -> date:
        session = self.session_at(at)
        return at.astimezone(self._zone).date() if session is None else session.day

    def session_at(self, at: datetime) -> Session | None:
        begun = bisect_right(self._opens, at)
        if begun == 0:
            return None
        session = self._sessions[begun - 1]
        return session if at < session.close else None

    def next_open(self, at: datetime) -> datetime | None:
        begun = bisect_right(self._opens, at)
        return self._opens[begun] if begun < len(self._opens) else None

    def next_close(self, at: datetime) -> datetime | None:
        ended = bisect_right(self._closes, at)
        return self._closes[ended] if ended < len(self._closes) else None

    def session_on(self, day: date) -> Session | None:
        place = bisect_left(self._days, day)
        known = place < len(self._days) and self._days[place] == day
        return self._sessions[place] if known else None

    def day_before(self, day: date) -> date | None:
        place = bisect_left(self._days, day)
        return self._days[place - 1] if place else None

    def days_since(self, after: date, until: date) -> int:
        return max(bisect_right(self._days, until) - bisect_right(self._days, after), 0)


def _require_order(sessions: tuple[Session, ...]) -> None:
    """Raise ValueError unless the sessions follow each other without overlap."""
    previous: Session | None = None
    for session in sessions:
        if session.open >= session.close:
            message = f"the session of {session.day} closes before it opens"
            raise ValueError(message)
        if previous is not None and (session.open < previous.close or session.day <= previous.day):
            message = f"the session of {session.day} does not follow that of {previous.day}"
            raise ValueError(message)
        previous = session
