from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from adapters.clock import LoopClock
from adapters.sessions import AlwaysOpen, Session
from adapters.sqlite.driver import InlineDriver
from algorithms.domain import AccountName
from daemon import calendars
from daemon.calendars import (
    AHEAD,
    BACK,
    ENOUGH_AHEAD,
    RETRY_S,
    CalendarError,
    Calendars,
    compute_in_child,
    corrected,
)
from daemon.config.market import CalendarConfig, Hours, Market
from daemon.storage.store import open_store
from tests.support.loops import in_virtual_time
from tests.support.world import THREE_BOOKS, buy, world

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from pathlib import Path

    from daemon.storage.store import SqliteStore

SEOUL_AND_COINS = (
    THREE_BOOKS
    + """
[accounts.seoul]
market = "XKRX"
[accounts.seoul.paper]
prices = { "005930" = "70000" }
[books.s]
strategy = "alpha"
account = "seoul"
capital = "1000000"
"""
)
SEOUL = ZoneInfo("Asia/Seoul")
START = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)  # a Friday, noon in Seoul


class Library:
    """Computes weekdays from nine to half past three in Seoul, and counts how often."""

    def __init__(self) -> None:
        self.asked: list[tuple[Market, date, date]] = []
        self.broken = False

    async def __call__(self, market: Market, first: date, last: date) -> tuple[Session, ...]:
        self.asked.append((market, first, last))
        if self.broken:
            raise CalendarError("no library")
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return tuple(session(day) for day in days if day.weekday() < 5)


def session(day: date, opens: str = "09:00", closes: str = "15:30") -> Session:
    times = [datetime.combine(day, time.fromisoformat(at), SEOUL) for at in (opens, closes)]
    return Session(day, *(at.astimezone(UTC) for at in times))


class Desk:
    """A daemon's start, as often as a story needs one, on one database."""

    def __init__(self, folder: Path, clock: LoopClock, library: Library) -> None:
        self._path = folder / "nettingd.db"
        self._clock = clock
        self._library = library

    async def start(
        self, corrections: Mapping[Market, CalendarConfig] | None = None
    ) -> tuple[SqliteStore, Calendars]:
        store = await open_store(self._path, InlineDriver.open, lambda _: None)
        return store, Calendars(store, self._clock, corrections or {}, self._library)


def told(
    folder: Path, story: Callable[[Desk, LoopClock, Library], Coroutine[None, None, None]]
) -> None:
    async def play() -> None:
        clock, library = LoopClock(START), Library()
        await story(Desk(folder, clock, library), clock, library)

    in_virtual_time(play())


def test_a_market_is_computed_once_and_found_in_the_database_from_then_on(tmp_path: Path) -> None:
    async def story(desk: Desk, clock: LoopClock, library: Library) -> None:
        for _ in range(2):
            store, known = await desk.start()
            sessions = await known.sessions(Market.XKRX)
            assert sessions is await known.sessions(Market.XKRX)
            assert sessions.session_at(clock.now()) == session(date(2026, 11, 20))
            await store.close()
        today = START.date()
        assert library.asked == [(Market.XKRX, today - BACK, today + AHEAD)]

    told(tmp_path, story)


def test_a_market_without_hours_needs_no_library(tmp_path: Path) -> None:
    async def story(desk: Desk, _: LoopClock, library: Library) -> None:
        store, known = await desk.start()
        assert isinstance(await known.sessions(Market.ALWAYS_OPEN), AlwaysOpen)
        await store.close()
        assert library.asked == []

    told(tmp_path, story)


def test_corrections_count_without_computing_anew(tmp_path: Path) -> None:
    async def story(desk: Desk, clock: LoopClock, library: Library) -> None:
        store, known = await desk.start()
        await known.sessions(Market.XKRX)
        await store.close()
        closed = {Market.XKRX: CalendarConfig(closed=(date(2026, 11, 20),))}
        store, known = await desk.start(closed)
        assert (await known.sessions(Market.XKRX)).session_at(clock.now()) is None
        await store.close()
        assert len(library.asked) == 1

    told(tmp_path, story)


