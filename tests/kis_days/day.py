"""One day and its night: what the bots, the market and bad luck do, drawn from a seed."""

from __future__ import annotations

import random
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from adapters.clock import LoopClock
from adapters.tasks import TaskSupervisor
from tests.binance_faults.process import Process
from tests.kis_days.harm import Harm, make_peace, set_odds, set_switches
from tests.kis_days.house import (
    BOTS,
    Half,
    daemon_at,
    house,
)
from tests.kis_days.judge import wrong_in_the_books
from tests.kis_days.wishes import american_wish, korean_wish, sent, words_of
from tests.support.loops import in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daemon.execution.commands import Command
    from tests.kis_days.house import House
    from tests.support.world import World

KST = ZoneInfo("Asia/Seoul")
SEOUL = Half("alice", "KRW")
NEW_YORK = Half("alice", "USD")
SEOUL_OPENS = datetime(2026, 11, 20, 9, 1, tzinfo=KST)
SEOUL_ENDS = datetime(2026, 11, 20, 15, 12, tzinfo=KST)
SEOUL_IS_OVER = datetime(2026, 11, 20, 15, 55, tzinfo=KST)
NEW_YORK_ENDS = datetime(2026, 11, 21, 5, 45, tzinfo=KST)
NEW_YORK_IS_OVER = datetime(2026, 11, 21, 6, 10, tzinfo=KST)
HARM = 0.3
NEW_ODDS = 0.15
KILL = 0.08
NETWORKED_EVERY = 10
"""One seed in so many asks over real sockets; the others take a shortcut past the kernel."""
WARM_UP = timedelta(minutes=1)
TOP = """
[daemon]
live = true
[loc]
mode = "{loc}"
[twap]
price_offset_percent = "{offset}"
fill_timeout_seconds = 20
[webhook]
wait_seconds = 5
max_age_seconds = 300
[reconcile]
seconds = {compare_s}
[instruments.SOXL]
exchange = "AMEX"
[instruments.TQQQ]
exchange = "NASD"
"""
COMPARED_EVERY_S = (120, 400, 400, 400)
"""How often accounts are compared, one way or another: half of a day's requests are for that."""
MEMORY = Path("/dev/shm")  # noqa: S108 - a disk in memory, where there is one


@dataclass(frozen=True, slots=True)
class Length:
    """How much of both sessions is played, to their ends, and how often bots act in each."""

    day: timedelta
    night: timedelta
    actions: int
    calm_s: float = 900.0
    """After each: longer than the settling of unknown orders and several comparisons."""
    sleeps: float = 1.0
    """How often the daemon is stopped between the two markets: those hours are long and empty."""


FULL = Length(SEOUL_ENDS - SEOUL_OPENS, timedelta(minutes=60), 16, sleeps=0.95)
SHORT = Length(timedelta(minutes=40), timedelta(minutes=15), 8, 400.0)


@dataclass(slots=True)
class Outcome:
    """What came of a day: its story, and what was wrong."""

    seed: int
    story: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    orders: int = 0
    faults: int = 0
    kills: int = 0


