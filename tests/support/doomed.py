"""A process that dies at a step that a test chooses, as ``kill -9`` would have it."""

from __future__ import annotations

import asyncio
import gc
import warnings
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

from adapters.virtual_time import VirtualTimeLoop
from tests.support.loops import in_virtual_time
from tests.support.mortal import Life, MortalDriver
from tests.support.world import started

if TYPE_CHECKING:
    import sqlite3
    from asyncio import Handle
    from collections.abc import Callable, Coroutine, Iterable, Iterator
    from contextvars import Context
    from pathlib import Path

T = TypeVar("T")
Args = TypeVarTuple("Args")


class When(Enum):
    BEFORE = "before"
    AFTER = "after"


class Fated(Life):
    """A process that dies at its n-th step, if it comes so far."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._step = step
        self._struck = asyncio.Event()
        self.steps = 0

    async def live(self, day: Coroutine[object, object, None]) -> int:
        """Live a day until it ends or death comes; return how many steps it had."""
        living, struck = started(day), started(self._struck.wait())
        await asyncio.wait({living, struck}, return_when=asyncio.FIRST_COMPLETED)
        if self._struck.is_set():
            await self.kill()
        else:
            struck.cancel()
            await living
        return self.steps


class Doomed(Fated):
    """Its steps are the trips to a database, its own or the exchange's."""

    def __init__(self, step: int, when: When) -> None:
        super().__init__(step)
        self._when = when

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
        self._struck.set()
        await asyncio.get_running_loop().create_future()


class SteppedLoop(VirtualTimeLoop):
    """Tells ``watch`` before each step it takes: what any task does between two awaits is one."""

    def __init__(self) -> None:
        super().__init__()
        self.watch: Callable[[], None] | None = None

    def call_soon(
        self, callback: Callable[[*Args], object], *args: *Args, context: Context | None = None
    ) -> Handle:
        return super().call_soon(self._step, callback, args, context=context)

    def _step(self, callback: Callable[[*Args], object], args: tuple[*Args]) -> None:
        if self.watch is not None:
            self.watch()
        callback(*args)


class DoomedAtAwait(Fated):
    """Its steps are those of a ``SteppedLoop``: it dies just before one, at any await."""

    def __init__(self, step: int) -> None:
        super().__init__(step)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SteppedLoop)
        loop.watch = self._look

    def _look(self) -> None:
        self.steps += 1
        if self.steps == self._step:
            self._dead = True  # what runs on until it is dropped reaches no database any more
            self._struck.set()


@contextmanager
def noted(death: str) -> Iterator[None]:
    """Add to what fails which death it was."""
    try:
        yield
    except BaseException as error:
        error.add_note(death)
        raise


def die_at_awaits(
    story: Callable[[int], Coroutine[object, object, None]], steps: Iterable[int]
) -> None:
    """Tell a story once for each await to die at; what the dead left open is nobody's fault."""
    for step in steps:
        with noted(f"killed at await {step}"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            in_virtual_time(story(step), SteppedLoop)
            gc.collect()
