"""What befalls the host and the brokers of a simulated day: full disks, brokers that are away."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.paper import PaperBroker
from adapters.paper.faults import Fault, Trouble
from adapters.tasks import SupervisorClosedError
from adapters.virtual_time import CLOCK_RESOLUTION_S
from algorithms.domain import AccountName
from tests.simulation.happenings import Happening
from tests.simulation.scene import ACCOUNTS

if TYPE_CHECKING:
    import random
    import sqlite3
    from collections.abc import Callable, Mapping

    from adapters.broker import Broker
    from adapters.clock import LoopClock
    from adapters.paper.faults import Call
    from tests.simulation.happenings import Tally
    from tests.support.mortal import Life

FULL_DISKS = 0.012
MAINTENANCES = 0.015
STEPPED_KILLS = 0.02
JUMPS = 0.008
POWER_CUTS = 0.3
"""How many of the kills are power cuts."""
MOST_STEPS = 120
"""Turns of the event loop after something happened at which a kill may fall."""
FULL_S = (0.5, 5.0, 40.0)
JUMPS_S = (-3600.0, -150.0, 150.0, 3600.0)
"""Further than NTP ever sets a clock, and than a daemon waits out."""
AWAY_S = (5.0, 60.0, 240.0)
LONGEST_TRY_S = 12.0
NO_LIMIT = 1_073_741_823


class Host:
    """The machine that the daemon runs on, and the brokers' hosts, as this day has them."""

    def __init__(
        self,
        chance: random.Random,
        clock: LoopClock,
        tell: Callable[[str], None],
        tally: Tally,
    ) -> None:
        self._chance = chance
        self._clock = clock
        self._tell = tell
        self._tally = tally
        self.clock_may_jump = False
        self.jumped_at = 0.0
        self._away: dict[AccountName | str, float] = {}
        self._full_until = -1.0
        self._limited: Life | None = None
        """The daemon that was told last how much room there is."""
        self._calls: dict[Broker, Callable[[Call], Trouble]] = {}

    @property
    def was_full(self) -> bool:
        """Whether the disk is full, or was when what ends now began."""
        return self._clock.monotonic() < self._full_until + LONGEST_TRY_S

    @property
    def is_at_fault(self) -> bool:
        """Whether errors that the daemon logs now may come from its disk or its clock."""
        return self.was_full or self.jumped_at > 0

    def steps_to_death(self) -> int | None:
        """Return after how many turns of the event loop the process dies; mostly it does not."""
        if self._chance.random() >= STEPPED_KILLS:
            return None
        return self._chance.randrange(MOST_STEPS)

    def loses_power(self) -> bool:
        """Whether a kill is a power cut."""
        return self._chance.random() < POWER_CUTS

    def turns_of_a_start(self) -> int:
        """Return after how many turns of the event loop a daemon dies that is only starting."""
        return self._chance.randrange(MOST_STEPS)

    def befall(self, life: Life, brokers: Mapping[AccountName, Broker]) -> None:
        """Let something happen, or be over, or go on at brokers that were made anew."""
        roll = self._chance.random()
        now = self._clock.monotonic()
        if roll < FULL_DISKS:
            seconds = self._chance.choice(FULL_S)
            self._full_until = now + seconds
            self._tally.note(Happening.DISK)
            self._tell(f"the disk is full for {seconds} s")
            asyncio.get_running_loop().call_later(seconds, self._make_room)
        elif roll < FULL_DISKS + MAINTENANCES:
            account, seconds = self._chance.choice(ACCOUNTS), self._chance.choice(AWAY_S)
            self._away[account] = now + seconds
            self._tally.note(Happening.AWAY)
            self._tell(f"the broker of {account} is away for {seconds} s")
            broker = brokers.get(AccountName(account))
            if isinstance(broker, PaperBroker):
                _disconnect(broker, seconds)
        elif roll < FULL_DISKS + MAINTENANCES + JUMPS and self.clock_may_jump:
            seconds = self._chance.choice(JUMPS_S)
            self.jumped_at = now
            self._tally.note(Happening.CLOCK)
            self._tally.note(Happening.CLOCK_JUMP)
            self._tell(f"somebody sets the clock by {seconds} s")
            self._clock.step(timedelta(seconds=seconds))
        self._limit(life, full=self._is_full)
        for account, broker in brokers.items():
            if isinstance(broker, PaperBroker):
                self._let_be_away(account, broker)

    def recover(self, life: Life) -> None:
        """Let everything work again."""
        self._away.clear()
        self._full_until = min(self._full_until, self._clock.monotonic())
        self._limit(life, full=False)

    def _make_room(self) -> None:
        """Let the daemon that runs by now write again: it may not be the one whose disk filled."""
        if self._limited is not None and not self._limited.is_over and not self._is_full:
            self._limit(self._limited, full=False)

    @property
    def _is_full(self) -> bool:
        return self._clock.monotonic() + CLOCK_RESOLUTION_S < self._full_until

    def _limit(self, life: Life, *, full: bool) -> None:
        """Let the files grow no further, or as they like."""
        limit = 1 if full else NO_LIMIT
        self._limited = life

        def set_limit(connection: sqlite3.Connection) -> None:
            connection.execute(f"PRAGMA max_page_count = {limit}").fetchall()

        life.at_files("nettingd.db", set_limit)

    def _let_be_away(self, account: AccountName, broker: PaperBroker) -> None:
        """While it is away it answers nothing but errors, and its stream is silent."""
        if broker in self._calls:
            return
        usual = broker.faults.of_call
        self._calls[broker] = usual

        def of_call(call: Call) -> Trouble:
            if self._clock.monotonic() < self._away.get(account, -1.0):
                return Trouble(Fault.SERVER_ERROR_BEFORE, 0.0)
            return usual(call)

        broker.faults.of_call = of_call  # type: ignore[method-assign]
        left_s = self._away.get(account, -1.0) - self._clock.monotonic()
        if left_s > 0:  # made anew while it is away
            _disconnect(broker, left_s)


def _disconnect(broker: PaperBroker, seconds: float) -> None:
    with suppress(SupervisorClosedError):  # a reload has just replaced it
        broker.stream.disconnect(timedelta(seconds=seconds))
