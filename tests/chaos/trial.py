"""One round: load, kill at random moments, restart, and see what is left of the promises."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import orjson

from adapters.sqlite.driver import connect_to_look
from adapters.tasks import TaskSupervisor
from daemon.cli.process import DaemonFailedError, DaemonProcess, surroundings
from daemon.config import ensure_strategy_token, load_config
from daemon.service.exits import Exit
from tests.chaos.load import FINAL, HTTP_TIMEOUT_S, Load, Record
from tests.chaos.troubles import Trouble, Troubles, read_only

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Coroutine, Sequence
    from pathlib import Path

    from adapters.clock import Clock
    from algorithms.domain import StrategyName
    from tests.chaos.houses import House
    from tests.chaos.load import Sent
    from tests.chaos.skewed import Skew

LONGEST_LOAD_S = 1.5
LONGEST_START_S = 1.0
SETTLE_S = 120.0
ASK_AGAIN_S = 0.1
AGREE_S = 90.0
"""How long the books may differ from the broker's when all is well again: unknown orders settle,
and comparisons come now and then."""


@dataclass(slots=True)
class Result:
    """What a round showed. ``faults`` is empty when every promise was kept.

    ``unanswered``: webhooks that a kill left without an answer, and that were sent again.
    """

    number: int
    sent: int = 0
    unanswered: int = 0
    ready_s: list[float] = field(default_factory=list)
    settled_s: float = 0.0
    kills: int = 0
    troubles: Counter[Trouble] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Trial:
    """Rounds on one database, in one folder, at the brokers of one house."""

    def __init__(
        self, folder: Path, seed: int, clock: Clock, house: House, skew: Skew, *, fill: bool = False
    ) -> None:
        """``fill``: the data folder is a disk of its own, which may be filled."""
        self._dice = random.Random(seed)
        self._clock = clock
        self._house = house
        self._skew = skew
        self._fill = fill
        self._config = folder / "config.toml"
        config = load_config(self._config, {})
        self._database = config.database.path
        self.record = Record()
        self._tokens: dict[str, str] = {
            name: ensure_strategy_token(config, _strategy(name)).reveal()
            for name in config.strategies
        }
        self._load = Load(house, self._dice, self._tokens, self.record, clock)
        self._troubles = Troubles(self._database, self._dice, skew, house.wires, fill=fill)

    @classmethod
    async def open(
        cls, folder: Path, seed: int, clock: Clock, house: House, skew: Skew, *, fill: bool = False
    ) -> Self:
        """Open the house and write its configuration."""
        text = await house.open(folder)
        (folder / "config.toml").write_text(text, encoding="utf-8")
        trial = cls(folder, seed, clock, house, skew, fill=fill)
        if house.wires:
            await trial._get_acquainted()
        return trial

    async def _get_acquainted(self) -> None:
        """Let the daemon find what its accounts held before it; from then on it must explain all.

        Raises DaemonFailedError, TimeoutError.
        """
        daemon = DaemonProcess(self._config, entry=self._skew.entry("daemon"))
        await daemon.start()
        try:
            async with asyncio.timeout(AGREE_S):
                while not self._house.is_acquainted(self._database):
                    await self._clock.sleep(0.5)
        finally:
            await daemon.stop()

    async def round(self, number: int, turns: asyncio.Semaphore, lives: int = 1) -> Result:
        """Load and kill so many times when it is its turn, restart, look."""
        result = Result(number)
        before = len(self.record.sent)
        daemon = DaemonProcess(self._config, entry=self._skew.entry("daemon"))
        try:
            async with turns:
                for _ in range(lives):
                    await self._live(daemon, result)
                await self._start(daemon, result)
            await self._see_outcomes(daemon, result)
            result.faults += await self._differences()
            code = await daemon.stop()
            if code != 0:
                result.faults.append(f"the orderly stop ended with {code}")
        except DaemonFailedError as error:
            result.faults.append(f"the daemon did not start: {error}")
        finally:
            await daemon.kill()
        result.sent = len(self.record.sent) - before
        result.faults += await self._verify()
        return result

    async def _live(self, daemon: DaemonProcess, result: Result) -> None:
        """Start, load, make trouble, kill."""
        await self._start(daemon, result)
        killed = asyncio.Event()
        loading = self._load.run(daemon.url, LONGEST_LOAD_S + HTTP_TIMEOUT_S)
        troubling = self._troubles.make(daemon, killed)
        _, trouble, _ = await asyncio.gather(loading, troubling, self._kill(daemon, result, killed))
        result.troubles[trouble] += 1
        if self._dice.random() < 0.3:
            await self._kill_while_it_starts(daemon, result)
        if self._fill and self._dice.random() < 0.2:
            await self._start_in_vain(daemon, result)

    async def _start(self, daemon: DaemonProcess, result: Result) -> None:
        began = self._clock.monotonic()
        await daemon.start()
        result.ready_s.append(self._clock.monotonic() - began)

    async def _kill(self, daemon: DaemonProcess, result: Result, killed: asyncio.Event) -> None:
        await self._clock.sleep(self._dice.uniform(0.02, LONGEST_LOAD_S))
        await daemon.kill()
        killed.set()
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

    async def _start_in_vain(self, daemon: DaemonProcess, result: Result) -> None:
        """Start on a disk that nobody may write to: it must refuse, and say why."""
        result.troubles[Trouble.READ_ONLY] += 1
        with read_only(self._database.parent):
            try:
                await daemon.start()
            except DaemonFailedError as error:
                if "read-only" not in str(error).lower():
                    result.faults.append(f"on a read-only disk it said: {error}")
            else:
                result.faults.append("it started on a read-only disk")
                await daemon.kill()
        if daemon.exit_code != Exit.DATABASE:
            result.faults.append(f"on a read-only disk it ended with {daemon.exit_code}")

    async def _see_outcomes(self, daemon: DaemonProcess, result: Result) -> None:
        """Ask for the outcome of every acknowledged webhook, and send the unanswered again."""
        began = self._clock.monotonic()
        timeout = aiohttp.ClientTimeout(total=HTTP_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            unanswered = self.record.unanswered
            result.unanswered = len(unanswered)
            await self._side_by_side(
                unanswered, lambda sent: self._load.send(session, daemon.url, sent)
            )
            left = len(self.record.unanswered)
            if left:
                result.faults.append(f"{left} webhooks were not taken although all is well again")
            waiting = self.record.acknowledged
            while waiting and self._clock.monotonic() - began < SETTLE_S:
                open_still: list[Sent] = []

                async def ask(sent: Sent, open_still: list[Sent] = open_still) -> None:
                    fault, is_final = await self._look(session, daemon.url, sent)
                    if fault:
                        result.faults.append(fault)
                    elif not is_final:
                        open_still.append(sent)

                await self._side_by_side(waiting, ask)
                waiting = open_still
                if waiting:
                    await self._clock.sleep(ASK_AGAIN_S)
        result.settled_s = self._clock.monotonic() - began
        result.faults += [f"webhook {sent.key} has no outcome" for sent in waiting]

    async def _side_by_side(
        self, webhooks: Sequence[Sent], do: Callable[[Sent], Coroutine[None, None, None]]
    ) -> None:
        """Do something about each, as many at a time as there are senders."""
        left = iter(webhooks)

        async def one_after_another() -> None:
            for sent in left:
                await do(sent)

        async with asyncio.TaskGroup() as group:
            for _ in range(self._house.senders):
                group.create_task(one_after_another())

    async def _look(
        self, session: aiohttp.ClientSession, url: str, sent: Sent
    ) -> tuple[str | None, bool]:
        """Ask what came of a webhook; return what is wrong with that, and whether it is final."""
        assert sent.answer is not None  # acknowledged
        told = await self._outcome(session, url, sent.strategy, str(sent.answer["id"]))
        return _fault(sent.answer, told), told.get("status") in FINAL

    async def _outcome(
        self, session: aiohttp.ClientSession, url: str, strategy: str, request_id: str
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._tokens[strategy]}"}
        async with session.get(f"{url}/api/webhook/{request_id}", headers=headers) as answer:
            told: dict[str, Any] = orjson.loads(await answer.read())
            return told | {"http_status": answer.status}

    async def _differences(self) -> list[str]:
        """Compare with the brokers' own books, until they agree or it takes too long."""
        began = self._clock.monotonic()
        while faults := await self._house.faults(self._database):
            if self._clock.monotonic() - began > AGREE_S:
                return faults
            await self._clock.sleep(1)
        return []

    async def _verify(self) -> list[str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *self._skew.entry("daemon")),
            *("--config", str(self._config), "verify", "--json"),
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
