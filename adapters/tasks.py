"""Tasks that cannot vanish: each has a name, an owner, and somebody who hears of its failure.

A task made with bare ``asyncio.create_task`` may be collected while it runs, outlives the object
that needed it, and keeps its exception to itself. Everything here that runs beside its caller is
started by a ``TaskSupervisor`` instead.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

log = logging.getLogger(__name__)


class SupervisorClosedError(RuntimeError):
    """A task was to be started after its owner had closed."""


class TaskSupervisor:
    """Owns tasks: keeps them referenced, reports the ones that fail, ends them all at close.

    ``on_failure`` is told the name and the exception of a task that ended with one. It is called
    from the event loop, must not block, and decides what the failure means for the owner.
    """

    def __init__(self, *, on_failure: Callable[[str, BaseException], None] | None = None) -> None:
        self._tasks: set[asyncio.Task[object]] = set()
        self._on_failure = on_failure
        self._closed = False

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the tasks that still run, in alphabetical order."""
        return tuple(sorted(task.get_name() for task in self._tasks))

    def spawn(self, coroutine: Coroutine[object, object, T], *, name: str) -> asyncio.Task[T]:
        """Start a task; it may also be awaited, which does not silence the report of a failure.

        Raises SupervisorClosedError after ``close``.
        """
        if self._closed:
            coroutine.close()
            message = f"cannot start {name!r}: its supervisor is closed"
            raise SupervisorClosedError(message)
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self, timeout_s: float) -> None:
        """Cancel every task and wait for their ends, at most ``timeout_s`` seconds.

        A task that refuses to end is named in the log; nothing can be done about it. A task that
        closes its own supervisor goes on to its end.
        """
        self._closed = True
        others = self._tasks - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if not others:
            return
        _, running = await asyncio.wait(others, timeout=timeout_s)
        for task in running:
            log.error("task %r did not end within %s s", task.get_name(), timeout_s)

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        log.error("task %r failed", task.get_name(), exc_info=error)
        if self._on_failure is not None:
            self._on_failure(task.get_name(), error)
