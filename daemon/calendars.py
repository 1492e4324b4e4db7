"""When the exchanges trade: computed by a child process, kept in the database, corrected here.

exchange_calendars brings pandas and takes seconds to build a calendar, so it never enters the
daemon: ``python -m daemon.calendars XNYS 2026-10-01 2027-12-31`` prints the sessions and ends.
They are computed again when they run out, or when another version of the library is installed;
until that is done, what is known serves.
"""

from __future__ import annotations

import asyncio
import os
import sys
import warnings
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from importlib.metadata import version as installed_version
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

import orjson

from adapters.sessions import AlwaysOpen, ListedSessions, Session, Sessions
from daemon.config.market import Market
from daemon.storage.rows import from_us, to_us
from daemon.storage.tx import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from adapters.clock import Clock
    from daemon.config.market import CalendarConfig
    from daemon.storage.store import Store
    from daemon.storage.tx import Tx, View

LIBRARY = "exchange-calendars"
ZONES: Mapping[Market, ZoneInfo] = {
    Market.XKRX: ZoneInfo("Asia/Seoul"),
    Market.XNYS: ZoneInfo("America/New_York"),
}
BACK = timedelta(days=120)
AHEAD = timedelta(days=400)
ENOUGH_AHEAD = timedelta(days=200)
"""With fewer days known than this, more are computed."""
CHILD_S = 60.0
RETRY_S = 30.0
"""A calendar that could not be computed is not tried again sooner."""
_CHILD_VARIABLES = ("HOME", "LANG", "PATH", "PYTHONPATH")
"""What the child may see of the environment: no secret is among it."""

SESSIONS = Table("sessions", ("market", "day", "opens_at", "closes_at"))


class CalendarError(Exception):
    """The sessions of a market are not known; the message says why."""


class ComputeSessions(Protocol):
    """Computes the sessions of a market from one day to another, both included."""

    async def __call__(self, market: Market, first: date, last: date) -> tuple[Session, ...]: ...


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database knows of a market."""

    version: str
    first: date
    last: date
    sessions: tuple[Session, ...]


class RenewedSessions:
    """A market's calendar, whose sessions are replaced when more are known."""

    def __init__(self, sessions: ListedSessions) -> None:
        self._sessions = sessions

    def renew(self, sessions: ListedSessions) -> None:
        """Answer from these from now on."""
        self._sessions = sessions

    def day_at(self, at: datetime) -> date:
        return self._sessions.day_at(at)

    def session_at(self, at: datetime) -> Session | None:
        return self._sessions.session_at(at)

    def next_open(self, at: datetime) -> datetime | None:
        return self._sessions.next_open(at)

    def next_close(self, at: datetime) -> datetime | None:
        return self._sessions.next_close(at)

    def session_on(self, day: date) -> Session | None:
        return self._sessions.session_on(day)

    def day_before(self, day: date) -> date | None:
        return self._sessions.day_before(day)

    def days_since(self, after: date, until: date) -> int:
        return self._sessions.days_since(after, until)


class Calendars:
    """The calendars of all markets that accounts trade on."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        corrections: Mapping[Market, CalendarConfig],
        compute: ComputeSessions,
    ) -> None:
        self._store = store
        self._clock = clock
        self._corrections = corrections
        self._compute = compute
        self._in_use: dict[Market, RenewedSessions] = {}
        self._turns: defaultdict[Market, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._failures: dict[Market, tuple[float, str]] = {}

    async def sessions(self, market: Market) -> Sessions:
        """Return a market's calendar: at once if it is known, else when it has been computed.

        Raises CalendarError.
        """
        if market is Market.ALWAYS_OPEN:
            return AlwaysOpen()
        async with self._turns[market]:
            if market not in self._in_use:
                known = await self._store.read(partial(_load, market=market))
                today = self._clock.now().date()
                if known is None or not known.first <= today < known.last:
                    known = await self._computed(market)
                self._in_use[market] = RenewedSessions(self._listed(market, known.sessions))
            return self._in_use[market]

    async def correct(self, corrections: Mapping[Market, CalendarConfig]) -> None:
        """Correct the calendars in use in another way from now on."""
        if corrections == self._corrections:
            return
        self._corrections = corrections
        for market, in_use in self._in_use.items():
            async with self._turns[market]:
                known = await self._store.read(partial(_load, market=market))
                if known is not None:
                    in_use.renew(self._listed(market, known.sessions))

    def known(self, market: Market) -> Sessions | None:
        """Return a market's calendar if it has been asked for before."""
        return AlwaysOpen() if market is Market.ALWAYS_OPEN else self._in_use.get(market)

    async def renew(self) -> None:
        """Compute again what runs out, or was computed by another version of the library.

        Raises CalendarError; what is known stays in use then.
        """
        for market, in_use in self._in_use.items():
            async with self._turns[market]:
                known = await self._store.read(partial(_load, market=market))
                if known is None or self._is_old(known):
                    known = await self._computed(market)
                    in_use.renew(self._listed(market, known.sessions))

    def _is_old(self, known: _Known) -> bool:
        enough = self._clock.now().date() + ENOUGH_AHEAD
        return known.last < enough or known.version != installed_version(LIBRARY)

    async def _computed(self, market: Market) -> _Known:
        failed_until, failure = self._failures.get(market, (0.0, ""))
        if self._clock.monotonic() < failed_until:
            raise CalendarError(failure)
        today = self._clock.now().date()
        first, last = today - BACK, today + AHEAD
        try:
            sessions = await self._compute(market, first, last)
        except CalendarError as error:
            self._failures[market] = (self._clock.monotonic() + RETRY_S, str(error))
            raise
        known = _Known(installed_version(LIBRARY), first, last, sessions)
        await self._store.write(partial(_save, market=market, known=known))
        return known

    def _listed(self, market: Market, sessions: Iterable[Session]) -> ListedSessions:
        zone = ZONES[market]
        correction = self._corrections.get(market)
        found = sessions if correction is None else corrected(sessions, correction, zone)
        return ListedSessions(found, zone)