def test_what_runs_out_is_renewed_under_those_who_use_it(tmp_path: Path) -> None:
    async def story(desk: Desk, clock: LoopClock, library: Library) -> None:
        store, known = await desk.start()
        sessions = await known.sessions(Market.XKRX)
        await known.renew()
        assert len(library.asked) == 1
        clock.step(AHEAD - ENOUGH_AHEAD + timedelta(days=1))
        await known.renew()
        assert len(library.asked) == 2
        assert sessions.next_open(clock.now() + AHEAD - timedelta(days=7)) is not None
        await store.close()

    told(tmp_path, story)


def test_another_version_of_the_library_is_asked_again_while_the_known_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(desk: Desk, clock: LoopClock, library: Library) -> None:
        store, known = await desk.start()
        await known.sessions(Market.XKRX)
        await store.close()
        monkeypatch.setattr(calendars, "installed_version", lambda _: "99.0")
        store, known = await desk.start()
        sessions = await known.sessions(Market.XKRX)
        assert len(library.asked) == 1
        library.broken = True
        with pytest.raises(CalendarError):
            await known.renew()
        assert sessions.session_at(clock.now()) is not None
        library.broken = False
        await clock.sleep(RETRY_S + 1)
        await known.renew()
        await known.renew()
        assert len(library.asked) == 3
        await store.close()

    told(tmp_path, story)


def test_a_calendar_that_cannot_be_computed_says_why_and_is_tried_again_later(
    tmp_path: Path,
) -> None:
    async def story(desk: Desk, clock: LoopClock, library: Library) -> None:
        library.broken = True
        store, known = await desk.start()
        for _ in range(3):
            with pytest.raises(CalendarError, match="no library"):
                await known.sessions(Market.XNYS)
        assert len(library.asked) == 1
        library.broken = False
        await clock.sleep(RETRY_S + 1)
        assert (await known.sessions(Market.XNYS)).next_open(clock.now()) is not None
        await store.close()

    told(tmp_path, story)


def test_days_that_have_passed_long_ago_are_computed_before_use(tmp_path: Path) -> None:
    async def story(desk: Desk, clock: LoopClock, library: Library) -> None:
        store, known = await desk.start()
        await known.sessions(Market.XKRX)
        await store.close()
        clock.step(AHEAD + timedelta(days=30))
        store, known = await desk.start()
        assert (await known.sessions(Market.XKRX)).next_open(clock.now()) is not None
        assert len(library.asked) == 2
        await store.close()

    told(tmp_path, story)


def test_hours_change_a_session_or_make_one() -> None:
    thursday, saturday = date(2026, 11, 19), date(2026, 11, 21)
    late = Hours(time(10), time(16, 30))
    correction = CalendarConfig(hours={thursday: late, saturday: late})
    found = corrected([session(thursday), session(date(2026, 11, 20))], correction, SEOUL)
    assert found == (
        session(thursday, "10:00", "16:30"),
        session(date(2026, 11, 20)),
        session(saturday, "10:00", "16:30"),
    )


def test_an_account_waits_for_its_calendar_and_the_others_do_not(tmp_path: Path) -> None:
    async def story() -> None:
        library, clock = Library(), LoopClock(START)
        library.broken = True
        text = SEOUL_AND_COINS
        async with world(tmp_path, text, clock=clock, compute_sessions=library) as here:
            accounts = here.engine.accounts
            assert accounts[AccountName("main")].problem is None
            assert "no library" in str(accounts[AccountName("seoul")].problem)
            assert (await here.submit("alpha", buy("TQQQ", "1", account="main"))).http_status == 200
            library.broken = False
            await here.pass_time(2 * RETRY_S)
            assert accounts[AccountName("seoul")].problem is None

    in_virtual_time(story())


@pytest.mark.slow
async def test_new_york_closes_early_after_thanksgiving() -> None:
    found = await compute_in_child(Market.XNYS, date(2026, 11, 25), date(2026, 11, 28))
    assert [(each.day.day, each.close - each.open) for each in found] == [
        (25, timedelta(hours=6, minutes=30)),
        (27, timedelta(hours=3, minutes=30)),
    ]


@pytest.mark.slow
async def test_a_child_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(CalendarError, match=r"calendar of XNYS could not be computed: .*end"):
        await compute_in_child(Market.XNYS, date(2026, 11, 25), date(2026, 11, 20))
