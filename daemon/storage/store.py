"""The Store: one writer with group commit, readers beside it, and how to open them."""

from __future__ import annotations

import sqlite3
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import aiosql

from adapters.files import make_folder
from adapters.sqlite.group_commit import GroupCommit
from algorithms.decimals import exactly
from daemon.storage.schema import migrate
from daemon.storage.tx import NotUniqueError, Tx, View

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from adapters.sqlite.driver import OpenDriver, SqliteDriver
    from adapters.sqlite.group_commit import Heard

T = TypeVar("T")

_NOT_UNIQUE = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
QUERIES = Path(__file__).with_name("queries.sql")


class Store(Protocol):
    """What the daemon asks of its database.

    Work is a function over an open transaction, run where the connection lives, with exact
    decimal arithmetic (``algorithms.decimals.exactly``). It must be repeatable and touch nothing
    else; what the rest of the daemon should hear of goes into ``Tx.signal`` and is delivered once
    it is on disk.
    """

    async def write(self, work: Callable[[Tx], T]) -> T:
        """Run ``work``; when this returns, its changes are durable.

        Raises NotUniqueError when a row's key is taken, and StorageError.
        """
        ...

    def write_soon(self, work: Callable[[Tx], T], heard: Heard) -> None:
        """Run ``work`` as ``write`` does; ``heard`` is told, once, what that returns or raises.

        It gets the result and None, or None and the error. Raises StorageBusyError.
        """
        ...

    async def read(self, work: Callable[[View], T]) -> T:
        """Run ``work`` on one consistent state of the database."""
        ...

    async def read_aside(self, work: Callable[[View], T]) -> T:
        """Run ``work`` as ``read`` does, however long it takes, with nobody waiting for its end."""
        ...

    async def close(self) -> None:
        """Write what waits and close."""
        ...


@lru_cache(maxsize=1)
def named_queries() -> Mapping[str, str]:
    """Return the text of every named query, which is read once."""
    queries = aiosql.from_path(QUERIES, "sqlite3", mandatory_parameters=False)
    return {
        name: getattr(queries, name).sql
        for name in queries.available_queries
        if hasattr(getattr(queries, name), "sql")
    }


class SqliteStore:
    """The Store over SQLite.

    ``on_commit`` receives every committed transaction's signals, ``on_batch`` how many writes it
    held.
    """

    def __init__(
        self,
        writer: SqliteDriver,
        reader: SqliteDriver,
        on_commit: Callable[[list[object]], None],
        *,
        open_reader: Callable[[], Awaitable[SqliteDriver]],
        on_batch: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._sql = named_queries()
        self._writer_driver = writer
        self._reader = reader
        self._open_reader = open_reader
        self._on_commit = on_commit
        self._on_batch = on_batch
        self._writer = GroupCommit(
            writer,
            lambda connection: Tx(connection, self._sql),
            on_commit=self._committed,
            around=exactly,
            explain=_explained,
        )

    @property
    def waiting(self) -> int:
        """Writes that wait for their turn."""
        return self._writer.waiting

    async def write(self, work: Callable[[Tx], T]) -> T:
        return await self._writer.write(work)

    def write_soon(self, work: Callable[[Tx], T], heard: Heard) -> None:
        self._writer.write_soon(work, heard)

    async def read(self, work: Callable[[View], T]) -> T:
        return await self._reader.run(partial(self._in_snapshot, work))

    async def read_aside(self, work: Callable[[View], T]) -> T:
        reader = await self._open_reader()
        try:
            return await reader.run(partial(self._in_snapshot, work))
        finally:
            await reader.close()

    async def close(self) -> None:
        await self._writer.close()
        await self._reader.close()
        await self._writer_driver.close()

    def _in_snapshot(self, work: Callable[[View], T], connection: sqlite3.Connection) -> T:
        connection.execute("BEGIN")
        try:
            return work(View(connection, self._sql))
        finally:
            connection.execute("ROLLBACK")

    def _committed(self, tx: Tx, writes: int) -> None:
        if tx.signals:
            self._on_commit(tx.signals)
        self._on_batch(writes)


def _explained(error: Exception) -> Exception:
    if isinstance(error, sqlite3.IntegrityError) and error.sqlite_errorcode in _NOT_UNIQUE:
        explained = NotUniqueError(str(error))
        explained.__cause__ = error
        return explained
    return error


async def open_store(
    path: Path,
    open_driver: OpenDriver,
    on_commit: Callable[[list[object]], None],
    *,
    on_batch: Callable[[int], None] = lambda _: None,
) -> SqliteStore:
    """Open the database, bringing its schema up to date first.

    Raises StorageError with advice when the file is damaged, locked or cannot be written.
    """
    make_folder(path.parent)
    migrate(path)
    writer = await open_driver(path)
    try:
        reader = await open_driver(path, read_only=True)
    except BaseException:
        await writer.close()
        raise
    return SqliteStore(
        writer,
        reader,
        on_commit,
        open_reader=partial(open_driver, path, read_only=True),
        on_batch=on_batch,
    )