def corrected(
    sessions: Iterable[Session], correction: CalendarConfig, zone: ZoneInfo
) -> tuple[Session, ...]:
    """Apply ``[calendars.NAME]``: other hours make or change a session, a closed day has none."""
    by_day = {session.day: session for session in sessions}
    for day, hours in correction.hours.items():
        opens, closes = (
            datetime.combine(day, at, zone).astimezone(UTC) for at in (hours.open, hours.close)
        )
        by_day[day] = Session(day, opens, closes)
    for day in correction.closed:
        by_day.pop(day, None)
    return tuple(by_day[day] for day in sorted(by_day))


def _load(view: View, market: Market) -> _Known | None:
    row = view.fetch_one("calendar", market=market.value)
    if row is None:
        return None
    sessions = tuple(
        Session(
            date.fromisoformat(each["day"]), from_us(each["opens_at"]), from_us(each["closes_at"])
        )
        for each in view.fetch("sessions_of_market", market=market.value)
    )
    first, last = date.fromisoformat(row["first_day"]), date.fromisoformat(row["last_day"])
    return _Known(row["version"], first, last, sessions)


def _save(tx: Tx, market: Market, known: _Known) -> None:
    tx.execute("forget_sessions", market=market.value)
    for each in known.sessions:
        row = (market.value, each.day.isoformat(), to_us(each.open), to_us(each.close))
        tx.insert(SESSIONS, row)
    tx.execute(
        "save_calendar",
        market=market.value,
        version=known.version,
        first_day=known.first.isoformat(),
        last_day=known.last.isoformat(),
    )


async def compute_in_child(market: Market, first: date, last: date) -> tuple[Session, ...]:
    """Have a process of its own compute sessions. Raises CalendarError."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "daemon.calendars"),
        *(market.value, first.isoformat(), last.isoformat()),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={name: os.environ[name] for name in _CHILD_VARIABLES if name in os.environ},
    )
    try:
        async with asyncio.timeout(CHILD_S):
            output, errors = await process.communicate()
    except TimeoutError as error:
        message = f"the calendar of {market.value} was not computed within {CHILD_S:.0f} s"
        raise CalendarError(message) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        said = errors.decode("utf-8", "replace").strip().splitlines() or ["nothing"]
        message = f"the calendar of {market.value} could not be computed: {said[-1][:200]}"
        raise CalendarError(message)
    return tuple(_session(each) for each in orjson.loads(output))


def _session(texts: list[str]) -> Session:
    day, opens, closes = texts
    return Session(
        date.fromisoformat(day), datetime.fromisoformat(opens), datetime.fromisoformat(closes)
    )


def print_sessions(market: str, first: str, last: str) -> None:
    """Print the sessions of an exchange, day, opening and close of each; in the child process."""
    sys.stdout.write(orjson.dumps(_computed_here(market, first, last)).decode() + "\n")


async def compute_here(market: Market, first: date, last: date) -> tuple[Session, ...]:
    """Compute sessions in this process, once for all; for tests, whose time stands still."""
    with warnings.catch_warnings(action="ignore"):  # pandas' own, which a test may forbid
        texts = _computed_here(market.value, first.isoformat(), last.isoformat())
    return tuple(_session(each) for each in texts)


@cache
def _computed_here(market: str, first: str, last: str) -> list[list[str]]:
    import exchange_calendars  # noqa: PLC0415 - heavy; the daemon itself never loads it

    calendar = exchange_calendars.get_calendar(market, start=first, end=last)
    return [
        [day.date().isoformat(), row["open"].isoformat(), row["close"].isoformat()]
        for day, row in calendar.schedule.iterrows()
    ]


if __name__ == "__main__":
    print_sessions(*sys.argv[1:])
