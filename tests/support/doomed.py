"""A process that dies at a step that a test chooses, as ``kill -9`` would have it."""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from tests.support.mortal import Life, MortalDriver

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")


class When(Enum):
    BEFORE = "before"
    AFTER = "after"


class Doomed(Life):
    """A process that dies at its n-th step: each trip to a database, its own or the exchange's."""

    def __init__(self, step: int, when: When) -> None:
        super().__init__()
        self._step = step
        self._when = when
        self.steps = 0
        self.struck = asyncio.Event()

    async def open_driver(self, path: Path, *, read_only: bool = False) -> MortalDriver:
        driver = await super().open_driver(path, read_only=read_only)
        run = driver.run

        async def counted(work: Callable[[sqlite3.Connection], T]) -> T:
            self.steps += 1
            if self.steps == self._step and self._when is When.BEFORE:
                await self._die()
            at = self.steps
            done = await run(work)
            if at == self._step and self._when is When.AFTER:
                await self._die()
            return done

        driver.run = counted  # type: ignore[method-assign]
        return driver

    async def _die(self) -> None:
        self.struck.set()
        await asyncio.get_running_loop().create_future()
