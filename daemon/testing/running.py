"""``running_daemon``: the real daemon on a paper market, inside one event loop."""

from __future__ import annotations

import asyncio
import inspect
import random
import tempfile
from contextlib import ExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from adapters.broker import UnknownSymbolError
from adapters.clock import LoopClock
from adapters.paper import PaperBroker
from adapters.sqlite.driver import InlineDriver
from algorithms.domain import AccountName, BookName, StrategyName, Symbol
from daemon import audit
from daemon.calendars import compute_here
from daemon.config import ensure_admin_token, ensure_strategy_token, load_config
from daemon.config.changes import load_again
from daemon.ids import IdSource
from daemon.jobs.schedule import ClockSchedule
from daemon.main import Daemon
from daemon.outside import Outside
from daemon.service.systemd import Systemd
from daemon.signals import NoticeRaised
from daemon.storage.rows import to_us
from daemon.testing.loops import require_virtual_time
from daemon.testing.safety import harmless
from daemon.testing.wire import Answer, Wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from daemon.config import Config
    from daemon.engine import Engine
    from daemon.execution.account_runtime import AccountRuntime

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
"""A Friday. 18:00 in Seoul, 04:00 in New York."""
LOOK_EVERY_S = 0.05
SETTLED_WITHIN_S = 3600.0
_OK = 200


class NotInTimeError(AssertionError):
    """What a test waited for did not happen within the time it gave."""


class RunningDaemon:
    """A daemon that runs, seen from outside: by its HTTP interface and its market."""

    def __init__(self, daemon: Daemon, clock: LoopClock, file: Path | None = None) -> None:
        self.clock = clock
        self.engine: Engine = daemon.engine
        self.notices: list[NoticeRaised] = []
        """What people were told since it has been up, oldest first."""
        self._daemon = daemon
        assert isinstance(daemon.server, Wire)
        self._wire = daemon.server
        self._file = file
        self.engine.bus.subscribe(NoticeRaised, self.notices.append)

    # Time

    @property
    def now(self) -> datetime:
        """The time of day, in UTC."""
        return self.clock.now()

    async def advance(self, by: float | timedelta) -> None:
        """Let this much time pass (seconds, or a timedelta), with everything that it brings."""
        await self.clock.sleep(by.total_seconds() if isinstance(by, timedelta) else by)

    async def advance_to(self, at: datetime) -> None:
        """Let time pass until then. Raises ValueError for a time that has passed, or is naive."""
        if at.tzinfo is None:
            raise ValueError("a time needs its time zone")
        left = (at - self.now).total_seconds()
        if left < 0:
            raise ValueError(f"{at} has passed; it is {self.now}")
        await self.clock.sleep(left)

    async def until(
        self,
        happens: Callable[[], bool | Awaitable[bool]],
        *,
        within: float | timedelta = SETTLED_WITHIN_S,
    ) -> None:
        """Let time pass until ``happens`` returns true. Raises NotInTimeError."""
        limit = within if isinstance(within, timedelta) else timedelta(seconds=within)
        end = self.now + limit
        while not await _answer(happens()):
            if self.now >= end:
                told = "; ".join(f"{each.code}: {each.text}" for each in self.notices[-5:])
                raise NotInTimeError(f"not within {limit}; last notices: {told or 'none'}")
            await self.clock.sleep(LOOK_EVERY_S)

    async def settle(self, *, within: float | timedelta = SETTLED_WITHIN_S) -> None:
        """Let time pass until nothing is under way: orders rest, wait for their time, or ended."""
        await self.until(self._is_quiet, within=within)

    async def _is_quiet(self) -> bool:
        if self.engine.desk.in_hand:
            return False
        if any(one.worker is not None and one.worker.in_hand for one in self.accounts()):
            return False
        row = await self.engine.store.read(
            lambda view: view.fetch_one("count_moving_orders", now=to_us(self.now))
        )
        return row is None or not row["count"]

    # The market

    async def set_price(
        self, symbol: str, price: str | Decimal, account: str | None = None
    ) -> None:
        """Let a symbol trade at this price now, on the paper exchange of an account or of all.

        Raises ValueError for a symbol that none of them trades.
        """
        trading = [one for one in self._brokers(account) if _trades(one, Symbol(symbol))]
        if not trading:
            raise ValueError(f"no paper account has a price of {symbol}")
        for broker in trading:
            await broker.exchange.set_price(Symbol(symbol), Decimal(price))

    def broker(self, account: str) -> PaperBroker:
        """Return an account's paper broker: its exchange, and its faults to script."""
        (broker,) = self._brokers(account)
        return broker

    # The way in

    async def webhook(self, strategy: str, **fields: object) -> Answer:
        """Send a signal as a strategy does; its name and token are added unless given."""
        token = ensure_strategy_token(self.engine.config, StrategyName(strategy)).reveal()
        signal = {"group_name": strategy, "token": token, **fields}
        headers = {"Content-Type": "application/json"}
        body = orjson.dumps(signal, default=str)
        return await self._wire.request("POST", "/api/webhook", headers=headers, body=body)

    async def request(
        self,
        method: str,
        path: str,
        json: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        peer: str = "127.0.0.1",
    ) -> Answer:
        """Ask the HTTP interface for anything, as the admin unless another ``token`` is given."""
        shown = token or ensure_admin_token(self.engine.config).reveal()
        sent = {"Authorization": f"Bearer {shown}", "Content-Type": "application/json"}
        body = b"" if json is None else orjson.dumps(json, default=str)
        return await self._wire.request(
            method, path, headers=sent | dict(headers or {}), body=body, peer=peer
        )

    async def raw(self, data: bytes, *, peer: str = "127.0.0.1") -> bytes:
        """Send any bytes to the HTTP server; return what comes until it hangs up."""
        return await self._wire.raw(data, peer=peer)

    async def reload(self, config: str) -> bool:
        """Change the configuration while it runs; return whether it was taken over."""
        if self._file is None:
            raise ValueError("a configuration that was given as a file is not overwritten")
        self._file.write_text(config, encoding="utf-8")
        return await self._daemon.reload.once()

    # The books

    async def listed(self, name: str, **filters: object) -> list[dict[str, Any]]:
        """Return every item of ``GET /api/NAME``: books, orders, fills, positions, events..."""
        items: list[dict[str, Any]] = []
        after = ""
        while True:
            query = "".join(f"&{key}={value}" for key, value in filters.items())
            answer = await self.request("GET", f"/api/{name}?limit=500{query}{after}")
            if answer.status != _OK:
                raise AssertionError(f"GET /api/{name}: {answer.status} {answer.text}")
            items += answer.json["items"]
            if answer.json["next"] is None:
                return items
            after = f"&after={answer.json['next']}"

    async def held(self, book: str, asset: str) -> Decimal:
        """Return how much of a symbol, or of a currency, a book holds."""
        account = self.engine.config.books[BookName(book)].account
        row = await self.engine.store.read(
            lambda view: view.fetch_one("position", account=account, book=book, asset=asset)
        )
        return Decimal(0) if row is None else Decimal(row["quantity"])

    def told(self, code: str) -> int:
        """Count how often people were told this since the daemon has been up."""
        return sum(notice.code == code for notice in self.notices)

    async def check(self) -> tuple[str, ...]:
        """Check every invariant now; return what does not hold, which should be nothing."""
        found = await audit.audit(self.engine.store, self.engine.services.brokers, self.clock)
        return tuple(f"{each.number}: {each.where}: {each.what}" for each in found)

    def accounts(self) -> tuple[AccountRuntime, ...]:
        """Return every account at work."""
        return tuple(self.engine.accounts.values())

    def _brokers(self, account: str | None) -> list[PaperBroker]:
        names = self.engine.services.brokers if account is None else (AccountName(account),)
        brokers = [self.engine.services.brokers[name] for name in names]
        return [broker for broker in brokers if isinstance(broker, PaperBroker)]


