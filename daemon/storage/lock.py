"""One daemon per data directory: an exclusive lock that ends with the process.

The kernel releases an ``flock`` when its holder dies, however it dies, so a kill never leaves a
stale lock behind.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from adapters.files import make_file, make_folder

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class AlreadyRunningError(Exception):
    """Another daemon works on this data directory."""


LOOKS, LOOK_S = 10, 0.01
"""How often, and how far apart, a lock that somebody holds is tried for."""


class DirectoryLock:
    """Held from ``acquire`` to ``release`` or the end of the process."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "lock"
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Take the lock; raise AlreadyRunningError, naming the holder, if it is taken."""
        make_folder(self._path.parent)
        make_file(self._path)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        if not _lock(descriptor):
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            message = f"{self._path.parent} is in use by the daemon with process id {holder}"
            raise AlreadyRunningError(message)
        self._descriptor = descriptor
        with suppress(OSError):  # a full disk keeps the number out, which only helps people
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)

    def release(self) -> None:
        """Let the next daemon in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _lock(descriptor: int) -> bool:
    """Whether the lock could be taken. Who only looked (``is_locked``) is gone in a moment."""
    for waited in range(LOOKS):
        if waited:
            time.sleep(LOOK_S)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return True
    return False


def is_locked(directory: Path) -> bool:
    """Whether a daemon works on this data directory now. Nothing is created or kept locked."""
    try:
        descriptor = os.open(directory / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
