"""What else happens to a process: it is frozen, its database is locked, its disk is full."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
from contextlib import closing, contextmanager, suppress
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

    from adapters.clock import Clock
    from daemon.cli.process import DaemonProcess

SMALL_DISK_MB = 160
HALF_OPEN = 40
_BLOCK = bytes(64 * 1024)


class Trouble(Enum):
    """Something that befalls the daemon under load."""

    NONE = "nothing else"
    FROZEN = "frozen"
    HALF_OPEN = "half-open connections"
    LOCKED = "database locked"
    FULL = "disk full"


class Troubles:
    """Makes trouble for one daemon, for a while, and takes it away again."""

    def __init__(self, database: Path, dice: random.Random, clock: Clock, *, fill: bool) -> None:
        """``fill``: the database is on a disk of its own, which may be filled."""
        self._database = database
        self._dice = dice
        self._clock = clock
        self._kinds = [each for each in Trouble if fill or each is not Trouble.FULL]

    async def make(self, daemon: DaemonProcess) -> Trouble:
        """Make one trouble; it is over when this returns."""
        kind = self._dice.choice(self._kinds)
        await self._clock.sleep(self._dice.uniform(0, 0.5))
        match kind:
            case Trouble.NONE:
                pass
            case Trouble.FROZEN:
                await self._freeze(daemon)
            case Trouble.HALF_OPEN:
                await self._half_open(daemon.url)
            case Trouble.LOCKED:
                await self._lock()
            case Trouble.FULL:
                await self._fill()
        return kind

    async def _freeze(self, daemon: DaemonProcess) -> None:
        with suppress(ProcessLookupError):  # it was killed meanwhile
            daemon.send_signal(signal.SIGSTOP)
            await self._a_while()
            daemon.send_signal(signal.SIGCONT)

    async def _half_open(self, url: str) -> None:
        """Begin requests that never go on; some hang up, some do not."""
        address = urlsplit(url)
        writers: list[asyncio.StreamWriter] = []
        with suppress(OSError):
            for _ in range(HALF_OPEN):
                _, writer = await asyncio.open_connection(address.hostname, address.port)
                writers.append(writer)
                head = b"POST /api/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{"
                writer.write(head[: self._dice.randint(1, len(head))])
        await self._a_while()
        for writer in writers:
            writer.transport.abort()

    async def _lock(self) -> None:
        """Write to the database from another process, and be slow about it."""
        with closing(sqlite3.connect(self._database, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return  # the daemon is writing, which is as well
            await self._a_while()
            other.execute("ROLLBACK")

    async def _fill(self) -> None:
        ballast = self._database.parent / "ballast"
        try:
            with suppress(OSError), ballast.open("wb", buffering=0) as file:
                while file.write(_BLOCK) == len(_BLOCK):
                    pass
            await self._a_while()
        finally:
            ballast.unlink(missing_ok=True)

    async def _a_while(self) -> None:
        await self._clock.sleep(self._dice.uniform(0.1, 2.5))


def may_mount() -> bool:
    """Whether a small disk can be had: by root, where file systems may be mounted."""
    return os.geteuid() == 0 and os.access("/bin/mount", os.X_OK)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Make a folder a disk of its own, in memory. Raises CalledProcessError."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={SMALL_DISK_MB}m"
    subprocess.run(["/bin/mount", "-t", "tmpfs", "-o", size, "tmpfs", folder], check=True)  # noqa: S603
    try:
        yield
    finally:
        subprocess.run(["/bin/umount", "-l", folder], check=True)  # noqa: S603
