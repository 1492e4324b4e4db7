"""Which event loop a test runs on.

A folder's ``conftest.py`` imports ``pytest_asyncio_loop_factories`` from here to run its tests
under virtual time. A test class says otherwise with ``loop_factory``.
"""

from __future__ import annotations

from asyncio import Runner
from functools import wraps
from typing import TYPE_CHECKING, TypeVar

from adapters.virtual_time import VirtualTimeLoop

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable, Coroutine, Mapping

    import pytest

T = TypeVar("T")


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], AbstractEventLoop]]:
    cls = getattr(item, "cls", None)
    return {"loop": getattr(cls, "loop_factory", VirtualTimeLoop)}


def virtually(story: Callable[[], Coroutine[object, object, None]]) -> Callable[[], None]:
    """Run one test under virtual time, in a folder where others do not."""

    @wraps(story)
    def test() -> None:
        in_virtual_time(story())

    # What a plain test looks like to pytest: the story behind it is a coroutine.
    del test.__wrapped__
    return test


def in_virtual_time(
    story: Coroutine[object, object, T], loop: type[VirtualTimeLoop] = VirtualTimeLoop
) -> T:
    """Run a story under virtual time, for tests that live among others that do not."""
    with Runner(loop_factory=loop) as runner:
        return runner.run(story)
