"""Sessions of exchanges for market stories, without the library that takes a second to load."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from adapters.sessions import Session
from daemon.calendars import ZONES

if TYPE_CHECKING:
    from collections.abc import Collection

    from daemon.calendars import ComputeSessions
    from daemon.config.market import Market

HOURS = {"XKRX": (time(9), time(15, 30)), "XNYS": (time(9, 30), time(16))}


def weekdays(*, closed: Collection[date] = (), half: Collection[date] = ()) -> ComputeSessions:
    """Monday to Friday, but for ``closed`` days; ``half`` days end at 13:00."""

    async def compute(market: Market, first: date, last: date) -> tuple[Session, ...]:
        opens, closes = HOURS[market.value]
        zone = ZONES[market]
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return tuple(
            Session(
                day,
                datetime.combine(day, opens, zone).astimezone(UTC),
                datetime.combine(day, time(13) if day in half else closes, zone).astimezone(UTC),
            )
            for day in days
            if day.weekday() < 5 and day not in closed
        )

    return compute
