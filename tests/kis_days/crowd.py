"""A day at one request a second: three paper accounts, twenty orders each, and their cancels."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from adapters.tasks import TaskSupervisor
from algorithms.domain import OrderType, Side
from tests.kis_days.day import KST, MEMORY, SEOUL_ENDS, TOP
from tests.kis_days.house import KOREAN_FUNDS, Half, daemon_at, house
from tests.kis_days.judge import wrong_in_the_books
from tests.simulators.kis import Profile
from tests.support.loops import in_virtual_time
from tests.support.world import cancel_all, order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.kis_days.house import House
    from tests.support.world import World

BOTS = ("alpha", "beta")
HALVES = tuple(Half(owner, "KRW") for owner in ("alice", "bob", "carol"))
ORDERS = 20
"""For each account."""
OVER_AT = datetime(2026, 11, 20, 16, 2, tzinfo=KST)
SPACING_S = 1.1
LATEST_FIRST_S = 3.5
"""A cancel waits for one request under way, one turn of the account, and its own planning."""


@dataclass(slots=True)
class Measured:
    """What came of a day."""

    seed: int
    orders: int = 0
    throttled: int = 0
    asked: int = 0
    slowest_cancel_s: float = 0.0
    quotes_before_cancels: int = 0
    wrong: list[str] = field(default_factory=list)


class Crowd:
    def __init__(self, seed: int, folder: Path, length: timedelta, orders: int) -> None:
        self._orders = orders
        self.measured = Measured(seed)
        self._folder = folder
        self._chance = random.Random(seed)
        self._begin = SEOUL_ENDS - length
        self._clock = LoopClock(self._begin)

    async def play(self) -> Measured:
        seed = self._chance.randrange(2**32)
        async with house(
            self._clock, HALVES, profile=Profile.PAPER, seed=seed, walk_s=60.0, bots=BOTS
        ) as here:
            top = TOP.format(loc="orders", offset="0.5", compare_s=120).replace("live = true", "")
            async with daemon_at(self._folder, here, self._clock, top=top) as day:
                clients = TaskSupervisor()
                for at, account in sorted(self._script()):
                    await self._until(at)
                    work = self._cancel(here, day) if not account else self._order(day, account)
                    clients.spawn(work, name="client")
                await self._until(OVER_AT)
                await clients.close(0)
                self.measured.wrong += await wrong_in_the_books(day, here)
            self._measure(here)
        return self.measured

    def _script(self) -> Iterator[tuple[datetime, str]]:
        """Draw when orders come to which account, and when all of a bot's are cancelled."""
        length = SEOUL_ENDS - self._begin
        for half in HALVES:
            for _ in range(self._orders):
                yield self._begin + self._chance.random() * length, half.name
        for _ in range(self._orders // 3):
            yield self._begin + self._chance.random() * length, ""

    async def _until(self, at: datetime) -> None:
        await self._clock.sleep(max(0.0, (at - self._clock.now()).total_seconds()))

    async def _order(self, day: World, account: str) -> None:
        bot, symbol = self._chance.choice(BOTS), self._chance.choice([*KOREAN_FUNDS])
        quantity = str(self._chance.randint(1, 20))
        if self._chance.random() < 0.3:
            terms = {"slices": 4, "minutes": "10", "kind": OrderType.TWAP}
        else:
            price = KOREAN_FUNDS[symbol] * self._chance.choice((95, 97, 99, 101)) // 500 * 5
            terms = {"price": str(price), "kind": OrderType.LIMIT}
        await day.submit(bot, order(Side.BUY, symbol, quantity, account=account, **terms))  # type: ignore[arg-type]

    async def _cancel(self, here: House, day: World) -> None:
        """End a bot's orders; measure how long the broker's accounts waited for it."""
        bot = self._chance.choice(BOTS)
        before, alive = self._clock.now(), await self._alive(day, bot)
        await day.submit(bot, cancel_all())
        await self._clock.sleep(60)
        for half in HALVES:
            number = here.simulator.host.seeds[half.owner].number
            asked = [
                each
                for each in here.simulator.host.log
                if each.account == number and before <= each.at
            ]
            sent = [each for each in asked if each.operation == "domestic.revise"]
            if not sent or not alive[half.name]:
                continue
            first = (sent[0].at - before).total_seconds()
            self.measured.slowest_cancel_s = max(self.measured.slowest_cancel_s, first)
            quotes = sum(
                each.operation in {"domestic.price", "domestic.book"} and each.at < sent[0].at
                for each in asked
            )
            self.measured.quotes_before_cancels += max(0, quotes - 1)
            if first > LATEST_FIRST_S:
                waited = [f"{each.at:%M:%S.%f} {each.operation}" for each in asked]
                self.measured.wrong.append(
                    f"a cancel of {alive[half.name]} waited {first:.1f} s: {waited[:12]}"
                )

    async def _alive(self, day: World, bot: str) -> Counter[str]:
        """Count the orders of a bot that rest at the broker, by account."""
        rows = await day.rows("all_children")
        alive = {"open", "partially_filled"}
        return Counter(
            row["account"] for row in rows if row["strategy"] == bot and row["state"] in alive
        )

    def _measure(self, here: House) -> None:
        measured, host = self.measured, here.simulator.host
        measured.orders = sum(len(here.orders(half)) for half in HALVES)
        measured.throttled, measured.asked = host.limits.throttled, len(host.log)
        if measured.throttled:
            measured.wrong.append(f"{measured.throttled} calls were throttled")


def play_crowd(seed: int, length: timedelta, orders: int = ORDERS) -> Measured:
    """Play the last part of a day from its seed, under virtual time."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        return in_virtual_time(Crowd(seed, Path(folder), length, orders).play())
