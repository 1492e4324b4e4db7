"""The process itself: what it may leak, how its memory is managed, how it ends."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

PRIVATE = 0o077
GC_THRESHOLDS = (5_000, 10, 20)
"""The collector's usual first threshold of 700 makes it walk young objects seven times as often;
measured at 64 connections, raising it and freezing what the start made gives 5 to 10 percent. Much
higher ones let cyclic garbage pile up, and memory with it."""
_PR_SET_DUMPABLE = 4
_SIGNAL_EXIT = 128

log = logging.getLogger(__name__)


MOST_FILES = 65_536
"""What the service's unit asks for, too; each connection takes one."""


def allow_files() -> None:
    """Take as many open files as the host lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def keep_secrets_in() -> None:
    """Make files private and leave no core dump, which would hold every secret.

    On Linux nobody but root may look into the memory either.
    """
    os.umask(PRIVATE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def calm_the_collector() -> None:
    """Let it work seldom, which saves a tenth of the start.

    Resting until the start is over would save little more, and keep 2 MB of what the modules leave
    behind while they are loaded.
    """
    gc.set_threshold(*GC_THRESHOLDS)


def spare_the_collector() -> None:
    """Keep what the start made out of every later collection, and give back what it left unused."""
    gc.freeze()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc
    if trim is not None:
        trim(0)


class StopSignals:
    """SIGTERM and SIGINT: the first asks for an orderly stop, the second ends the process.

    SIGHUP, which asks to read the configuration again, is handed to ``on_reload``.
    """

    def __init__(self, wanted: asyncio.Event, on_reload: Callable[[], None]) -> None:
        self._wanted = wanted
        self._on_reload = on_reload

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take the signals over."""
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._asked, number)
        loop.add_signal_handler(signal.SIGHUP, self._on_reload)

    def _asked(self, number: signal.Signals) -> None:
        if self._wanted.is_set():
            log.error("%s again: ending at once", number.name)
            logging.shutdown()
            os._exit(_SIGNAL_EXIT + number)
        log.info("%s: stopping; a second one ends at once", number.name)
        self._wanted.set()
