"""A process that can be killed as ``kill -9`` does: at any await, with nothing flushed.

Whatever was committed stays in the files; everything else is gone. Nothing of the dead process
runs on: its connections answer no more, and its tasks are dropped.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from adapters.sqlite.driver import InlineDriver

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


class MortalDriver:
    """An in-process driver that stops answering when its process is dead."""

    def __init__(self, driver: InlineDriver, life: Life, writes_to: str = "") -> None:
        self._driver = driver
        self._life = life
        self.writes_to = writes_to
        """The name of its file; empty for one that only reads."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        await asyncio.sleep(0)  # as the driver itself; death may come meanwhile
        await self._life.goes_on()
        return self._driver.run_here(work)

    def run_here(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._life.is_over:
            raise asyncio.CancelledError
        return self._driver.run_here(work)

    async def close(self) -> None:
        await self._life.goes_on()
        await self._driver.close()

    async def bury(self) -> None:
        """Close the files of a dead process, as the kernel does."""
        await self._driver.close()


class Life:
    """One process's drivers and tasks, from its start to its death."""

    def __init__(self) -> None:
        self._drivers: list[MortalDriver] = []
        self._before = asyncio.all_tasks()
        self._dead = False

    @property
    def is_over(self) -> bool:
        return self._dead

    async def open_driver(self, path: Path, *, read_only: bool = False) -> MortalDriver:
        """Open a database for this process."""
        await self.goes_on()
        opened = await InlineDriver.open(path, read_only=read_only)
        driver = MortalDriver(opened, self, "" if read_only else path.name)
        self._drivers.append(driver)
        return driver

    def at_files(self, name: str, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do something to the connections that write to files of a name."""
        for driver in self._drivers:
            if driver.writes_to == name:
                driver.run_here(work)

    async def goes_on(self) -> None:
        """Return while the process lives; never afterwards."""
        if self._dead:
            await asyncio.get_running_loop().create_future()

    async def kill(self) -> None:
        """End the process now. Tasks that were there before it began are spared."""
        self._dead = True
        mine = asyncio.all_tasks() - self._before
        while mine:
            for task in mine:
                task.cancel()
            done, _ = await asyncio.wait(mine, timeout=0)
            for task in done:
                if not task.cancelled():
                    task.exception()
            mine = asyncio.all_tasks() - self._before
        for driver in self._drivers:
            await driver.bury()
