"""A daemon that can be killed while the exchange lives on beside it, in the same event loop."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from tests.support.mortal import Life

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

_OWNER: ContextVar[Process | None] = ContextVar("owner", default=None)


class Process(Life):
    """Owns every task that was begun by it, or by what it began. The rest survives it."""

    def __init__(self) -> None:
        super().__init__()
        self._mine: WeakSet[asyncio.Task[Any]] = WeakSet()
        asyncio.get_running_loop().set_task_factory(self._made)  # type: ignore[arg-type]

    @contextmanager
    def begins(self) -> Iterator[None]:
        """Own what is begun within."""
        token = _OWNER.set(self)
        try:
            yield
        finally:
            _OWNER.reset(token)

    async def kill(self) -> None:
        """End the process now: its tasks, its files, its connections."""
        self._before = asyncio.all_tasks() - set(self._mine)
        await super().kill()

    def _made(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Coroutine[Any, Any, Any],
        **more: Any,  # noqa: ANN401 - name and context, as the loop gives them
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(work, loop=loop, **more)
        if _OWNER.get() is self:
            self._mine.add(task)
        return task
