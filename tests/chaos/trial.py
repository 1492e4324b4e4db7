"""One round: load, kill at a random moment, restart, and see what is left of the promises."""

from __future__ import annotations

import asyncio
import random
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from adapters.sqlite.driver import connect_to_look
from adapters.tasks import TaskSupervisor
from daemon.cli.process import DaemonFailedError, DaemonProcess, command_line, surroundings
from daemon.config import ensure_strategy_token, load_config
from tests.chaos.load import FINAL, HTTP_TIMEOUT_S, Load, Record
from tests.chaos.troubles import Trouble, Troubles

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from adapters.clock import Clock
    from algorithms.domain import StrategyName

CONFIG = """\
[daemon]
data_dir = "data"
log_level = "warning"
[http]
port = 0
[webhook]
wait_seconds = 0.5
[twap]
fill_timeout_seconds = 0.5
[accounts.one]
broker = "paper"
market = "24/7"
currency = "USD"
commission_percent = "0.25"
[accounts.one.paper]
seed = {seed}
prices = {{ TQQQ = "100", SOXL = "50" }}
walk_percent = 1
spread_percent = "0.05"
latency_ms = 15
fill = "partial"
[accounts.one.paper.faults]
answer_lost_before = 0.01
answer_lost_after = 0.01
duplicate_fills = 0.02
late_fills = 0.01
server_error = 0.01
disconnect = 0.001
[accounts.two]
broker = "paper"
market = "24/7"
currency = "USD"
commission_percent = "0.1"
[accounts.two.paper]
seed = {seed}
prices = {{ TQQQ = "100", SOXL = "50" }}
latency_ms = 5
client_order_ids = false
[accounts.two.paper.faults]
answer_lost_before = 0.005
answer_lost_after = 0.005
[instruments.TQQQ]
lot = 1
[instruments.SOXL]
lot = 1
"""
BOOKS = (("alpha", "one"), ("beta", "one"), ("gamma", "one"), ("alpha", "two"), ("beta", "two"))
LONGEST_LOAD_S = 1.5
LONGEST_START_S = 1.0
SETTLE_S = 60.0


@dataclass(slots=True)
class Result:
    """What a round showed. ``faults`` is empty when every promise was kept.

    ``unanswered``: webhooks that the kill left without an answer, and that were sent again.
    """

    number: int
    sent: int = 0
    unanswered: int = 0
    ready_s: list[float] = field(default_factory=list)
    settled_s: float = 0.0
    kills: int = 0
    trouble: Trouble = Trouble.NONE
    faults: list[str] = field(default_factory=list)


