"""Our calendar against the brokers': where a broker says itself when it trades, we look ahead.

A day that one takes for a trading day and the other does not is told days before it comes, once.
On the day itself no orders are made (``jobs/make_orders``).
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.broker import BrokerError, TradingDays
from daemon.notices import raise_notice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from adapters.sessions import Sessions
    from algorithms.domain import AccountName
    from daemon.execution.services import Services
    from daemon.storage.tx import Tx

EVERY = timedelta(hours=1)
"""The adapters ask their brokers once a day."""
AHEAD = 14
"""Days."""
TRADING, CLOSED = "it is a trading day", "it is none"


class DayWatch:
    """Compares trading days for all accounts; ``sessions_of`` knows a calendar, or None yet."""

    def __init__(
        self, services: Services, sessions_of: Callable[[AccountName], Sessions | None]
    ) -> None:
        self._services = services
        self._sessions_of = sessions_of
        self._told: set[tuple[AccountName, date, bool]] = set()

    async def run(self) -> None:
        """Look at the days to come of every account that is connected."""
        for name, broker in list(self._services.brokers.items()):
            sessions = self._sessions_of(name)
            days: object = broker
            if sessions is None or not isinstance(days, TradingDays):
                continue
            try:
                found = await differences(days, sessions, self._today(sessions))
            except BrokerError:
                continue
            for day, trades in found:
                if (name, day, trades) not in self._told:
                    self._told.add((name, day, trades))
                    await self._tell(name, day, trades=trades)

    def _today(self, sessions: Sessions) -> date:
        return sessions.day_at(self._services.clock.now())

    async def _tell(self, name: AccountName, day: date, *, trades: bool) -> None:
        services = self._services

        def tell(tx: Tx) -> None:
            calendar, broker = (CLOSED, TRADING) if trades else (TRADING, CLOSED)
            raise_notice(
                tx,
                services.ids.new(),
                "calendar_doubtful",
                services.clock.now(),
                account=name,
                day=day.isoformat(),
                calendar=calendar,
                broker=broker,
            )

        await services.persistence.write(tell)


async def differences(
    broker: TradingDays, sessions: Sessions, first: date
) -> list[tuple[date, bool]]:
    """Return days to come, and whether the broker trades on them, where the calendar disagrees."""
    found = []
    for day in _days_from(first):
        trades = await broker.is_trading_day(day)
        if trades is not None and trades is not (sessions.session_on(day) is not None):
            found.append((day, trades))
    return found


def _days_from(first: date) -> Iterator[date]:
    return (first + timedelta(days=ahead) for ahead in range(AHEAD))
