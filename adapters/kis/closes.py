"""The official close of a past day, as far as KIS tells it.

Its prices carry no date, the last one may be an after-hours one, and the line of today in the list
of days may still move. So a close is believed from that list when its day is a past one, and from
a quote's previous close only in the session that follows that day.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from adapters.broker import BrokerError, UnknownSymbolError

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from adapters.kis.desk import Desk
    from adapters.sessions import Sessions
    from algorithms.domain import Symbol


class Closes:
    """The closes of one market."""

    def __init__(self, desk: Desk, sessions: Sessions) -> None:
        self._desk = desk
        self._sessions = sessions

    def due(self, day: date) -> datetime:
        """Return when a day is a past one, where its market is."""
        return datetime.combine(day + timedelta(days=1), time(), self._desk.zone)

    async def of(self, symbol: Symbol, day: date, now: datetime) -> Decimal | None:
        """Return a day's close; None as long as it is not final. Raises BrokerError."""
        if now < self.due(day):
            return None
        problem: BrokerError | None = None
        try:
            told = await self._desk.daily_close(symbol, day)
        except UnknownSymbolError:
            raise
        except BrokerError as error:
            told, problem = None, error
        session = self._sessions.session_at(now)
        if told is None and session and self._sessions.day_before(session.day) == day:
            told = (await self._desk.quote(symbol, now)).previous_close
        if told is None and problem is not None:
            raise problem
        return told
