"""Waiting for what a socket tells."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from adapters.tasks import TaskSupervisor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

TRIES, TRY_S = 20, 0.4


async def watched(watch: Coroutine[Any, Any, Any], provoke: Callable[[], Awaitable[object]]) -> Any:  # noqa: ANN401
    """Do something until the watching call returns: it may not be subscribed at once."""
    watching = TaskSupervisor().spawn(watch, name="watching")
    for _ in range(TRIES):
        await asyncio.wait([watching], timeout=TRY_S)
        if watching.done():
            break
        await provoke()
    if not watching.done():
        watching.cancel()
        raise AssertionError(f"nothing was told to {watch}")
    return watching.result()
