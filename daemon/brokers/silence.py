"""How long venues want to hear nothing from this machine, kept over a restart.

A venue that says "wait" bans whoever goes on asking, cancels and all, and does not care that a
new process has never heard it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from daemon.storage.store import Store
    from daemon.storage.tx import View

PREFIX = "silence:"


class Silence:
    """Remembers by address until when a venue wants to be left alone."""

    def __init__(self, store: Store, clock: Clock, tasks: TaskSupervisor) -> None:
        self._store = store
        self._clock = clock
        self._tasks = tasks
        self._until: dict[str, datetime] = {}

    async def load(self) -> None:
        """Read what the last process was told."""

        def read(view: View) -> dict[str, datetime]:
            rows = view.fetch("facts_of_kind", prefix=PREFIX)
            return {
                row["name"].removeprefix(PREFIX): datetime.fromisoformat(row["value"])
                for row in rows
            }

        self._until = await self._store.read(read)

    def left_s(self, address: str) -> float:
        """Return for how many seconds more nothing may be sent there."""
        until = self._until.get(address)
        return 0.0 if until is None else max(0.0, (until - self._clock.now()).total_seconds())

    def told(self, address: str, seconds: float) -> None:
        """Remember that a venue wants nothing for so long from now."""
        until = self._clock.now() + timedelta(seconds=seconds)
        if seconds <= self.left_s(address):
            return
        self._until[address] = until
        self._tasks.spawn(self._remember(address, until), name=f"silence of {address}")

    async def _remember(self, address: str, until: datetime) -> None:
        name = PREFIX + address
        await self._store.write(
            lambda tx: tx.execute("remember_fact", name=name, value=until.isoformat())
        )
