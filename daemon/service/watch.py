"""Whether the daemon can work: what ``/ready`` is told of, beyond the accounts."""

from __future__ import annotations

import asyncio
import logging
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from adapters.sqlite.errors import StorageError
from daemon.api.metrics import STORAGE_SLOW
from daemon.storage.rows import to_us

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.clock import Clock
    from daemon.api.metrics import Metrics
    from daemon.storage.tx import Tx

T = TypeVar("T")

PROBE_EVERY_S = 10.0
PROBE_AGAIN_S = 2.0
PROBE_TIMEOUT_S = 5.0
FRESH_S = 1.0
"""What was found so long ago is good enough for who asks now."""
LOOK_WITHIN_S = 1.0
"""Who asks waits no longer than this for a probe; a slower one is told to the next."""

log = logging.getLogger(__name__)


class FailedTasks:
    """Tasks that ended with an error. Nothing restarts them, so they are told until a restart."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._failed: dict[str, str] = {}

    def add(self, task: str, error: BaseException) -> None:
        """Remember a failure; the log has it already."""
        self._failed[task] = type(error).__name__
        self._metrics.task_failed()

    def reason(self) -> str | None:
        """Say which tasks failed; a check for ``Readiness``."""
        if not self._failed:
            return None
        told = ", ".join(f"{task} ({error})" for task, error in sorted(self._failed.items()))
        return f"failed, and the daemon must be restarted: {told}"


class Writable(Protocol):
    """What is watched: a Store, of which only writing counts here."""

    async def write(self, work: Callable[[Tx], T]) -> T: ...


class DatabaseWatch:
    """Writes a little again and again, so that a full disk is known before an order comes."""

    def __init__(self, store: Writable, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._problem: str | None = None
        self._asked = asyncio.Event()
        self._over = asyncio.Event()
        """Set at the end of the probe under way, or of the next one."""
        self._probed_at = -math.inf

    def reason(self) -> str | None:
        """Say why the database cannot be written; a check for ``Readiness``."""
        return self._problem

    async def look(self) -> None:
        """Have it probed now, unless that was done a moment ago, and wait a little for the end."""
        if self._clock.monotonic() - self._probed_at < FRESH_S:
            return
        self._asked.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_WITHIN_S):
                await self._over.wait()

    async def run(self) -> None:
        """Probe until cancelled."""
        while True:
            self._asked.clear()
            problem = await self._probe()
            if problem is not None and self._problem is None:
                log.error("the database cannot be written: %s", problem)
            elif problem is None and self._problem is not None:
                log.info("the database can be written again")
            self._problem = problem
            self._probed_at = self._clock.monotonic()
            over, self._over = self._over, asyncio.Event()
            over.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(PROBE_EVERY_S if problem is None else PROBE_AGAIN_S):
                    await self._asked.wait()

    async def _probe(self) -> str | None:
        at = str(to_us(self._clock.now()))

        def write(tx: Tx) -> None:
            tx.execute("probe_write", value=at)

        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await self._store.write(write)
        except StorageError as error:
            self._metrics.database_error(error.code)
            return str(error)
        except TimeoutError:
            self._metrics.database_error(STORAGE_SLOW)
            return f"a small write took more than {PROBE_TIMEOUT_S:.0f} s"
        return None
