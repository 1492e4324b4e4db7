"""More orders than a venue takes: those beyond are refused, and cancels pass."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import aiohttp
import orjson

from adapters.tasks import TaskSupervisor
from algorithms.domain import StrategyName
from daemon.cli.process import DaemonProcess, command_line, surroundings
from daemon.config import ensure_strategy_token, load_config

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG = """
[daemon]
log_level = "error"
[http]
port = 0
[accounts.main]
market = "24/7"
[accounts.main.paper]
prices = { TQQQ = "100" }
latency_ms = 300
[strategies.flood]
[strategies.calm]
[books.flood]
strategy = "flood"
account = "main"
capital = "1000000000"
[books.calm]
strategy = "calm"
account = "main"
capital = "1000000"
"""
EXPECTED = frozenset({200, 202, 207, 422, 429, 502})
CANCEL_EVERY_S = 0.2
PATIENCE_S = 30.0
SLOWEST_CANCEL_S = 10.0
MOST_MB = 150.0
"""Beyond what it takes when idle; each connection and each order in hand has its share."""


@dataclass(slots=True)
class Outcome:
    """What came of a flood."""

    statuses: Counter[int] = field(default_factory=Counter)
    cancels: Counter[int] = field(default_factory=Counter)
    slowest_cancel_s: float = 0.0
    idle_mb: float = 0.0
    peak_mb: float = 0.0
    faults: list[str] = field(default_factory=list)

    def judge(self) -> None:
        """Say what should not have been."""
        odd = {status: n for status, n in self.statuses.items() if status not in EXPECTED}
        if odd:
            self.faults.append(f"answers {odd}")
        if self.cancels.keys() - {200, 202} or not self.cancels:
            self.faults.append(f"cancels were answered {dict(self.cancels)}")
        if self.slowest_cancel_s > SLOWEST_CANCEL_S:
            self.faults.append(f"a cancel took {self.slowest_cancel_s:.1f} s")
        if self.peak_mb - self.idle_mb > MOST_MB:
            self.faults.append(f"memory grew from {self.idle_mb:.0f} to {self.peak_mb:.0f} MB")


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


class Flood:
    """Sends from many connections for a while, and cancels from one."""

    def __init__(self, url: str, tokens: dict[str, str], seconds: float) -> None:
        self._url = f"{url}/api/webhook"
        self._tokens = tokens
        self._until = perf_counter() + seconds
        self._numbers = count()
        self.outcome = Outcome()

    async def run(self, connections: int, pid: int) -> Outcome:
        timeout = aiohttp.ClientTimeout(total=PATIENCE_S)
        connector = aiohttp.TCPConnector(limit=0)
        self.outcome.idle_mb = memory_mb(pid)
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            tasks = TaskSupervisor()
            work = [tasks.spawn(self._send(session), name="flood") for _ in range(connections)]
            work.append(tasks.spawn(self._cancel(session), name="cancels"))
            work.append(tasks.spawn(self._weigh(pid), name="memory"))
            await asyncio.gather(*work)
        self.outcome.judge()
        return self.outcome

    async def _send(self, session: aiohttp.ClientSession) -> None:
        for body in self._orders():
            if perf_counter() > self._until:
                return
            async with session.post(self._url, data=body) as answer:
                told = orjson.loads(await answer.read())
                self.outcome.statuses[answer.status] += 1
                if answer.status == 429:
                    if "Retry-After" not in answer.headers or told["code"] != "storage_busy":
                        self.outcome.faults.append(f"429 without its reason: {told}")
                    await asyncio.sleep(0.2)  # an impatient bot

    async def _cancel(self, session: aiohttp.ClientSession) -> None:
        words = {"group_name": "calm", "token": self._tokens["calm"]}
        body = orjson.dumps(words | {"order_type": "CANCEL_ALL_ORDER"})
        while not self.outcome.cancels or perf_counter() < self._until:
            began = perf_counter()
            async with session.post(self._url, data=body) as answer:
                await answer.read()
            self.outcome.cancels[answer.status] += 1
            taken = perf_counter() - began
            self.outcome.slowest_cancel_s = max(self.outcome.slowest_cancel_s, taken)
            await asyncio.sleep(CANCEL_EVERY_S)

    async def _weigh(self, pid: int) -> None:
        while not self.outcome.peak_mb or perf_counter() < self._until:
            self.outcome.peak_mb = max(self.outcome.peak_mb, memory_mb(pid))
            await asyncio.sleep(0.2)

    def _orders(self) -> Iterator[bytes]:
        while True:
            yield orjson.dumps(
                {
                    "group_name": "flood",
                    "token": self._tokens["flood"],
                    "id": f"flood-{next(self._numbers)}",
                    "order_type": "LIMIT",
                    "symbol": "TQQQ",
                    "side": "buy",
                    "qty": "1",
                    "price": "90",
                }
            )


async def overload(folder: Path, connections: int, seconds: float) -> Outcome:
    """Flood a daemon; afterwards it must be as well as before."""
    file = folder / "config.toml"
    file.write_text(CONFIG, encoding="utf-8")
    config = load_config(file, {})
    tokens = {
        name: ensure_strategy_token(config, StrategyName(name)).reveal()
        for name in ("flood", "calm")
    }
    daemon = DaemonProcess(file)
    await daemon.start()
    try:
        flood = Flood(daemon.url, tokens, seconds)
        outcome = await flood.run(connections, daemon.pid)
        async with aiohttp.ClientSession() as session, session.get(f"{daemon.url}/ready") as ready:
            if ready.status != 200:
                outcome.faults.append(f"not ready afterwards: {await ready.text()}")
        if await daemon.stop() != 0:
            outcome.faults.append("it did not stop in order")
    finally:
        await daemon.kill()
    verify = await asyncio.create_subprocess_exec(
        *command_line("--config", str(file), "verify"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=surroundings(),
    )
    said, _ = await verify.communicate()
    if verify.returncode != 0:
        outcome.faults.append(f"verify: {said.decode()[:500]}")
    return outcome
