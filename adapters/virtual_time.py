"""An event loop whose time jumps to the next timer instead of waiting for it.

With everything in one process (brokers, database driver, network) a trading day runs in
milliseconds and the same seed gives the same run. Modelled on trio's autojump clock.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from selectors import SelectorKey

    from _typeshed import FileDescriptorLike

T = TypeVar("T")
Args = TypeVarTuple("Args")

CLOCK_RESOLUTION_S = 1e-7
"""Timers due within this are due now. The system clock's nanosecond is lost in a float after
half a year: a timer due exactly now would then never fire, and time would stand still."""


class NothingScheduledError(RuntimeError):
    """Every task waits for something that no timer and no file can bring: a deadlock."""


class _JumpingSelector(selectors.SelectSelector):
    """Reports what is ready now; what the loop would have waited is added to its time instead."""

    def __init__(self) -> None:
        super().__init__()
        self.jumped = 0.0
        self._files = 0

    def register(
        self,
        fileobj: FileDescriptorLike,
        events: int,
        data: Any = None,  # noqa: ANN401 - as the selector's own
    ) -> SelectorKey:
        key = super().register(fileobj, events, data)
        self._files += 1
        return key

    def unregister(self, fileobj: FileDescriptorLike) -> SelectorKey:
        key = super().unregister(fileobj)
        self._files -= 1
        return key

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        # The loop's own pipe only wakes one that waits: alone it is nothing to ask for.
        is_alone = self._files == 1 and timeout is not None
        ready = [] if is_alone else super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            message = "no task can run and no timer is set"
            raise NothingScheduledError(message)
        self.jumped += max(timeout, 0.0)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Starts at time 0.0; only timers move it."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)
        self._clock_resolution = CLOCK_RESOLUTION_S

    def time(self) -> float:
        return self._jumping.jumped

    def run_in_executor(
        self,
        executor: Executor | None,  # noqa: ARG002 - as the loop's own
        func: Callable[[*Args], T],
        *args: *Args,
    ) -> asyncio.Future[T]:
        """Do here what a thread would do: while one works, no task runs, and time would jump."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - the caller's to hear, as from a thread
            done.set_exception(error)
        return done
