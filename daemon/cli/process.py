"""A daemon in a process of its own, as the demonstration and trials of endurance need one."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

READY = "nettingd ready "
START_S = 60.0
STOP_S = 15.0


class DaemonFailedError(Exception):
    """The daemon did not get ready; the message is what it last said."""


class DaemonProcess:
    """Starts, kills and stops ``nettingd run``. Its log goes to a file beside the configuration.

    ``entry``: what Python is to run instead of the daemon itself, such as a module that sets its
    clock wrong and then runs it.
    """

    def __init__(self, config: Path, *, entry: Sequence[str] = ("-m", "daemon")) -> None:
        self._config = config
        self._entry = tuple(entry)
        self._log = config.with_suffix(".log")
        self._process: asyncio.subprocess.Process | None = None
        self.url = ""

    @property
    def pid(self) -> int:
        """The process id while it runs."""
        assert self._process is not None  # started
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs, or before."""
        return None if self._process is None else self._process.returncode

    def log_tail(self, lines: int = 20) -> str:
        """Return the last lines of the log."""
        if not self._log.exists():
            return ""
        return "\n".join(self._log.read_text(encoding="utf-8").splitlines()[-lines:])

    async def start(self) -> None:
        """Start it and wait until it says where it is. Raises DaemonFailedError."""
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, *self._entry, "--config", str(self._config), "run"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=surroundings(),
            )
        assert self._process.stdout is not None  # a pipe, as asked
        try:
            async with asyncio.timeout(START_S):
                line = (await self._process.stdout.readline()).decode()
        except TimeoutError:
            line = ""
        if not line.startswith(READY):
            with suppress(TimeoutError):  # it is ending by itself; its exit code is its own then
                async with asyncio.timeout(1):
                    await self._process.wait()
            await self.kill()
            raise DaemonFailedError(self.log_tail() or "it said nothing")
        self.url = line.removeprefix(READY).strip()

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None  # started
        self._process.send_signal(number)

    async def kill(self) -> None:
        """End it as a power cut does: no code of it runs any more."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()

    async def stop(self) -> int:
        """Ask it to stop and return its exit code; one that does not is killed."""
        assert self._process is not None  # started
        self.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                return await self._process.wait()
        except TimeoutError:
            await self.kill()
            return -signal.SIGKILL


def command_line(*arguments: str) -> tuple[str, ...]:
    """Return how this very installation is called."""
    return (sys.executable, "-m", "daemon", *arguments)


def surroundings() -> dict[str, str]:
    """Return the environment without what would override a configuration of our own."""
    return {key: value for key, value in os.environ.items() if not key.startswith("NETTINGD_")}
