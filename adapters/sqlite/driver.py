"""One SQLite connection, driven from a thread of its own or in the caller's.

Production uses ``ThreadedDriver`` (aiosqlite), so that a slow disk never stops the event loop.
``InlineDriver`` runs the same work in place: under virtual time a thread would make the order of
events depend on the machine.

WAL lets readers go on beside the writer; ``synchronous=FULL`` makes a committed transaction
survive a power cut (https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, Self, TypeVar
from urllib.parse import quote

import aiosqlite

from adapters.sqlite.errors import StorageError, environment_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")

BUSY_TIMEOUT_MS = 2_000
CACHED_STATEMENTS = 512
CHECKPOINT_PAGES = 8_000
"""The log is folded into the file every 32 MiB instead of every 4: a commit that has to do it
takes milliseconds longer."""


class SqliteDriver(Protocol):
    """Runs a function on a connection; errors of disk and file arrive as ``StorageError``."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` where the connection lives: one trip, whatever it does there."""
        ...

    def run_here(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in the caller's thread, while nothing else runs on the connection.

        For what takes microseconds and hardly ever asks the disk.
        """
        ...

    async def close(self) -> None:
        """Close the connection; running work ends first."""
        ...


class OpenDriver(Protocol):
    """How a driver is made; injected, so that tests choose the in-process one."""

    async def __call__(self, path: Path, *, read_only: bool = False) -> SqliteDriver: ...


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open a connection in WAL mode with durable commits and no implicit transactions."""
    connection = sqlite3.connect(
        path,
        isolation_level=None,
        cached_statements=CACHED_STATEMENTS,
        timeout=BUSY_TIMEOUT_MS / 1000,
        check_same_thread=False,
    )
    connection.row_factory = sqlite3.Row
    try:
        if read_only:
            connection.execute("PRAGMA query_only = ON")
        else:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_look(path: Path) -> sqlite3.Connection:
    """Open a database that another process may be using, in a way that cannot change it.

    Raises FileNotFoundError where there is none, and sqlite3.Error.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=ro",
        uri=True,
        isolation_level=None,
        timeout=BUSY_TIMEOUT_MS / 1000,
    )
    connection.row_factory = sqlite3.Row
    return connection


@contextmanager
def _translated() -> Iterator[None]:
    """Raise errors of disk and file as ``StorageError``."""
    try:
        yield
    except sqlite3.Error as error:
        known = environment_error(error)
        if known is None:
            raise
        raise known from error


class _WorkingConnection(aiosqlite.Connection):
    """aiosqlite's connection and thread, with one more verb: run a function there."""

    async def work(self, function: Callable[[sqlite3.Connection], T]) -> T:
        result: T = await self._execute(function, self._conn)  # type: ignore[no-untyped-call]
        return result

    def work_here(self, function: Callable[[sqlite3.Connection], T]) -> T:
        return function(self._conn)


class ThreadedDriver:
    """A connection in a thread of its own, by aiosqlite."""

    def __init__(self, connection: _WorkingConnection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, path: Path, *, read_only: bool = False) -> Self:
        failures: list[sqlite3.Error] = []

        def connector() -> sqlite3.Connection:
            # aiosqlite does not wait for its thread when opening fails; an orderly close does.
            try:
                return connect(path, read_only=read_only)
            except sqlite3.Error as error:
                failures.append(error)
                return sqlite3.connect(":memory:", check_same_thread=False)

        connection = _WorkingConnection(connector, iter_chunk_size=64)
        await connection
        for error in failures:
            await connection.close()
            raise environment_error(error) or StorageError(str(error)) from error
        return cls(connection)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with _translated():
            return await self._connection.work(work)

    def run_here(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with _translated():
            return self._connection.work_here(work)

    async def close(self) -> None:
        await self._connection.close()


class InlineDriver:
    """A connection in the caller's thread; gives way to other tasks once per call."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, path: Path, *, read_only: bool = False) -> Self:
        try:
            return cls(connect(path, read_only=read_only))
        except sqlite3.Error as error:
            raise environment_error(error) or StorageError(str(error)) from error

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        await asyncio.sleep(0)
        return self.run_here(work)

    def run_here(self, work: Callable[[sqlite3.Connection], T]) -> T:
        with _translated():
            return work(self._connection)

    async def close(self) -> None:
        self._connection.close()
