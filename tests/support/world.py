"""A daemon's engine under virtual time, for tests that read as market stories."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from adapters.clock import LoopClock
from adapters.tasks import TaskSupervisor
from adapters.virtual_time import VirtualTimeLoop
from algorithms.domain import AccountName, OrderType, Side, StrategyName, Symbol
from daemon.api.webhook_model import commands_from_stored
from daemon.calendars import compute_here
from daemon.config import load_config
from daemon.config.changes import load_again
from daemon.execution.commands import Cancel, CancelAll, Place, Submission, Venue
from daemon.jobs.schedule import ClockSchedule
from daemon.main import Daemon
from daemon.service.systemd import Systemd
from daemon.testing.running import RunningDaemon, paper_outside

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from pathlib import Path

    from adapters.paper import PaperBroker
    from daemon.calendars import ComputeSessions
    from daemon.config import Config
    from daemon.execution.commands import Command
    from daemon.execution.desk import Reply
    from daemon.storage.tx import SqlValue
    from tests.support.mortal import Life

T = TypeVar("T")

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)

THREE_BOOKS = """
[accounts.main]
broker = "paper"
market = "24/7"
currency = "USD"
commission_percent = "0.25"
[accounts.main.paper]
prices = { TQQQ = "100", SOXL = "50" }

[strategies.alpha]
[strategies.beta]
[strategies.gamma]

[books.a]
strategy = "alpha"
account = "main"
capital = "100000"
[books.b]
strategy = "beta"
account = "main"
capital = "100000"
[books.c]
strategy = "gamma"
account = "main"
capital = "100000"

