"""Many waiting writes, one transaction, one trip to the driver's thread.

A commit costs a disk flush, whoever asks for it. Writes that arrive while one flush is under way
wait and share the next, so the cost of being durable is divided among all that wait: the busier
the daemon, the cheaper each write.

Each write stays atomic for itself. The batch is first run as one transaction; if any write in it
fails, the batch is rolled back and every write is run again in a transaction of its own, so that
only the guilty one fails. A write must therefore be repeatable: it may touch nothing but the
transaction it is given.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from adapters.sqlite.errors import StorageBusyError, environment_error
from adapters.tasks import TaskSupervisor

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from adapters.sqlite.driver import SqliteDriver

T = TypeVar("T")

MOST_IN_A_BATCH = 256
MOST_WAITING = 20_000


class UnitOfWork(Protocol):
    """What a write is given: a view of the open transaction."""

    def flush(self) -> None:
        """Send to the database whatever has been gathered so far."""
        ...


U = TypeVar("U", bound=UnitOfWork)


@dataclass(slots=True, eq=False)
class _Waiting(Generic[U]):
    work: Callable[[U], Any]
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Committed(Generic[U]):
    """A transaction on disk: its view, and the results of the writes in it."""

    unit: U
    results: list[Any]


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


class GroupCommit(Generic[U]):
    """The one writer of a database.

    ``open_unit`` makes the view of the transaction that each write receives; within a batch all
    writes share one view. ``on_commit`` is called in the event loop, with the view of each
    transaction that is on disk, before its callers go on; ``around`` is entered, in the driver's
    thread, for the writes of a transaction. A caller that is cancelled while it waits takes
    nothing back: its write may still be committed.
    """

    def __init__(
        self,
        driver: SqliteDriver,
        open_unit: Callable[[sqlite3.Connection], U],
        *,
        on_commit: Callable[[U], None] | None = None,
        around: Callable[[], AbstractContextManager[object]] = nullcontext,
        most_in_a_batch: int = MOST_IN_A_BATCH,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._driver = driver
        self._open_unit = open_unit
        self._on_commit = on_commit
        self._around = around
        self._most_in_a_batch = most_in_a_batch
        self._most_waiting = most_waiting
        self._waiting: deque[_Waiting[U]] = deque()
        self._tasks = TaskSupervisor()
        self._pump: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """Writes that no batch has taken yet."""
        return len(self._waiting)

    async def write(self, work: Callable[[U], T]) -> T:
        """Run ``work`` in a transaction and return its result once that is on disk.

        Raises StorageBusyError when too many wait already, another StorageError when the
        database cannot be written, and whatever ``work`` raises; then nothing was stored.
        """
        if self._closed or len(self._waiting) >= self._most_waiting:
            message = "the database writer is closed" if self._closed else "too many writes wait"
            raise StorageBusyError(message)
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(work, done))
        if self._pump is None:
            self._pump = self._tasks.spawn(self._write_batches(), name="group commit")
        return await done

    async def close(self) -> None:
        """Write what waits, then refuse more."""
        self._closed = True
        if self._pump is not None:
            await self._pump

    async def _write_batches(self) -> None:
        try:
            while self._waiting:
                batch = [
                    self._waiting.popleft()
                    for _ in range(min(len(self._waiting), self._most_in_a_batch))
                ]
                await self._write_batch(batch)
        finally:
            self._pump = None

    async def _write_batch(self, batch: list[_Waiting[U]]) -> None:
        works = [waiting.work for waiting in batch]
        transactions: list[_Committed[U] | _Failed]
        try:
            transactions = await self._driver.run(lambda connection: self._run(connection, works))
        except Exception as error:  # noqa: BLE001 - each waiting caller gets it
            transactions = [_Failed(error)] * len(batch)
        waiting = iter(batch)
        for transaction in transactions:
            if isinstance(transaction, _Failed):
                _fail(next(waiting).done, transaction.error)
                continue
            if self._on_commit is not None:
                self._on_commit(transaction.unit)
            for result in transaction.results:
                _succeed(next(waiting).done, result)

    def _run(
        self, connection: sqlite3.Connection, works: list[Callable[[U], Any]]
    ) -> list[_Committed[U] | _Failed]:
        try:
            return [self._in_transaction(connection, works)]
        except Exception as error:
            if len(works) == 1 or environment_error(error) is not None:
                raise
        return [self._alone(connection, work) for work in works]

    def _alone(
        self, connection: sqlite3.Connection, work: Callable[[U], Any]
    ) -> _Committed[U] | _Failed:
        try:
            return self._in_transaction(connection, [work])
        except Exception as error:  # noqa: BLE001 - handed to the one caller it belongs to
            return _Failed(environment_error(error) or error)

    def _in_transaction(
        self, connection: sqlite3.Connection, works: list[Callable[[U], Any]]
    ) -> _Committed[U]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            with self._around():
                unit = self._open_unit(connection)
                results = [work(unit) for work in works]
                unit.flush()
            connection.execute("COMMIT")
        except BaseException:
            # SQLite may have rolled back already (a full disk does); a second ROLLBACK would
            # hide the cause.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        return _Committed(unit, results)


def _succeed(done: asyncio.Future[Any], result: object) -> None:
    if not done.cancelled():
        done.set_result(result)


def _fail(done: asyncio.Future[Any], error: Exception) -> None:
    if not done.cancelled():
        done.set_exception(error)