class Trial:
    """Rounds on one database, in one folder."""

    def __init__(self, folder: Path, seed: int, clock: Clock, *, fill: bool = False) -> None:
        """``fill``: the data folder is a disk of its own, which may be filled."""
        self._dice = random.Random(seed)
        self._clock = clock
        self._config = folder / "config.toml"
        self._config.write_text(_config(seed), encoding="utf-8")
        config = load_config(self._config, {})
        self._database = config.database.path
        self._exchanges = [
            paper.database
            for account in config.accounts.values()
            if (paper := account.paper) is not None
        ]
        self.record = Record()
        self._tokens: dict[str, str] = {
            name: ensure_strategy_token(config, _strategy(name)).reveal()
            for name in config.strategies
        }
        self._load = Load(self._dice, self._tokens, self.record, clock)
        self._troubles = Troubles(self._database, self._dice, clock, fill=fill)

    async def round(self, number: int) -> Result:
        """Load, kill, restart, look."""
        result = Result(number)
        before = len(self.record.sent)
        daemon = DaemonProcess(self._config)
        try:
            await self._start(daemon, result)
            loading = self._load.run(daemon.url, LONGEST_LOAD_S + HTTP_TIMEOUT_S)
            troubling = self._troubles.make(daemon)
            _, result.trouble, _ = await asyncio.gather(
                loading, troubling, self._kill(daemon, result)
            )
            if self._dice.random() < 0.3:
                await self._kill_while_it_starts(daemon, result)
            await self._start(daemon, result)
            await self._see_outcomes(daemon, result)
            code = await daemon.stop()
            if code != 0:
                result.faults.append(f"the orderly stop ended with {code}")
        except DaemonFailedError as error:
            result.faults.append(f"the daemon did not start: {error}")
        finally:
            await daemon.kill()
        result.sent = len(self.record.sent) - before
        result.faults += self._sent_twice()
        result.faults += await self._verify()
        return result

    async def _start(self, daemon: DaemonProcess, result: Result) -> None:
        began = self._clock.monotonic()
        await daemon.start()
        result.ready_s.append(self._clock.monotonic() - began)

    async def _kill(self, daemon: DaemonProcess, result: Result) -> None:
        await self._clock.sleep(self._dice.uniform(0.02, LONGEST_LOAD_S))
        await daemon.kill()
        result.kills += 1

    async def _kill_while_it_starts(self, daemon: DaemonProcess, result: Result) -> None:
        starting = TaskSupervisor().spawn(self._in_vain(daemon), name="start")
        await self._clock.sleep(self._dice.uniform(0.2, LONGEST_START_S))
        await daemon.kill()
        await starting
        result.kills += 1

    async def _in_vain(self, daemon: DaemonProcess) -> None:
        with suppress(DaemonFailedError):
            await daemon.start()

    async def _see_outcomes(self, daemon: DaemonProcess, result: Result) -> None:
        """Ask for the outcome of every acknowledged webhook, and send the unanswered again."""
        began = self._clock.monotonic()
        timeout = aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            result.unanswered = len(self.record.unanswered)
            for sent in self.record.unanswered:
                await self._load.send(session, daemon.url, sent)
            left = len(self.record.unanswered)
            if left:
                result.faults.append(f"{left} webhooks were not taken although all is well again")
            waiting = {
                str(sent.answer["id"]): sent
                for sent in self.record.acknowledged
                if sent.answer is not None
            }
            while waiting and self._clock.monotonic() - began < SETTLE_S:
                for request_id, sent in list(waiting.items()):
                    told = await self._outcome(session, daemon.url, sent.strategy, request_id)
                    fault = _fault(sent.answer or {}, told)
                    if fault:
                        result.faults.append(fault)
                    if fault or told.get("status") in FINAL:
                        del waiting[request_id]
                await self._clock.sleep(0.1)
        result.settled_s = self._clock.monotonic() - began
        result.faults += [f"webhook {each} has no outcome" for each in waiting]

    async def _outcome(
        self, session: aiohttp.ClientSession, url: str, strategy: str, request_id: str
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._tokens[strategy]}"}
        async with session.get(f"{url}/api/webhook/{request_id}", headers=headers) as answer:
            told: dict[str, Any] = orjson.loads(await answer.read())
            return told | {"http_status": answer.status}

    def _sent_twice(self) -> list[str]:
        """Look into the exchanges' own databases: one order for each of our ids."""
        faults = []
        for path in self._exchanges:
            with closing(connect_to_look(path)) as exchange:
                rows = exchange.execute(
                    "SELECT client_id, COUNT(*) FROM orders WHERE client_id <> '' "
                    "GROUP BY client_id HAVING COUNT(*) > 1"
                ).fetchall()
            faults += [f"order {row[0]} is {row[1]} times at {path.name}" for row in rows]
        return faults

    async def _verify(self) -> list[str]:
        process = await asyncio.create_subprocess_exec(
            *command_line("--config", str(self._config), "verify", "--json"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=surroundings(),
        )
        output, _ = await process.communicate()
        return [] if process.returncode == 0 else [f"verify: {output.decode()[:2000]}"]

    def counts(self) -> dict[str, int]:
        """Count what the database holds."""
        with closing(connect_to_look(self._database)) as database:
            return {
                table: _count(database, table)
                for table in ("requests", "parent_orders", "child_orders", "fills", "netting_pairs")
            }


def _count(database: sqlite3.Connection, table: str) -> int:
    return int(database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])  # noqa: S608


def _fault(acknowledged: dict[str, Any], told: dict[str, Any]) -> str | None:
    request_id = acknowledged.get("id")
    if told.pop("http_status") != 200:
        return f"webhook {request_id} was acknowledged and is not known: {told}"
    if acknowledged.get("status") in FINAL:
        known = {key: value for key, value in acknowledged.items() if key != "duplicate"}
        if told != known:
            return f"webhook {request_id} was answered {known}, now {told}"
    return None


def _strategy(name: str) -> StrategyName:
    return name  # type: ignore[return-value]


def _config(seed: int) -> str:
    text = CONFIG.format(seed=seed)
    for strategy in dict.fromkeys(strategy for strategy, _ in BOOKS):
        text += f"[strategies.{strategy}]\n"
    for strategy, account in BOOKS:
        text += (
            f'[books.{strategy}_{account}]\nstrategy = "{strategy}"\naccount = "{account}"\n'
            'capital = "100000"\n'
        )
    return text
