"""The daemon dies between sending an order and its answer; the next life has to know of it."""

from __future__ import annotations

import asyncio
import random
import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from adapters.tasks import TaskSupervisor
from algorithms.domain import OrderType, Side
from tests.binance_faults.process import Process
from tests.kis_days.day import KST, MEMORY, TOP
from tests.kis_days.house import AMERICAN_FUNDS, KOREAN_FUNDS, Half, daemon_at, house
from tests.kis_days.judge import wrong_in_the_books
from tests.simulators.kis import Fault
from tests.support.loops import in_virtual_time
from tests.support.world import cancel_all, order

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from daemon.execution.commands import Place
    from tests.kis_days.house import House
    from tests.support.world import World

BEGINS = {
    "KRW": datetime(2026, 11, 20, 9, 5, tzinfo=KST),
    "USD": datetime(2026, 11, 20, 23, 40, tzinfo=KST),
}
LONGEST_S = 250.0
"""How long one trial may take, its restart and the settling of the unknown order included."""
FATES = (
    Fault.SILENCE_BEFORE,
    Fault.SILENCE_AFTER,
    Fault.SLOW,
    Fault.DELAY,
    Fault.LATE,
)


@dataclass(slots=True)
class Tally:
    """What came of the kills of one seed."""

    seed: int
    kills: int = 0
    found: int = 0
    absent: int = 0
    story: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Trials:
    """Kills the daemon so many times, in Seoul or, with an odd seed, in New York."""

    def __init__(self, seed: int, folder: Path, kills: int) -> None:
        self.tally = Tally(seed)
        self._folder = folder
        self._kills = kills
        self._chance = random.Random(seed)
        self._half = Half("alice", "USD" if seed % 2 else "KRW")
        self._clock = LoopClock(BEGINS[self._half.currency])
        self._top = TOP.format(loc="orders", offset="0.5", compare_s=120)

    async def play(self) -> Tally:
        seed = self._chance.randrange(2**32)
        async with house(self._clock, (self._half,), seed=seed) as here:
            for _ in range(self._kills):
                await self._die_once(here)
            async with self._daemon(here) as day:
                await day.submit("alpha", cancel_all(), key="the end")
                await self._clock.sleep(LONGEST_S)
                self.tally.wrong += await wrong_in_the_books(day, here)
        return self.tally

    def _daemon(
        self, here: House, life: Process | None = None
    ) -> AbstractAsyncContextManager[World]:
        seed = self._chance.randrange(2**32)
        return daemon_at(self._folder, here, self._clock, seed=seed, life=life, top=self._top)

    async def _die_once(self, here: House) -> None:
        """Have an order sent, die before the answer, live again, and judge what is known then."""
        process, clients = Process(), TaskSupervisor()
        simulator = here.simulator
        simulator.faults.clear()
        with process.begins():
            running = self._daemon(here, process)
            day = await running.__aenter__()
        side = "buy" if self._half.currency == "KRW" else "us.buy"
        fate = self._chance.choice(FATES)
        delay_s = self._chance.choice((1.0, 4.0, 7.0))
        met = len(simulator.faults.met)
        simulator.faults.script(f"*{side}", fate, delay_s=delay_s)
        log, before = simulator.host.log, len(here.orders(self._half))
        asked = len(log)
        key = f"wish {self.tally.kills}"
        clients.spawn(day.submit("alpha", self._wish(), key=key), name="client")
        async with asyncio.timeout(LONGEST_S):
            while len(simulator.faults.met) == met:
                await self._clock.sleep(0.05)
        await self._clock.sleep(self._chance.choice((0.0, 0.3, 0.9)))
        await self._kill(process, day)
        await clients.close(0)
        await running.__aexit__(None, None, None)
        await self._clock.sleep(self._chance.choice((0.0, 1.0, 20.0)))
        async with self._daemon(here) as next_day:
            await self._settled(next_day)
        there = len(here.orders(self._half)) - before
        sent = sum(each.operation.endswith("buy") for each in list(log)[asked:])
        sent += fate is Fault.SILENCE_BEFORE  # that one is not in the log
        self.tally.kills += 1
        self.tally.found += there == 1
        self.tally.absent += there == 0
        self._tell(f"{fate} {delay_s}: {there} there")
        if sent != 1 or there > 1:
            self.tally.wrong.append(f"{fate}: sent {sent} times, {there} orders there")

    async def _kill(self, process: Process, day: World) -> None:
        hub = day.engine._kis_hub  # noqa: SLF001 - what the kernel closes
        await process.kill()
        if hub is not None:
            await hub.connections.close()

    async def _settled(self, day: World) -> None:
        """Wait until nothing is unknown any more."""
        until = self._clock.now() + timedelta(seconds=LONGEST_S)
        unknown = ["not looked yet"]
        while unknown and self._clock.now() < until:
            await self._clock.sleep(1.0)
            rows = await day.rows("all_children")
            unknown = [row["id"] for row in rows if row["state"] in {"sending", "unknown"}]
        if unknown:
            self.tally.wrong.append(f"after {LONGEST_S} s still unknown: {unknown}")

    def _wish(self) -> Place:
        """Draw an order that waits, or one that trades at once."""
        quantity = str(self._chance.randint(1, 9))
        percent = self._chance.choice((90, 103))
        if self._half.currency == "KRW":
            symbol = self._chance.choice([*KOREAN_FUNDS])
            price = str(KOREAN_FUNDS[symbol] * percent // 500 * 5)
        else:
            symbol = self._chance.choice([*AMERICAN_FUNDS])
            price = str((AMERICAN_FUNDS[symbol] * percent / 100).quantize(Decimal("0.01")))
        kind = OrderType.LIMIT
        return order(Side.BUY, symbol, quantity, kind=kind, price=price, account=self._half.name)

    def _tell(self, what: str) -> None:
        self.tally.story.append(f"{self._clock.now().astimezone(KST):%H:%M:%S} {what}")


def play_kills(seed: int, kills: int) -> Tally:
    """Kill a daemon so many times, under virtual time."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        return in_virtual_time(Trials(seed, Path(folder), kills).play())
