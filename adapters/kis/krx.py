"""The Korean day: which venue takes which order when, by date. It changed on 2026-09-14.

Hours are those of a usual day. Where the calendar closes a day later, on that of the university
entrance examination, everything from the close on is as much later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from adapters.kis.fields import SEOUL

if TYPE_CHECKING:
    from decimal import Decimal

    from adapters.sessions import Sessions

NEW_DAY = date(2026, 9, 14)
"""Since then KRX has an after-market, and no off-hours single price any more."""
CLOSE = time(15, 30)
AFTER_MARKET = time(16, 0)
LAST_CLOSE = time(20, 0)
"""The after-markets of KRX and NXT end."""
MARGIN = timedelta(minutes=30)
"""How long after a close an order may still be shown as alive."""
LIMIT, MARKET, STOP_LIMIT, AFTER_LIMIT = "00", "01", "22", "41"
IN_AFTER_MARKET = frozenset({"41", "42", "43", "44", "45", "46", "47"})


class Venue(StrEnum):
    """Where a Korean order goes. SOR: KIS chooses between KRX and NXT."""

    KRX = "KRX"
    NXT = "NXT"
    SOR = "SOR"


class Hours:
    """The hours of days of one calendar."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def is_after_market(self, at: datetime) -> bool:
        """Whether KRX trades after the close, where only its own order types are taken."""
        day = at.astimezone(SEOUL).date()
        return day >= NEW_DAY and self._at(day, AFTER_MARKET) <= at < self._at(day, LAST_CLOSE)

    def over_at(self, day: date, venue: str, division: str) -> datetime:
        """Return when, surely, an order does not live any more."""
        is_early = venue in {Venue.KRX, ""} and division not in IN_AFTER_MARKET
        return self._at(day, CLOSE if is_early else LAST_CLOSE) + MARGIN

    def _at(self, day: date, usual: time) -> datetime:
        session = self._sessions.session_on(day)
        close = datetime.combine(day, CLOSE, SEOUL)
        later = timedelta() if session is None else session.close - close
        return datetime.combine(day, usual, SEOUL) + later


@dataclass(frozen=True, slots=True)
class Band:
    """The prices that a day allows, as KIS told them at a time; None where it does not."""

    day: date
    told_at: datetime
    lowest: Decimal | None
    highest: Decimal | None

    def holds(self, price: Decimal) -> bool:
        return (self.lowest is None or price >= self.lowest) and (
            self.highest is None or price <= self.highest
        )
