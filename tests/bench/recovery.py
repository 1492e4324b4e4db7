"""How soon all works again after kill -9 with 100,000 rows of open state.

``python -m tests.bench.recovery``. Orders of every kind stand open when the daemon is killed: TWAP
orders of a day that wait for their slices, limit orders at the exchange, market orders on their way
whose fate nobody knows, orders for the close that stand as a ladder, a rebalance that buys.
Measured from the start of the next process until its ``/ready`` answers 200.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_hex
from time import perf_counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import aiohttp
import orjson

from algorithms.domain import StrategyName
from daemon.cli.process import DaemonProcess
from daemon.config import ensure_admin_token, ensure_strategy_token, load_config
from tests.bench.load import Plan
from tests.bench.servers import PATH
from tests.bench.webhook import body
from tests.support.compiled import keep_compiled

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.config import Config

ROWS = 100_000
SHARE_AT_REST, SHARE_OF_CLOSE = 20, 50
"""One in so many orders lies at the exchange; is for the close."""
ON_THEIR_WAY = 200
BATCH = 30
UNLIKE = 2_000
CONNECTIONS = 16
LONGEST_S = 150.0
LOOK_S = 0.02
LATENCY_MS = 50
"""Of the exchange whose orders are on their way when the daemon dies, each way; as in the bench of
cancels. It is asked five times, one question after another, before all works again."""
CONFIG = """
[daemon]
log_level = "warning"
[http]
port = 0
[webhook]
wait_seconds = 0.001
[loc]
mode = "ladder"
[accounts.main]
market = "24/7"
[accounts.main.paper]
prices = {{ BTCUSDT = "100000", TQQQ = "100" }}
[accounts.slow]
market = "24/7"
[accounts.slow.paper]
prices = {{ SOXL = "50" }}
latency_ms = {latency}
[accounts.late]
market = "24/7"
[accounts.late.paper]
prices = {{ TQQQ = "100" }}
[accounts.fund]
market = "24/7"
[accounts.fund.paper]
prices = {{ AAA = "100", BBB = "50" }}
spread_percent = 5
[strategies.bench]
[strategies.rests]
[strategies.sends]
[strategies.closes]
[strategies.holds]
[books.bench]
strategy = "bench"
account = "main"
capital = "1000000000000"
[books.rests]
strategy = "rests"
account = "main"
capital = "1000000000"
[books.sends]
strategy = "sends"
account = "slow"
capital = "1000000000"
[books.closes]
strategy = "closes"
account = "late"
capital = "1000000000"
[books.holds]
strategy = "holds"
account = "fund"
capital = "100000"
rule = {{ type = "portfolio" }}
[instruments]
TQQQ = {{ lot = "1" }}
SOXL = {{ lot = "1" }}
AAA = {{ lot = "1" }}
BBB = {{ lot = "1" }}
"""
COUNTS = {
    "orders": "SELECT COUNT(*) FROM parent_orders WHERE ended_at IS NULL",
    "at the exchange": "SELECT COUNT(*) FROM child_orders WHERE state = 'open'",
    "of unknown fate": "SELECT COUNT(*) FROM child_orders WHERE state = 'sending'",
    "in ladders": "SELECT COUNT(*) FROM loc_orders WHERE ladder_id IS NOT NULL",
    "rebalances": "SELECT COUNT(*) FROM rebalancing_history WHERE ended_at IS NULL",
}
TARGETS = {
    "account": "fund",
    "mp": {"stocks": 90, "cash": 10},
    "sub_mp": {"stocks": {"AAA": 50, "BBB": 50}},
}


@dataclass(frozen=True, slots=True)
class Recovery:
    """A restart after a kill, with so much of each kind open.

    ``ready_s``: until it says so; ``works_s``: until ``/ready`` says that every account works.
    """

    rows: dict[str, int]
    ready_s: float
    works_s: float

    def is_of(self, wanted: int) -> bool:
        """Whether enough was open, and some of every kind."""
        return self.rows["orders"] >= wanted and all(self.rows.values())

    def told(self) -> str:
        """Say what was open."""
        return ", ".join(f"{number:,} {name}" for name, number in self.rows.items())


async def recovery(wanted: int = ROWS) -> Recovery:
    """Open so many orders, kill, start again. Raises TimeoutError when that takes too long."""
    with tempfile.TemporaryDirectory(prefix="nettingd-bench-") as name:
        keep_compiled(Path(name) / "compiled")
        file = Path(name) / "config.toml"
        file.write_text(CONFIG.format(latency=LATENCY_MS), encoding="utf-8")
        config = load_config(file, {})
        daemon = DaemonProcess(file)
        await daemon.start()
        try:
            async with asyncio.timeout(LONGEST_S), aiohttp.ClientSession() as session:
                await _fill(Filling(config, session, daemon.url), wanted)
            await daemon.kill()
            rows = open_rows(config.database.path)
            began = perf_counter()
            await daemon.start()
            ready = perf_counter() - began
            await _works(daemon.url)
            works = perf_counter() - began
            await daemon.stop()
        finally:
            await daemon.kill()
    return Recovery(rows, ready, works)


def open_rows(database: Path) -> dict[str, int]:
    """Count what is open."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as looked:
        return {name: int(looked.execute(query).fetchone()[0]) for name, query in COUNTS.items()}


