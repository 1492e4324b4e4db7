"""When the two countries' markets do what. The Korean day changed on 2026-09-14."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KST = ZoneInfo("Asia/Seoul")
EASTERN = ZoneInfo("America/New_York")
NEW_REGIME = date(2026, 9, 14)
ONE_DAY = timedelta(days=1)
LONGEST_BREAK_DAYS = 15


class Country(StrEnum):
    KOREA = "korea"
    AMERICA = "america"


class Phase(StrEnum):
    """What a market is doing. Several go on at once: KRX and NXT have hours of their own."""

    PRE_CLOSE_PRICE = "pre-open, at yesterday's close"
    OPENING_AUCTION = "opening auction"
    CONTINUOUS = "continuous"
    CLOSING_AUCTION = "closing auction"
    POST_CLOSE_PRICE = "after the close, at the close"
    SINGLE_PRICE = "off-hours single price"
    AFTER_MARKET = "KRX after-market"
    NXT_PRE = "NXT pre-market"
    NXT_MAIN = "NXT main market"
    NXT_AFTER = "NXT after-market"
    PRE_MARKET = "before the US open"
    REGULAR = "US regular session"
    AFTER_HOURS = "after the US close"


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` up to, not including, ``end``; both aware."""

    phase: Phase
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Shift:
    """A Korean day that opens, or also closes, an hour later."""

    opening: timedelta = timedelta()
    closing: timedelta = timedelta()


def _days(text: str) -> frozenset[date]:
    return frozenset(date.fromisoformat(each) for each in text.split())


KOREAN_HOLIDAYS = _days(
    "2026-01-01 2026-02-16 2026-02-17 2026-02-18 2026-03-02 2026-05-01 2026-05-05 2026-05-25"
    " 2026-06-03 2026-08-17 2026-09-24 2026-09-25 2026-10-05 2026-10-09 2026-12-25 2026-12-31"
    " 2027-01-01 2027-02-08 2027-02-09 2027-03-01 2027-05-05 2027-05-13 2027-08-16 2027-09-14"
    " 2027-09-15 2027-09-16 2027-10-04 2027-10-11 2027-12-31"
)
AMERICAN_HOLIDAYS = _days(
    "2026-01-01 2026-01-19 2026-02-16 2026-04-03 2026-05-25 2026-06-19 2026-07-03 2026-09-07"
    " 2026-11-26 2026-12-25 2027-01-01 2027-01-18 2027-02-15 2027-03-26 2027-05-31 2027-06-18"
    " 2027-07-05 2027-09-06 2027-11-25 2027-12-24"
)
AMERICAN_HALF_DAYS = _days("2026-11-27 2026-12-24 2027-11-26")
HOUR = timedelta(hours=1)
KOREAN_SHIFTS = {
    date(2026, 1, 2): Shift(HOUR),
    date(2026, 11, 19): Shift(HOUR, HOUR),  # the national college entrance examination
    date(2027, 1, 4): Shift(HOUR),
    date(2027, 11, 18): Shift(HOUR, HOUR),
}


class Hours:
    """The days and phases of one country."""

    def __init__(
        self,
        country: Country,
        *,
        closed: Iterable[date] | None = None,
        shifts: dict[date, Shift] | None = None,
        half_days: Iterable[date] = AMERICAN_HALF_DAYS,
    ) -> None:
        korean = country is Country.KOREA
        self.country = country
        self.zone = KST if korean else EASTERN
        usual = KOREAN_HOLIDAYS if korean else AMERICAN_HOLIDAYS
        self.closed = frozenset(usual if closed is None else closed)
        self._shifts = KOREAN_SHIFTS if shifts is None else shifts
        self._half_days = frozenset(half_days)
        self._periods: dict[date, tuple[Period, ...]] = {}

    def is_open_on(self, day: date) -> bool:
        return day.weekday() < 5 and day not in self.closed

    def day_at(self, at: datetime) -> date:
        """Return the country's own date."""
        return at.astimezone(self.zone).date()

    def next_day(self, day: date) -> date:
        """Return the first trading day after a day."""
        for _ in range(LONGEST_BREAK_DAYS):
            day += ONE_DAY
            if self.is_open_on(day):
                return day
        raise ValueError(f"no trading day follows {day}")

    def periods(self, day: date) -> tuple[Period, ...]:
        """Return the phases of a day, in UTC; none if it is no trading day."""
        if not self.is_open_on(day):
            return ()
        if day not in self._periods:
            found = self._korean(day) if self.country is Country.KOREA else self._american(day)
            self._periods[day] = tuple(found)
        return self._periods[day]

    def period(self, day: date, phase: Phase) -> Period | None:
        return next((each for each in self.periods(day) if each.phase is phase), None)

    def phases_at(self, at: datetime) -> frozenset[Phase]:
        return frozenset(
            each.phase for each in self.periods(self.day_at(at)) if each.start <= at < each.end
        )

    def next_turn(self, after: datetime) -> datetime:
        """Return the next time that a phase begins or ends."""
        day = self.day_at(after)
        for _ in range(LONGEST_BREAK_DAYS):
            turns = [turn for each in self.periods(day) for turn in (each.start, each.end)]
            later = [turn for turn in turns if turn > after]
            if later:
                return min(later)
            day += ONE_DAY
        raise ValueError(f"nothing happens after {after}")

    def _korean(self, day: date) -> Iterator[Period]:
        shift = self._shifts.get(day, Shift())
        new = day >= NEW_REGIME

        def period(phase: Phase, start: str, end: str) -> Period:
            shifts = [
                shift.opening if text <= "09:00:30" else shift.closing for text in (start, end)
            ]
            bounds = [
                datetime.combine(day, time.fromisoformat(text), KST) + by
                for text, by in zip((start, end), shifts, strict=True)
            ]
            return Period(phase, *(each.astimezone(UTC) for each in bounds))

        yield period(Phase.NXT_PRE, "08:00", "08:50")
        yield period(Phase.PRE_CLOSE_PRICE, "08:30", "08:40")
        yield period(Phase.OPENING_AUCTION, "08:20" if new else "08:30", "09:00")
        yield period(Phase.CONTINUOUS, "09:00", "15:20")
        yield period(Phase.NXT_MAIN, "09:00:30", "15:20")
        yield period(Phase.CLOSING_AUCTION, "15:20", "15:30")
        yield period(Phase.POST_CLOSE_PRICE, "15:30", "16:00")
        yield period(Phase.NXT_AFTER, "15:30" if new else "15:40", "20:00")
        if new:
            yield period(Phase.AFTER_MARKET, "16:00", "20:00")
        else:
            yield period(Phase.SINGLE_PRICE, "16:00", "18:00")

    def _american(self, day: date) -> Iterator[Period]:
        opening = datetime.combine(day, time(9, 30), EASTERN)
        close = datetime.combine(day, time(13 if day in self._half_days else 16), EASTERN)
        begin = datetime.combine(day, time(4), EASTERN)
        end = datetime.combine(day + ONE_DAY, time(7), KST)
        for phase, start, stop in (
            (Phase.PRE_MARKET, begin, opening),
            (Phase.REGULAR, opening, close),
            (Phase.AFTER_HOURS, close, end),
        ):
            yield Period(phase, start.astimezone(UTC), stop.astimezone(UTC))


@lru_cache(maxsize=10_000)
def stamp(at: datetime) -> str:
    """Return HHMMSS on a Korean clock."""
    return at.astimezone(KST).strftime("%H%M%S")
