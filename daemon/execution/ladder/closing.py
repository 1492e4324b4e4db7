"""When an account's market closes next, and until when orders for that close may change.

Exchanges take and give back orders for the closing auction only until some minutes before it (NYSE:
ten). The calendar's session says when the close is, so half days have an earlier cut-off.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from daemon.config.market import Market

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from adapters.sessions import Sessions
    from algorithms.domain import AccountName

CUT_OFF = {
    Market.XNYS: timedelta(minutes=10),
    Market.XKRX: timedelta(minutes=10),
    Market.ALWAYS_OPEN: timedelta(minutes=1),
}
"""How long before the close an exchange takes no more orders for it, and cancels none. NYSE Rule
7.35; KRX's closing auction collects orders from ten minutes before the close."""
REVISION_TAKES = timedelta(minutes=1)
"""A ladder is not replaced later than this before the cut-off: cancels must be confirmed first."""


@dataclass(frozen=True, slots=True)
class Closing:
    """One market day's close.

    Orders for it are taken, changed and cancelled up to ``change_until``; what was begun by then
    is sent up to ``send_until``, the exchange's own cut-off.
    """

    day: date
    opens_at: datetime
    closes_at: datetime
    change_until: datetime
    send_until: datetime


def next_closing(sessions: Sessions, market: Market, now: datetime) -> Closing | None:
    """Return the close of the session under way, else of the next one; None beyond the calendar."""
    session = sessions.session_at(now)
    if session is None:
        opens = sessions.next_open(now)
        session = None if opens is None else sessions.session_at(opens)
    if session is None:
        return None
    send_until = session.close - CUT_OFF[market]
    return Closing(
        session.day, session.open, session.close, send_until - REVISION_TAKES, send_until
    )


class Closings:
    """The closes of every account's market."""

    def __init__(
        self,
        sessions_of: Callable[[Market], Sessions | None],
        market_of: Callable[[AccountName], Market],
    ) -> None:
        self._sessions_of = sessions_of
        self._market_of = market_of

    def of(self, account: AccountName, now: datetime) -> Closing | None:
        """Return the close that an order of now is for; None where no calendar is known."""
        sessions = self.sessions(account)
        if sessions is None:
            return None
        return next_closing(sessions, self._market_of(account), now)

    def cut_off(self, account: AccountName, closes_at: datetime) -> datetime:
        """Return when an account's exchange shuts its door for a close."""
        return closes_at - CUT_OFF[self._market_of(account)]

    def sessions(self, account: AccountName) -> Sessions | None:
        """Return the calendar of an account's market; None where it is not known."""
        return self._sessions_of(self._market_of(account))

    def is_over(self, account: AccountName, made_at: datetime, now: datetime) -> bool:
        """Whether what was made for the next close at one time comes too late for it now."""
        closing = self.of(account, made_at)
        return closing is None or now >= closing.send_until
