"""One hour: what the bots, the market and bad luck do, drawn from a seed."""

from __future__ import annotations

import hashlib
import random
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from adapters.binance.hosts import MarketKind
from adapters.clock import LoopClock
from adapters.tasks import TaskSupervisor
from algorithms.domain import OrderType, Side, StrategyName, Symbol
from daemon.execution.commands import CancelAll, Submission, Venue
from tests.binance_faults.judge import resting, wrong_at_the_exchange, wrong_in_the_books
from tests.binance_faults.process import Process
from tests.simulators.binance import Fault
from tests.support.bots import bots, exchange
from tests.support.loops import in_virtual_time
from tests.support.world import START, order, remember

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from daemon.execution.commands import Command
    from tests.simulators.binance import BinanceSimulator
    from tests.support.bots import Bots
    from tests.support.simulated import SimulatedBinance

BOTS = ("alpha", "beta")
ACCOUNTS = ("main", "side")
BOOKS = {f"{bot}_{account}": (bot, account) for bot in BOTS for account in ACCOUNTS}
SYMBOLS = {"BTCUSDT": 50_000, "ETHUSDT": 2_000}
ACTIONS = 30
CALM_S = 240.0
"""Longer than the longest ban, the settling of unknown orders and two comparisons."""
ROUTES = {
    MarketKind.SPOT: (
        "POST /api/v3/order",
        "DELETE /api/v3/order",
        "GET /api/v3/order",
        "GET /api/v3/openOrders",
        "GET /api/v3/myTrades",
        "GET /api/v3/account",
    ),
    MarketKind.FUTURES: (
        "POST /fapi/v1/order",
        "POST /fapi/v1/algoOrder",
        "DELETE /fapi/v1/*rder*",
        "GET /fapi/v1/order",
        "GET /fapi/v1/algoOrder",
        "GET /fapi/v1/open*",
        "GET /fapi/v1/userTrades",
        "GET /fapi/v3/account",
        "GET /fapi/v1/symbolConfig",
        "POST /fapi/v1/listenKey",
    ),
}
STREAM_FAULTS = ("drop", "away", "stall", "twice", "late", "before", "terminate", "shutdown")
MEMORY = Path("/dev/shm")  # noqa: S108 - a disk in memory, where there is one


@dataclass(slots=True)
class Outcome:
    """What came of an hour: its story, and what was wrong."""

    seed: int
    story: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    orders: int = 0
    faults: int = 0
    kills: int = 0


