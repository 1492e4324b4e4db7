"""How soon the daemon is ready, and what it costs to stand by: ``python -m tests.bench.startup``.

The second part is a restart after kill -9 with 100,000 open orders: TWAP orders of a day, sent as
webhooks, stand open in the database when the daemon is killed.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

import aiohttp

from algorithms.domain import StrategyName
from daemon.cli.process import DaemonProcess
from daemon.config import ensure_strategy_token, load_config
from tests.bench.load import ID_MARK, Plan
from tests.bench.servers import PATH
from tests.bench.webhook import body, load

STARTS = 5
SETTLES_S = 2.0
WATCHED_S = 5.0
OPEN_ROWS = 100_000
LONGEST_FILL_S = 60.0
CONFIG = """
[daemon]
log_level = "warning"
[http]
port = 0
[accounts.main]
market = "24/7"
[accounts.main.paper]
prices = { BTCUSDT = "100000" }
[strategies.bench]
[books.bench]
strategy = "bench"
account = "main"
capital = "1000000000000"
"""


@dataclass(frozen=True, slots=True)
class Idle:
    """A daemon that nobody asks anything. ``ready_s`` is the median of some starts."""

    ready_s: float
    memory_mb: float
    cpu_percent: float


@dataclass(frozen=True, slots=True)
class Recovery:
    """A restart after a kill, with so many open parent orders.

    ``ready_s``: until it says so; ``works_s``: until ``/ready`` says that every account works.
    """

    open_rows: int
    ready_s: float
    works_s: float


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def cpu_s(pid: int) -> float:
    """Return the processor's time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def idle() -> Idle:
    """Start some times, then watch a daemon that nobody asks anything."""
    with tempfile.TemporaryDirectory(prefix="nettingd-bench-") as folder:
        daemon = _daemon(Path(folder))
        times = []
        for _ in range(STARTS):
            began = perf_counter()
            await daemon.start()
            times.append(perf_counter() - began)
            await daemon.stop()
        await daemon.start()
        await asyncio.sleep(SETTLES_S)
        began, worked = perf_counter(), cpu_s(daemon.pid)
        await asyncio.sleep(WATCHED_S)
        share = (cpu_s(daemon.pid) - worked) / (perf_counter() - began)
        memory = resident_mb(daemon.pid)
        await daemon.stop()
    return Idle(median(times), memory, share * 100)


async def recovery(wanted: int = OPEN_ROWS) -> Recovery:
    """Open so many orders, kill, start again."""
    with tempfile.TemporaryDirectory(prefix="nettingd-bench-") as name:
        folder = Path(name)
        daemon = _daemon(folder)
        config = load_config(folder / "config.toml", {})
        database = config.database.path
        token = ensure_strategy_token(config, StrategyName("bench")).reveal()
        await daemon.start()
        began = perf_counter()
        while (rows := open_parents(database)) < wanted:
            if perf_counter() - began > LONGEST_FILL_S:
                break
            await asyncio.to_thread(_send, daemon.url, token)
        await daemon.kill()
        began = perf_counter()
        await daemon.start()
        ready = perf_counter() - began
        await _works(daemon.url)
        works = perf_counter() - began
        await daemon.stop()
    return Recovery(rows, ready, works)


def open_parents(database: Path) -> int:
    """Count the orders that are open."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as looked:
        row = looked.execute("SELECT COUNT(*) FROM parent_orders WHERE ended_at IS NULL")
        return int(row.fetchone()[0])


def _daemon(folder: Path) -> DaemonProcess:
    config = folder / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    return DaemonProcess(config)


def _send(url: str, token: str) -> None:
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    text = body(token, 7)
    assert ID_MARK in text
    load(
        Plan(
            host=address.hostname,
            port=address.port,
            path=PATH,
            bodies=(text,),
            warm_up_s=0.1,
            seconds=2.0,
        )
    )


async def _works(url: str) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(60):
        while True:
            async with session.get(f"{url}/ready") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.02)


def main() -> None:
    """Print both parts."""
    quiet = asyncio.run(idle())
    sys.stdout.write(
        f"ready in {quiet.ready_s:.2f} s, {quiet.memory_mb:.1f} MB and "
        f"{quiet.cpu_percent:.2f} % of a processor when nothing happens\n"
    )
    again = asyncio.run(recovery())
    sys.stdout.write(
        f"after a kill with {again.open_rows:,} open orders: ready in {again.ready_s:.2f} s, "
        f"all works in {again.works_s:.2f} s\n"
    )


if __name__ == "__main__":
    main()