[instruments.TQQQ]
lot = "1"
[instruments.SOXL]
lot = "1"
"""


@dataclass(frozen=True, slots=True)
class Told:
    """A reply, decoded."""

    http_status: int
    body: dict[str, Any]


class World(RunningDaemon):
    """A running daemon whose orders go in as commands, as the desk gets them from a webhook."""

    def __init__(self, daemon: Daemon, clock: LoopClock, file: Path) -> None:
        super().__init__(daemon, clock, file)
        self.door = daemon.door
        self.server = daemon.server
        self._sent = 0

    async def submit(self, strategy: str, *commands: Command, key: str | None = None) -> Told:
        """Send a request and return the reply."""
        self._sent += 1
        return await self.send(strategy, *commands, key=key or f"{strategy}:{self._sent}")

    async def send(self, strategy: str, *commands: Command, key: str | None = None) -> Told:
        """Send a request as ``submit`` does, but without a key unless one is given."""
        return _told(await self.engine.desk.submit(self.submission(strategy, *commands, key=key)))

    def submission(self, strategy: str, *commands: Command, key: str | None = None) -> Submission:
        """Spell a request as it arrives at the desk now."""
        return Submission(
            strategy=StrategyName(strategy),
            source="webhook",
            commands=commands,
            key=key,
            body_hash=hashlib.sha256(repr(commands).encode()).digest(),
            body=remember(commands),
            warnings=(),
            received_at=self.clock.now(),
        )

    async def status(self, strategy: str, request_id: str) -> Told | None:
        """Ask for a request by its id."""
        reply = await self.engine.desk.request_status(StrategyName(strategy), request_id)
        return None if reply is None else _told(reply)

    def exchange(self, account: str = "main") -> PaperBroker:
        """Return the paper broker of an account, to script its faults and to look at its book."""
        return self.broker(account)

    async def resting(self, account: str = "main") -> Counter[str]:
        """Count the orders that rest at the exchange, by the strategy that sent them."""
        orders = await self.exchange(account).exchange.open_orders()
        return Counter(order.client_id.split("-")[0] for order in orders)

    async def pass_time(self, seconds: float) -> None:
        """Let the market and the daemon live for a while."""
        await self.advance(seconds)

    async def rows(self, query: str, **values: SqlValue) -> list[dict[str, Any]]:
        """Return what the database holds."""
        rows = await self.engine.store.read(lambda view: view.fetch(query, **values))
        return [dict(row) for row in rows]

    async def held(self, book: str, asset: str, account: str = "main") -> Decimal:
        """Return what a book holds of an asset, also one that is not configured any more."""
        row = await self.engine.store.read(
            lambda view: view.fetch_one("position", account=account, book=book, asset=asset)
        )
        return Decimal(0) if row is None else Decimal(row["quantity"])

    async def reserved(self, book: str, asset: str, account: str = "main") -> Decimal:
        """Return what live orders of a book have set aside."""
        row = await self.engine.store.read(
            lambda view: view.fetch_one("position", account=account, book=book, asset=asset)
        )
        return Decimal(0) if row is None else Decimal(row["reserved"])


def _told(reply: Reply) -> Told:
    return Told(reply.http_status, orjson.loads(reply.body))


_BODIES: dict[str, tuple[Command, ...]] = {}


def remember(commands: tuple[Command, ...]) -> str:
    """Stand in for the stored body: its commands are found again by its text."""
    body = orjson.dumps({"warnings": [], "commands": repr(commands)}).decode()
    _BODIES[body] = commands
    return body


def _commands_of(body: str) -> tuple[Command, ...]:
    """Find the commands of a story, or read those of a body that came over HTTP."""
    return _BODIES[body] if body in _BODIES else commands_from_stored(body)


def started(work: Coroutine[object, object, T]) -> asyncio.Task[T]:
    """Begin something that the story goes on beside."""
    return TaskSupervisor().spawn(work, name="beside the story")


def buy(symbol: str, quantity: str | None, **terms: Any) -> Place:  # noqa: ANN401 - those of ``order``
    return order(Side.BUY, symbol, quantity, **terms)


def sell(symbol: str, quantity: str, **terms: Any) -> Place:  # noqa: ANN401
    return order(Side.SELL, symbol, quantity, **terms)


def order(
    side: Side,
    symbol: str,
    quantity: str | None,
    *,
    kind: OrderType = OrderType.MARKET,
    price: str | None = None,
    stop: str | None = None,
    percent: str | None = None,
    slices: int | None = None,
    minutes: str | None = None,
    nets: bool | None = None,
    account: str | None = None,
) -> Place:
    """Spell an order as a strategy would."""
    return Place(
        order_type=kind,
        symbol=Symbol(symbol),
        side=side,
        quantity=None if quantity is None else Decimal(quantity),
        percent=None if percent is None else Decimal(percent),
        price=None if price is None else Decimal(price),
        stop_price=None if stop is None else Decimal(stop),
        slices=slices,
        minutes=None if minutes is None else Decimal(minutes),
        nets=nets,
        venue=Venue(account=None if account is None else AccountName(account)),
    )


def cancel_all(symbol: str | None = None, side: Side | None = None) -> CancelAll:
    return CancelAll(symbol=None if symbol is None else Symbol(symbol), side=side, venue=Venue())


def cancel(order_id: str) -> Cancel:
    return Cancel(order_id=order_id, venue=Venue())


def age_of_loop() -> timedelta:
    """Return what a loop in real time has counted already: the host's time since its start."""
    loop = asyncio.get_running_loop()
    is_virtual = isinstance(loop, VirtualTimeLoop)
    return timedelta() if is_virtual else timedelta(seconds=loop.time())


@asynccontextmanager
async def world(
    folder: Path,
    text: str = THREE_BOOKS,
    *,
    clock: LoopClock | None = None,
    seed: int = 1,
    life: Life | None = None,
    compute_sessions: ComputeSessions = compute_here,
    schedule: type[ClockSchedule] = ClockSchedule,
) -> AsyncIterator[World]:
    """Run an engine on a configuration; entering the same folder again is a restart.

    With a ``life`` it can be killed (``await life.kill()``); then it is not stopped in order.
    Each restart needs another ``seed`` if no time passes, or ids would repeat.
    """
    path = folder / "config.toml"
    path.write_text(text)
    clock = clock or LoopClock(START - age_of_loop())

    async def read_again(running: Config) -> Config:
        return load_again(path, {}, running)

    outside = replace(
        paper_outside(clock, seed),
        commands_of=_commands_of,
        compute_sessions=compute_sessions,
        schedule_of=lambda tasks: schedule(clock, tasks),
    )
    if life is not None:
        outside = replace(outside, open_driver=life.open_driver)
    daemon = Daemon(load_config(path, {}), outside, Systemd({}), read_again)
    if life is not None:
        life.daemon = daemon
    try:
        await daemon.start()
        yield World(daemon, clock, path)
    finally:
        if life is None or not life.is_over:
            await daemon.stop()
