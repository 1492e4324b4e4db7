"""Bots that send webhooks over HTTP to a daemon whose accounts are at the simulated Binance."""

from __future__ import annotations

from collections import Counter
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from adapters.binance.hosts import MarketKind
from daemon.config.tokens import ensure_strategy_token
from daemon.testing.wire import Wire
from tests.simulators.binance import AccountSeed
from tests.support.simulated import SimulatedBinance, simulated
from tests.support.world import Told, World, world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from adapters.clock import LoopClock
    from tests.simulators.binance.orders import Order
    from tests.support.mortal import Life

CAPITAL = Decimal(100_000)
ACCOUNT = """
[accounts.{name}]
broker = "binance"
market = "24/7"
market_type = "{kind}"
currency = "USDT"
base_url = "{rest}"
ws_url = "{socket}"
credentials.api_key = {{ file = "{name}.key" }}
credentials.api_secret = {{ file = "{name}.secret" }}
"""
BOOK = """
[books.{name}]
strategy = "{strategy}"
account = "{account}"
capital = "{capital}"
{more}
"""


@asynccontextmanager
async def exchange(
    clock: LoopClock, books: Mapping[str, tuple[str, str]], kind: MarketKind = MarketKind.SPOT
) -> AsyncIterator[SimulatedBinance]:
    """Run an exchange where each account holds its books' capital. It outlives daemons."""
    cash = Counter(account for _, account in books.values())
    seeds = [
        AccountSeed(name=name, spot={"USDT": count * CAPITAL}, futures={"USDT": count * CAPITAL})
        for name, count in cash.items()
    ]
    async with simulated(clock, kind, seeds) as binance:
        yield binance


@dataclass(slots=True)
class Bots:
    """A daemon, what it trades at, and HTTP to it."""

    day: World
    binance: SimulatedBinance
    session: aiohttp.ClientSession
    url: str
    _numbers: count[int] = field(default_factory=count)

    async def signal(self, strategy: str, **fields: object) -> Told:
        """Send a webhook over a socket and return the answer."""
        token = ensure_strategy_token(self.day.engine.config, strategy).reveal()  # type: ignore[arg-type]
        body = {"group_name": strategy, "token": token, **fields}
        async with self.session.post(f"{self.url}/api/webhook", json=body) as answer:
            return Told(answer.status, await answer.json(content_type=None))

    async def rest(
        self, strategy: str, count: int = 1, symbol: str = "BTCUSDT", **more: object
    ) -> None:
        """Leave orders resting, too low to fill."""
        price = 40_000 if symbol == "BTCUSDT" else 1500
        for step in range(count):
            told = await self.signal(
                strategy,
                order_type="LIMIT",
                symbol=symbol,
                side="buy",
                qty="0.01",
                price=str(price + step),
                id=f"{strategy}-{next(self._numbers)}",
                **more,
            )
            assert told.http_status in {200, 202}, told

    async def cancel_all(self, strategy: str, **fields: object) -> Told:
        return await self.signal(strategy, order_type="CANCEL_ALL_ORDER", **fields)

    def open(self) -> list[Order]:
        return list(self.binance.venue.open.values())

    def resting(self) -> Counter[str]:
        """Count the orders that rest at the exchange, by whose client id they carry."""
        return Counter(owner(order) for order in self.open())

    async def final(self, told: Told, strategy: str) -> dict[str, Any]:
        """Return the answer that a request has by now."""
        answer = await self.day.status(strategy, told.body["id"])
        assert answer is not None
        return answer.body


def owner(order: Order) -> str:
    """Say whose order this is, by the client id that the exchange has."""
    return order.draft.client_id.split("-")[0]


def config_text(
    books: Mapping[str, tuple[str, str]],
    binance: SimulatedBinance,
    more: Mapping[str, str],
) -> str:
    """Write a configuration; ``more`` adds lines to books."""
    accounts = dict.fromkeys(account for _, account in books.values())
    strategies = dict.fromkeys(strategy for strategy, _ in books.values())
    hosts = binance.hosts
    parts = [
        ACCOUNT.format(name=name, kind=binance.kind.value, rest=hosts.rest, socket=hosts.socket)
        for name in accounts
    ]
    parts += [f"[strategies.{name}]\n" for name in strategies]
    parts += [
        BOOK.format(
            name=name,
            strategy=strategy,
            account=account,
            capital=CAPITAL,
            more=more.get(name, ""),
        )
        for name, (strategy, account) in books.items()
    ]
    return "".join(parts)


@asynccontextmanager
async def bots(
    folder: Path,
    books: Mapping[str, tuple[str, str]],
    binance: SimulatedBinance,
    clock: LoopClock,
    *,
    seed: int = 1,
    life: Life | None = None,
    top: str = "",
    more: Mapping[str, str] | None = None,
) -> AsyncIterator[Bots]:
    """Run a daemon; entering again is a restart. ``books`` gives each its strategy and account."""
    for account in {account for _, account in books.values()}:
        key, _ = binance.simulator.keys(account)
        (folder / f"{account}.key").write_text(key.api_key)
        (folder / f"{account}.secret").write_text(key.secret)
    text = top + config_text(books, binance, more or {})
    async with AsyncExitStack() as stack:
        day = await stack.enter_async_context(
            world(folder, text, clock=clock, seed=seed, life=life)
        )
        await day.engine.fleet.tried()
        assert isinstance(day.server, Wire)
        site = web.TCPSite(day.server._runner, "127.0.0.1", 0)  # noqa: SLF001 - the real server
        await site.start()
        stack.push_async_callback(site.stop)
        port = day.server._runner.addresses[0][1]  # noqa: SLF001
        connector = aiohttp.TCPConnector(limit=0)  # a crowd that does not queue among itself
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        # The kernel closes what a killed daemon leaves open; no task of it is there to do so.
        stack.callback(_hang_up, day.server._runner.server)  # noqa: SLF001
        yield Bots(day, binance, session, f"http://127.0.0.1:{port}")


def _hang_up(server: web.Server | None) -> None:
    """Close what is left of a server's connections."""
    for connection in () if server is None else server.connections:
        connection.force_close()