class Day:
    """Plays a seed. ``hostile`` False: nothing fails, and nobody is killed."""

    def __init__(self, seed: int, folder: Path, length: Length, *, hostile: bool) -> None:
        self.outcome = Outcome(seed)
        self._folder = folder
        self._hostile = hostile
        self._chance = random.Random(seed)
        self._length = length
        self._morning, self._night = SEOUL_ENDS - length.day, NEW_YORK_ENDS - length.night
        self._clock = LoopClock(self._morning)
        self._sent = 0
        self._sleeps = self._chance.random() < length.sleeps
        self._top = TOP.format(
            loc=self._chance.choice(("orders", "ladder")),
            offset=self._chance.choice(("0", "0.5")),
            compare_s=self._chance.choice(COMPARED_EVERY_S),
        )

    async def play(self) -> Outcome:
        seed = self._chance.randrange(2**32)
        halves, networked = (SEOUL, NEW_YORK), self.outcome.seed % NETWORKED_EVERY == 1
        async with house(self._clock, halves, seed=seed, walk_s=60.0, networked=networked) as here:
            if self._hostile:
                decided = set_switches(here.simulator, self._chance)
                self._tell(f"the host: {decided}")
            script = self._script()
            while script:
                script = await self._one_life(here, script)
            self.outcome.orders = sum(len(here.orders(half)) for half in here.halves)
            self.outcome.faults = len(here.simulator.faults.met)
        return self.outcome

    # The script

    def _script(self) -> list[tuple[datetime, str]]:
        """Draw when what happens, in order."""
        day, night = (self._morning, SEOUL_ENDS), (self._night, NEW_YORK_ENDS)
        times = [
            *((at, "seoul") for at in self._moments(*day)),
            (SEOUL_IS_OVER, "evening"),
            *((at, "new york") for at in self._moments(*night)),
            (NEW_YORK_IS_OVER, "evening"),
        ]
        if self._hostile:
            moments = [at for each in (day, night) for at in self._moments(*each)]
            times += [(at, "harm") for at in moments if self._chance.random() < HARM]
            times += [(at, "kill") for at in moments if self._chance.random() < KILL]
        return sorted(times)

    def _moments(self, first: datetime, last: datetime) -> Iterator[datetime]:
        for _ in range(self._length.actions):
            yield first + self._chance.random() * (last - first)

    async def _one_life(
        self, here: House, script: list[tuple[datetime, str]]
    ) -> list[tuple[datetime, str]]:
        """Run the daemon until it is killed or the day is over; return what is still to happen."""
        process, clients = Process(), TaskSupervisor()
        seed = self._chance.randrange(2**32)
        self._let_fail(here)
        with process.begins():
            running = daemon_at(
                self._folder, here, self._clock, seed=seed, life=process, top=self._top
            )
            day = await running.__aenter__()
        try:
            while script:
                (at, what), *script = script
                await self._until(at)
                if what == "kill":
                    await self._kill(process, day)
                    return script
                await self._do(what, here, day, clients)
                if what == "evening" and self._sleeps:
                    break
        finally:
            await clients.close(0)
            await running.__aexit__(None, None, None)
        if script and script[0][0] >= self._night:
            await self._until(self._night - WARM_UP)
        return script

    async def _until(self, at: datetime) -> None:
        await self._clock.sleep(max(0.0, (at - self._clock.now()).total_seconds()))

    def _let_fail(self, here: House) -> None:
        here.simulator.faults.clear()
        if self._hostile:
            set_odds(here.simulator, self._chance.choice((0, 4, 12)))

    async def _kill(self, process: Process, day: World) -> None:
        self.outcome.kills += 1
        self._tell("kill -9")
        hub = day.engine._kis_hub  # noqa: SLF001 - what the kernel closes
        await process.kill()
        if hub is not None:
            await hub.connections.close()
        await self._clock.sleep(self._chance.choice((0, 2, 40)))

    # What happens

    async def _do(self, what: str, here: House, day: World, clients: TaskSupervisor) -> None:
        match what:
            case "evening":
                await self._evening(here, day)
            case "harm":
                self._harm(here)
            case _:
                bot = self._chance.choice(BOTS)
                if what == "seoul":
                    wish = korean_wish(self._chance, SEOUL)
                else:
                    wish = american_wish(self._chance, NEW_YORK, here)
                clients.spawn(self._send(day, bot, wish), name=f"client of {bot}")

    async def _send(self, day: World, bot: str, wish: Command) -> None:
        self._sent += 1
        told = await sent(day, bot, wish, f"{bot}:{self._sent}")
        self._tell(f"{bot} {words_of(wish)}: {told}")

    def _harm(self, here: House) -> None:
        if self._chance.random() < NEW_ODDS:
            what = "odds"
            self._let_fail(here)
        else:
            what = Harm(here.simulator, self._clock.now(), self._chance).do()
        self._tell(f"harm: {what}")

    async def _evening(self, here: House, day: World) -> None:
        """Let nothing fail any more: by now everything has come right."""
        make_peace(here.simulator)
        await self._clock.sleep(self._length.calm_s)
        wrong = await wrong_in_the_books(day, here)
        self._tell(f"evening: {len(wrong)} wrong")
        self.outcome.wrong += wrong
        self._let_fail(here)

    def _tell(self, what: str) -> None:
        self.outcome.story.append(f"{self._clock.now().astimezone(KST):%a %H:%M:%S.%f} {what}")


def play(seed: int, *, hostile: bool = True, length: Length = FULL) -> Outcome:
    """Play one day from its seed, under virtual time."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        return in_virtual_time(Day(seed, Path(folder), length, hostile=hostile).play())
