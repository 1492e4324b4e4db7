"""Days of both markets in one daemon: clocks that change, holidays of one, half days, restarts.

The daemon lives around what matters (trading, the ends of sessions, the midnights of Seoul and of
New York, each of which falls into the other's session) and is down between.
"""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from adapters.tasks import TaskSupervisor
from tests.kis_days.day import MEMORY, TOP
from tests.kis_days.harm import set_switches
from tests.kis_days.house import Half, daemon_at, house
from tests.kis_days.judge import wrong_in_the_books
from tests.kis_days.wishes import american_wish, korean_wish, sent, words_of
from tests.simulators.kis.hours import EASTERN, KST, Country, Hours, Phase
from tests.support.loops import in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kis_days.house import House
    from tests.support.world import World

SPANS = {
    "clocks go back in New York": (date(2026, 10, 30), 5),
    "Seoul begins an hour later": (date(2026, 11, 18), 3),
    "Thanksgiving and its half day": (date(2026, 11, 25), 4),
    "a half day, Christmas": (date(2026, 12, 23), 4),
    "Seoul closes for the year first": (date(2026, 12, 30), 4),
    "Seoul's lunar new year": (date(2027, 2, 5), 6),
    "clocks go forward in New York": (date(2027, 3, 11), 6),
}
"""The first of how many days, by Seoul's calendar."""
SESSIONS = {
    Country.KOREA: (Phase.CONTINUOUS, Phase.CLOSING_AUCTION),
    Country.AMERICA: (Phase.REGULAR, Phase.REGULAR),
}
BOTS = ("alpha", "beta")
MINUTE = timedelta(minutes=1)
ENDS = timedelta(minutes=35)
"""After a close: until the lists say how the day's orders ended, and accounts were compared."""


@dataclass(frozen=True, slots=True, order=True)
class Life:
    """From when to when the daemon runs. ``judged``: at its end no order may be alive."""

    start: datetime
    end: datetime
    judged: bool = False


@dataclass(slots=True)
class Lived:
    """What came of some days."""

    seed: int
    story: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    orders: int = 0
    lives: int = 0
    judgements: int = 0


class Weeks:
    """Plays a seed: its span, its bots and its restarts."""

    def __init__(self, seed: int, folder: Path, *, lives: int | None = None) -> None:
        name = [*SPANS][seed % len(SPANS)]
        self._first, self._days = SPANS[name]
        self._most_lives = lives
        self.lived = Lived(seed, [f"{name}: {self._days} days from {self._first}"])
        self._folder = folder
        self._chance = random.Random(seed)
        second = Half("bob", "USD" if seed % 2 else "KRW")
        self._halves = (Half("alice", "KRW"), Half("alice", "USD"), second)
        self._hours = {country: Hours(country) for country in Country}
        self._clock = LoopClock(datetime.combine(self._first, time(8), KST))
        self._sent = 0

    async def play(self) -> Lived:
        seed = self._chance.randrange(2**32)
        async with house(
            self._clock, self._halves, seed=seed, walk_s=300.0, bots=BOTS, networked=False
        ) as here:
            set_switches(here.simulator, self._chance)
            here.simulator.switches.stray_throttle_percent = 0
            for life in self._lives()[: self._most_lives]:
                await self._until(life.start)
                await self._live(life, here)
            self.lived.orders = sum(len(here.orders(half)) for half in self._halves)
        return self.lived

    # When the daemon lives

    def _lives(self) -> list[Life]:
        """Draw when it runs; runs that overlap are one."""
        found: list[Life] = []
        for life in sorted([*self._around_sessions(), *self._around_midnights()]):
            if found and life.start <= found[-1].end:
                last = found.pop()
                later = max(last, life, key=lambda each: each.end)
                life = Life(last.start, later.end, later.judged)  # noqa: PLW2901 - grown
            found.append(life)
        return found

    def _around_sessions(self) -> Iterator[Life]:
        for ahead in range(self._days):
            day = self._first + timedelta(days=ahead)
            for country, (first, last) in SESSIONS.items():
                opened = self._hours[country].period(day, first)
                closed = self._hours[country].period(day, last)
                if opened is None or closed is None:
                    noon = datetime.combine(day, time(12), self._hours[country].zone)
                    yield Life(noon, noon + 5 * MINUTE)
                    continue
                length = (closed.end - opened.start) / MINUTE
                for _ in range(2):
                    start = opened.start + self._chance.random() * (length - 20) * MINUTE
                    yield Life(start, start + self._chance.choice((4, 12)) * MINUTE)
                yield Life(closed.end - 14 * MINUTE, closed.end + ENDS, judged=True)

    def _around_midnights(self) -> Iterator[Life]:
        """Run up to each midnight and again after it, or across it."""
        for zone in (KST, EASTERN):
            for ahead in range(1, self._days):
                midnight = datetime.combine(self._first + timedelta(days=ahead), time(), zone)
                gap = self._chance.choice((0, 1, 3)) * MINUTE
                yield Life(midnight - 6 * MINUTE, midnight - gap)
                yield Life(midnight + gap, midnight + 6 * MINUTE)

    # What happens in a life

    async def _live(self, life: Life, here: House) -> None:
        seed, clients = self._chance.randrange(2**32), TaskSupervisor()
        top = TOP.format(loc="orders", offset="0.5", compare_s=240)
        self.lived.lives += 1
        until = life.end - ENDS if life.judged else life.end  # after-hours orders live longer
        async with daemon_at(self._folder, here, self._clock, seed=seed, top=top) as day:
            for _ in range(self._chance.choice((1, 2, 3))):
                share = self._chance.random()
                await self._until(self._clock.now() + share / 3 * (until - self._clock.now()))
                clients.spawn(self._send(day, here), name="client")
            await self._until(life.end)
            await clients.close(0)
            if life.judged:
                self.lived.judgements += 1
                wrong = await wrong_in_the_books(day, here)
                self._tell(f"judged: {len(wrong)} wrong")
                self.lived.wrong += wrong

    async def _send(self, day: World, here: House) -> None:
        """Send an order, mostly where a market is open."""
        trading = [half for half in self._halves if self._is_open(half.country)]
        at_home = trading and self._chance.random() < 0.85
        half = self._chance.choice(trading if at_home else self._halves)
        korean = half.country is Country.KOREA
        wish = (
            korean_wish(self._chance, half) if korean else american_wish(self._chance, half, here)
        )
        self._sent += 1
        told = await sent(day, self._chance.choice(BOTS), wish, f"wish {self._sent}")
        self._tell(f"{half.name} {words_of(wish)}: {told}")

    def _is_open(self, country: Country) -> bool:
        return bool({*SESSIONS[country]} & self._hours[country].phases_at(self._clock.now()))

    async def _until(self, at: datetime) -> None:
        await self._clock.sleep(max(0.0, (at - self._clock.now()).total_seconds()))

    def _tell(self, what: str) -> None:
        self.lived.story.append(f"{self._clock.now().astimezone(KST):%m-%d %H:%M:%S} {what}")


def play_weeks(seed: int, *, lives: int | None = None) -> Lived:
    """Play a seed's days, or only its daemon's first lives, under virtual time."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        return in_virtual_time(Weeks(seed, Path(folder), lives=lives).play())