class Hour:
    """Plays a seed. ``hostile`` False: nothing fails, the bots only hammer."""

    def __init__(self, seed: int, folder: Path, kind: MarketKind, *, hostile: bool = True) -> None:
        self.outcome = Outcome(seed)
        self._folder = folder
        self._hostile = hostile
        self._kind = kind
        self._chance = random.Random(seed)
        self._clock = LoopClock(START)
        self._cancelled_at: dict[str, list[datetime]] = defaultdict(list)
        self._lives = 0

    async def play(self) -> Outcome:
        async with exchange(self._clock, BOOKS, self._kind) as binance:
            left = ACTIONS
            while left:
                left = await self._one_life(binance, left)
            self.outcome.orders = len(binance.venue.orders)
            self.outcome.wrong += wrong_at_the_exchange(binance, ACCOUNTS, self._cancelled_at)
        return self.outcome

    async def _one_life(self, binance: SimulatedBinance, left: int) -> int:
        """Run the daemon until it is killed or the hour is over; return the actions left."""
        process, clients = Process(), TaskSupervisor()
        self._lives += 1
        seed = self._chance.randrange(2**32)
        with process.begins():
            running = bots(self._folder, BOOKS, binance, self._clock, seed=seed, life=process)
            here = await running.__aenter__()
        try:
            while left:
                left -= 1
                await self._clock.sleep(self._chance.choice((0, 0, 0.01, 0.3, 1, 4)))
                if self._hostile and self._chance.random() < 0.03:
                    return await self._kill(process, here, left)
                self._act(here, clients)
            await self._evening(here)
        finally:
            await clients.close(0)
            await running.__aexit__(None, None, None)
        return 0

    async def _kill(self, process: Process, here: Bots, left: int) -> int:
        self.outcome.kills += 1
        self._tell("kill -9")
        hub = here.day.engine._hub  # noqa: SLF001 - what the kernel closes
        await process.kill()
        if hub is not None:
            await hub.session.close()
        await self._clock.sleep(self._chance.choice((0, 1, 20)))
        return left or 1

    def _act(self, here: Bots, clients: TaskSupervisor) -> None:
        chance = self._chance.random()
        if self._hostile and chance < 0.35:
            self._harm(here)
        elif chance < 0.5:
            self._move(here)
        else:
            bot = self._chance.choice(BOTS)
            commands = self._wish()
            clients.spawn(self._send(here, bot, commands), name=f"client of {bot}")

    def _wish(self) -> Sequence[Command]:
        """Draw what a bot wants: mostly orders, often all of them ended."""
        symbol = self._chance.choice([*SYMBOLS])
        if self._chance.random() < 0.35:
            narrow = Symbol(symbol) if self._chance.random() < 0.3 else None
            side = self._chance.choice((None, None, Side.BUY))
            return (CancelAll(symbol=narrow, side=side, venue=Venue()),)
        price = SYMBOLS[symbol]
        kind = self._chance.choice(
            (OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET, OrderType.STOP_MARKET)
        )
        side = self._chance.choice((Side.BUY, Side.BUY, Side.SELL))
        away = self._chance.choice(("0.9", "0.99", "0.999", "1.01"))
        limit = str((Decimal(price) * Decimal(away)).quantize(Decimal("0.01")))
        account = self._chance.choice((None, *ACCOUNTS))
        terms = {"kind": kind, "account": account, "nets": self._chance.choice((None, False))}
        if kind is OrderType.LIMIT:
            terms["price"] = limit
        if kind is OrderType.STOP_MARKET:
            beyond = Decimal("1.005") if side is Side.BUY else Decimal("0.995")
            terms["stop"] = str((price * beyond).quantize(Decimal("0.1")))
        quantity = self._chance.choice(("0.01", "0.02", "0.05"))
        return [order(side, symbol, quantity, **terms)] * self._chance.choice((1, 1, 3))  # type: ignore[arg-type]

    async def _send(self, here: Bots, bot: str, commands: Sequence[Command]) -> None:
        if any(isinstance(command, CancelAll) for command in commands):
            self._cancelled_at[bot].append(self._clock.now())
        body = remember(tuple(commands))
        reply = await here.day.engine.desk.submit(
            Submission(
                strategy=StrategyName(bot),
                source="webhook",
                commands=tuple(commands),
                key=f"{self._lives}:{self._chance.random()}",
                body_hash=hashlib.sha256(body.encode()).digest(),
                body=body,
                warnings=(),
                received_at=self._clock.now(),
            )
        )
        told = orjson.loads(reply.body)
        self._tell(f"{bot}: {told['message']} ({reply.http_status})")

    def _move(self, here: Bots) -> None:
        symbol = self._chance.choice([*SYMBOLS])
        percent = self._chance.choice((98, 99, 100, 100, 101))
        price = Decimal(SYMBOLS[symbol]) * percent / 100
        self._tell(f"{symbol} trades at {price}")
        here.binance.simulator.set_price(symbol, price)

    def _harm(self, here: Bots) -> None:
        self.outcome.faults += 1
        if self._chance.random() < 0.3:
            harm = self._chance.choice(STREAM_FAULTS)
            self._tell(f"streams: {harm}")
            harm_streams(here.binance.simulator, self._kind, harm, self._chance)
            return
        faults = here.binance.simulator.faults
        fault = self._chance.choice([*Fault])
        route = self._chance.choice(ROUTES[self._kind])
        times = self._chance.choice((1, 1, 2, 5))
        delay = self._chance.choice((0.2, 1.0, 4.0, 9.0))
        faults.retry_after_s = self._chance.choice((1, 3, 12))
        faults.query_lag_s = self._chance.choice((0, 0, 1.0, 5.0))
        faults.script(route, fault, times=times, delay_s=delay)
        self._tell(f"{route} will meet {fault} {times} times, by {delay} s")

    async def _evening(self, here: Bots) -> None:
        """Let everything come right; then one bot ends its orders, and the other's stay."""
        here.binance.simulator.faults.calm()
        await self._clock.sleep(CALM_S)
        wrong = await wrong_in_the_books(here.day, here.binance, ACCOUNTS)
        rest = resting(here.binance, ACCOUNTS)
        self._tell(f"in the evening {dict(rest)} rest")
        await self._send(here, "alpha", (CancelAll(symbol=None, side=None, venue=Venue()),))
        left = resting(here.binance, ACCOUNTS)
        if left != Counter({"beta": rest["beta"]}):
            wrong.append(f"after alpha's cancel {dict(left)} rest, of {dict(rest)}")
        self.outcome.wrong += wrong

    def _tell(self, what: str) -> None:
        self.outcome.story.append(f"{self._clock.now():%H:%M:%S.%f} {what}")


def harm_streams(
    simulator: BinanceSimulator, kind: MarketKind, harm: str, chance: random.Random
) -> None:
    """Let something happen to the streams of user events."""
    match harm:
        case "drop":
            simulator.sockets.drop_all()
        case "away":
            simulator.sockets.go_away(chance.choice((1, 10, 40)))
        case "stall":
            simulator.faults.stalled = not simulator.faults.stalled
        case "twice":
            simulator.faults.duplicates = not simulator.faults.duplicates
        case "late":
            simulator.faults.late_trades += 2
        case "before":
            simulator.faults.event_order = chance.choice(("before", "random", "after"))
        case "terminate" if kind is MarketKind.FUTURES:
            simulator.sockets.expire_listen_keys()
        case "terminate":
            simulator.sockets.terminate_subscriptions()
        case _:
            simulator.sockets.announce_shutdown()


def play(seed: int, *, kind: MarketKind = MarketKind.SPOT, hostile: bool = True) -> Outcome:
    """Play one hour from its seed, under virtual time."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        return in_virtual_time(Hour(seed, Path(folder), kind, hostile=hostile).play())
