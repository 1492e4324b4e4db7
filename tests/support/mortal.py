"""A process that can be killed as ``kill -9`` does: at any await, with nothing flushed.

Whatever was committed stays in the files; everything else is gone. Nothing of the dead process
runs on: its connections answer no more, and its tasks are dropped.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from adapters.sqlite.driver import InlineDriver

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Coroutine, Iterator
    from pathlib import Path

    from daemon.engine import Engine
    from daemon.main import Daemon

T = TypeVar("T")


_APART: ContextVar[bool] = ContextVar("apart", default=False)
_SPARED: WeakSet[asyncio.Task[Any]] = WeakSet()


@contextmanager
def apart() -> Iterator[None]:
    """Let what is begun within live beside all processes: an exchange that outlives them."""
    asyncio.get_running_loop().set_task_factory(_made)  # type: ignore[arg-type]
    token = _APART.set(True)
    try:
        yield
    finally:
        _APART.reset(token)


def _made(
    loop: asyncio.AbstractEventLoop,
    work: Coroutine[Any, Any, Any],
    **more: Any,  # noqa: ANN401 - name and context, as the loop gives them
) -> asyncio.Task[Any]:
    task = asyncio.Task(work, loop=loop, **more)
    if _APART.get():
        _SPARED.add(task)
    return task


class MortalDriver:
    """An in-process driver that stops answering when its process is dead."""

    def __init__(self, driver: InlineDriver, life: Life, writes_to: str = "") -> None:
        self._driver = driver
        self._life = life
        self.writes_to = writes_to
        """The name of its file; empty for one that only reads."""
        self.is_midway = False
        """Whether something is written that is not committed."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        await asyncio.sleep(0)  # as the driver itself; death may come meanwhile
        await self._life.goes_on()
        self.is_midway = False
        return self._driver.run_here(work)

    def run_here(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._life.is_over:
            raise asyncio.CancelledError
        self.is_midway = True  # whoever writes in place commits by ``run``
        return self._driver.run_here(work)

    async def close(self) -> None:
        await self._life.goes_on()
        self.writes_to = ""
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
        self.daemon: Daemon | None = None
        """What runs in it."""

    @property
    def is_over(self) -> bool:
        return self._dead

    @property
    def is_writing(self) -> bool:
        """Whether a write has begun that is not committed."""
        return any(driver.is_midway for driver in self._drivers)

    @property
    def engine(self) -> Engine | None:
        """What its daemon has begun to start, if it came so far."""
        return getattr(self.daemon, "engine", None)

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

    def _tasks(self) -> set[asyncio.Task[Any]]:
        return asyncio.all_tasks() - self._before - set(_SPARED)

    async def kill(self) -> None:
        """End the process now. Tasks that were there before it began are spared."""
        self._dead = True
        mine = self._tasks()
        while mine:
            for task in mine:
                task.cancel()
            done, _ = await asyncio.wait(mine, timeout=0)
            for task in done:
                if not task.cancelled():
                    task.exception()
            mine = self._tasks()
        for driver in self._drivers:
            await driver.bury()
