"""The event loop under a test: time stands still until every task waits, then jumps.

A ``conftest.py`` that imports ``pytest_asyncio_loop_factories`` runs the tests beside it on such a
loop; pytest-asyncio 1.4 or newer finds it by its name. ``play`` does without.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from adapters.virtual_time import VirtualTimeLoop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

T = TypeVar("T")


class RealTimeError(RuntimeError):
    """The running loop waits for real; a test of a trading day would take a day."""


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tell pytest-asyncio to run tests under virtual time."""
    return {"virtual_time": VirtualTimeLoop}


def play(story: Coroutine[object, object, T]) -> T:
    """Run a story under virtual time, without any plugin."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(story)


def require_virtual_time() -> None:
    """Raise RealTimeError, with advice, if the running loop's time is the real one."""
    if not isinstance(asyncio.get_running_loop(), VirtualTimeLoop):
        raise RealTimeError(
            "running_daemon needs virtual time: write "
            "'from daemon.testing import pytest_asyncio_loop_factories' into conftest.py, "
            "or run the story with daemon.testing.play(story())"
        )
