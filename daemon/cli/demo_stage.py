"""Where the demonstration plays: a real daemon, its webhooks, and a look into both databases."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

import aiohttp
import orjson

from adapters.paper.inspection import inspect
from adapters.sqlite.driver import connect_to_look
from algorithms.domain import AccountName, StrategyName
from daemon.cli.process import DaemonProcess, command_line, surroundings
from daemon.config import ensure_strategy_token, load_config
from daemon.storage.store import named_queries
from daemon.storage.tx import View

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    from adapters.clock import Clock
    from algorithms.invariants import BrokerView
    from daemon.storage.tx import SqlValue

CONFIG = """\
[daemon]
data_dir = "data"
[http]
port = 0
[twap]
fill_timeout_seconds = 2

[accounts.main]
broker = "paper"
market = "24/7"
currency = "USD"
commission_percent = "0.25"
[accounts.main.paper]
prices = { TQQQ = "100", SOXL = "50" }
walk_percent = "0.2"
spread_percent = "0.02"
latency_ms = 150
[instruments.TQQQ]
lot = 1
[instruments.SOXL]
lot = 1

[strategies.alpha]
[strategies.beta]
[strategies.gamma]
[strategies.signals]
[books.alpha]
strategy = "alpha"
account = "main"
capital = "20000"
[books.beta]
strategy = "beta"
account = "main"
capital = "20000"
[books.gamma]
strategy = "gamma"
account = "main"
capital = "20000"
[books.signals]
strategy = "signals"
account = "main"
capital = "10000"
"""
ACCOUNT = AccountName("main")
CURRENCY = "USD"
LOOK_EVERY_S = 0.02
HTTP_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook was told: the HTTP status and the body, of which only this is used."""

    status: int
    word: str
    message: str
    cancelled_orders: int
    order_ids: tuple[str, ...]

    @classmethod
    def of(cls, status: int, body: bytes) -> Answer:
        """Read the answer to a webhook, or a problem."""
        told = orjson.loads(body)
        orders = [order for result in told.get("results", ()) for order in result["orders"]]
        return cls(
            status=status,
            word=told.get("code", told["status"]),
            message=told.get("detail", told.get("message", "")),
            cancelled_orders=told.get("cancelled_orders", 0),
            order_ids=tuple(order["id"] for order in orders if order["id"] is not None),
        )


class Stage:
    """One daemon on a configuration of its own, in a folder that is thrown away."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._clock = clock
        self._config = folder / "config.toml"
        self._config.write_text(CONFIG, encoding="utf-8")
        self._read = load_config(self._config, {})
        self._sql = named_queries()
        self._numbers = count(1)
        self._session: aiohttp.ClientSession | None = None
        self.daemon = DaemonProcess(self._config)

    async def open(self) -> float:
        """Start the daemon; return the seconds until it was ready."""
        began = self._clock.monotonic()
        await self.daemon.start()
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S)
            self._session = aiohttp.ClientSession(timeout=timeout)
        return self._clock.monotonic() - began

    async def close(self) -> None:
        """Leave nothing running."""
        if self._session is not None:
            await self._session.close()
        await self.daemon.kill()

    async def send(self, strategy: str, order_type: str, **terms: str | int) -> Answer:
        """Send a webhook as a strategy does."""
        assert self._session is not None  # open
        body = {
            "group_name": strategy,
            "token": ensure_strategy_token(self._read, StrategyName(strategy)).reveal(),
            "id": f"demo-{next(self._numbers)}",
            "order_type": order_type,
            **terms,
        }
        url = f"{self.daemon.url}/api/webhook"
        headers = {"Content-Type": "application/json"}
        async with self._session.post(url, data=orjson.dumps(body), headers=headers) as answer:
            return Answer.of(answer.status, await answer.read())

    def rows(self, query: str, **values: SqlValue) -> list[sqlite3.Row]:
        """Read the daemon's database from outside, by a named query."""
        with closing(connect_to_look(self._read.database.path)) as connection:
            return View(connection, self._sql).fetch(query, **values)

    def exchange(self) -> BrokerView:
        """Look into the paper exchange's own database."""
        paper = self._read.accounts[ACCOUNT].paper
        assert paper is not None  # CONFIG says so
        return inspect(paper.database, ACCOUNT)

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition, looking often; return whether it came true in time."""
        end = self._clock.monotonic() + seconds
        while not condition():
            if self._clock.monotonic() > end:
                return False
            await self._clock.sleep(LOOK_EVERY_S)
        return True

    async def pause(self, seconds: float) -> None:
        """Give a reader time."""
        await self._clock.sleep(seconds)

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Run a command of ``nettingd`` on this configuration; return its code and output."""
        process = await asyncio.create_subprocess_exec(
            *command_line("--config", str(self._config), *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=surroundings(),
        )
        output, _ = await process.communicate()
        assert process.returncode is not None  # it has ended
        return process.returncode, output.decode()