class Filling:
    """Sends orders of every kind to a daemon."""

    def __init__(self, config: Config, session: aiohttp.ClientSession, url: str) -> None:
        self._config = config
        self._session = session
        self._url = url

    @property
    def database(self) -> Path:
        return self._config.database.path

    async def twap(self) -> None:
        """Send TWAP orders of a day for two seconds."""
        address = urlsplit(self._url)
        assert address.hostname is not None
        assert address.port is not None
        token = self._token("bench")
        plan = Plan(
            host=address.hostname,
            port=address.port,
            path=PATH,
            bodies=tuple(body(token, number) for number in range(UNLIKE)),
            warm_up_s=0.1,
            seconds=2.0,
        )
        await asyncio.to_thread(load, plan)

    async def orders(self, strategy: str, number: int, terms: dict[str, Any]) -> None:
        """Send so many orders in batches, each a step cheaper than the one before, if priced."""
        price = int(terms.get("price", 0))
        batches = (
            [terms | ({"price": price - each} if price else {}) for each in range(BATCH)]
            for _ in range(number // BATCH)
        )

        async def one_after_another() -> None:
            for batch in batches:
                await self._post("webhook", self._signal(strategy, batch))

        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(one_after_another())

    async def rebalance(self) -> None:
        """Begin one, whose buys wait for sellers that come nearer."""
        await self._post("macro-trading/rebalancing/targets", TARGETS)
        await self._post("macro-trading/rebalancing/run", {"account": "fund"})

    def _signal(self, strategy: str, batch: list[dict[str, Any]]) -> dict[str, Any]:
        whose = {"group_name": strategy, "token": self._token(strategy), "id": token_hex(8)}
        return {**whose, "symbol": batch[0]["symbol"], "orders": batch}

    def _token(self, strategy: str) -> str:
        return ensure_strategy_token(self._config, StrategyName(strategy)).reveal()

    async def _post(self, path: str, told: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {ensure_admin_token(self._config).reveal()}"}
        url = f"{self._url}/api/{path}"
        async with self._session.post(url, json=told, headers=headers) as answer:
            if answer.status not in {200, 202}:
                raise AssertionError(f"{path}: {answer.status} {await answer.text()}")


async def _fill(filling: Filling, wanted: int) -> None:
    """Open as much as is wanted, the orders of unknown fate last."""

    def now(kind: str) -> int:
        return open_rows(filling.database)[kind]

    at_rest, of_close = wanted // SHARE_AT_REST, wanted // SHARE_OF_CLOSE
    buy = {"side": "buy", "qty": 1}
    at_50 = buy | {"symbol": "TQQQ", "order_type": "LIMIT", "price": 50}
    await filling.orders("rests", at_rest, at_50)
    at_close = buy | {"symbol": "TQQQ", "order_type": "LOC", "price": 90}
    await filling.orders("closes", of_close, at_close)
    await filling.rebalance()
    while now("orders") < wanted:
        await filling.twap()
    await _until(lambda: now("at the exchange") >= at_rest // BATCH * BATCH)
    await _until(lambda: now("in ladders") > 0 and now("rebalances") > 0)
    market = buy | {"symbol": "SOXL", "order_type": "MARKET"}
    while now("of unknown fate") == 0:
        await filling.orders("sends", ON_THEIR_WAY, market)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LONGEST_S):
        while not holds():  # noqa: ASYNC110 - another process is looked at
            await asyncio.sleep(LOOK_S)


def load(plan: Plan) -> None:
    command = [sys.executable, "-m", "tests.bench.load"]
    subprocess.run(  # noqa: S603 - our own
        command, input=orjson.dumps(asdict(plan)), stdout=subprocess.DEVNULL, check=True
    )


async def _works(url: str) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            async with session.get(f"{url}/ready") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(LOOK_S)


def main() -> None:
    """Print what was open, and how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=ROWS)
    again = asyncio.run(recovery(parser.parse_args().orders))
    sys.stdout.write(
        f"after a kill with {again.told()}: ready in {again.ready_s:.2f} s, "
        f"all works in {again.works_s:.2f} s\n"
    )


if __name__ == "__main__":
    main()
