"""What else happens to a process, its host and its connections, and ends again."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.chaos.relay import Wire

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from daemon.cli.process import DaemonProcess
    from tests.chaos.relay import Relay
    from tests.chaos.skewed import Skew

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
    READ_ONLY = "started on a read-only disk"
    WRONG_CLOCK = "wrong clock"
    CUT = "brokers cut off"
    SILENT = "brokers half open"
    DEAF = "brokers' answers lost"


WIRES = {Trouble.CUT: Wire.CUT, Trouble.SILENT: Wire.SILENT, Trouble.DEAF: Wire.DEAF}
SKEWS_S = (-3600, -90, -2, 2, 20)
"""By how much a clock is wrong: more than venues tolerate, and less. What is stored while it is
ahead waits for its time, so it is never ahead for longer than a round waits."""


class Troubles:
    """Makes trouble for one daemon, for a while, and takes it away again."""

    def __init__(
        self,
        database: Path,
        dice: random.Random,
        skew: Skew,
        wires: Sequence[Relay],
        *,
        fill: bool,
    ) -> None:
        """``fill``: the database is on a disk of its own, which may be filled.

        ``skew`` is the daemon's clock, ``wires`` its connections to brokers.
        """
        self._database = database
        self._dice = dice
        self._killed = asyncio.Event()
        self._skew = skew
        self._wires = wires
        self._kinds = [
            each
            for each in Trouble
            if each is not Trouble.READ_ONLY
            and (fill or each is not Trouble.FULL)
            and (wires or each not in WIRES)
        ]

    async def make(self, daemon: DaemonProcess, killed: asyncio.Event) -> Trouble:
        """Make one trouble; it ends when the daemon is killed, at the latest."""
        kind = self._dice.choice(self._kinds)
        self._killed = killed
        await self._a_while(0.0, 0.5)
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
            case Trouble.WRONG_CLOCK:
                await self._set_clock()
            case _:
                await self._harm_a_wire(WIRES[kind])
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

    async def _set_clock(self) -> None:
        self._skew.step(timedelta(seconds=self._dice.choice(SKEWS_S)))
        await self._a_while()
        self._skew.step(timedelta())

    async def _harm_a_wire(self, wire: Wire) -> None:
        relay = self._dice.choice(self._wires)
        relay.set(wire)
        await self._a_while()
        relay.set(Wire.WHOLE)

    async def _a_while(self, least_s: float = 0.1, most_s: float = 2.5) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._dice.uniform(least_s, most_s)):
                await self._killed.wait()


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Let nobody write to a small disk. Raises CalledProcessError while somebody may."""
    subprocess.run(["/bin/mount", "-o", "remount,ro", folder], check=True)  # noqa: S603
    try:
        yield
    finally:
        subprocess.run(["/bin/mount", "-o", "remount,rw", folder], check=True)  # noqa: S603


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