@asynccontextmanager
async def running_daemon(
    config: str | Path,
    *,
    start: datetime = START,
    folder: Path | None = None,
    environ: Mapping[str, str] | None = None,
    clock: LoopClock | None = None,
    seed: int = 1,
) -> AsyncIterator[RunningDaemon]:
    """Run the daemon on a configuration, with the time of day ``start``.

    ``config`` is the text of a ``config.toml``, or the path of one; of a file nothing is changed,
    and its data is left alone. Everything is written below ``folder``, a temporary one if it is
    None. To restart, enter again with the same ``folder``, the ``clock`` of the first and another
    ``seed``. ``environ`` holds the variables that secrets and overrides refer to.

    Raises ConfigErrors; ValueError for an account at a real broker; RealTimeError.
    """
    require_virtual_time()
    if clock is None:
        passed = timedelta(seconds=asyncio.get_running_loop().time())
        clock = LoopClock(start - passed)
    with ExitStack() as temporary:
        if folder is None:
            folder = Path(temporary.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        file = config if isinstance(config, Path) else folder / "config.toml"
        if isinstance(config, str):
            file.write_text(config, encoding="utf-8")
        variables = dict(environ or {})

        async def read_again(running: Config) -> Config:
            return harmless(load_again(file, variables, running), folder)

        outside = paper_outside(clock, seed)
        read = harmless(load_config(file, variables), folder)
        daemon = Daemon(read, outside, Systemd({}), read_again)
        try:
            await daemon.start()
            yield RunningDaemon(daemon, clock, file if isinstance(config, str) else None)
        finally:
            await daemon.stop()


def paper_outside(clock: LoopClock, seed: int) -> Outside:
    """What stands around a daemon in a test: its clock, its files in this thread, no network."""
    return Outside(
        clock=clock,
        open_driver=InlineDriver.open,
        schedule_of=lambda tasks: ClockSchedule(clock, tasks),
        serve=Wire.open,
        ids=IdSource(clock, random.Random(seed)),  # noqa: S311 - repeatable, not secret
        compute_sessions=compute_here,
        dice=random.Random(seed),  # noqa: S311 - repeatable, not secret
        watched=False,
    )


async def _answer(happens: bool | Awaitable[bool]) -> bool:  # noqa: FBT001 - what a condition gave
    return await happens if inspect.isawaitable(happens) else bool(happens)


def _trades(broker: PaperBroker, symbol: Symbol) -> bool:
    try:
        broker.exchange.instrument(symbol)
    except UnknownSymbolError:
        return False
    return True
