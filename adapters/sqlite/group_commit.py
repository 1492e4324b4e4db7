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
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from adapters.sqlite.errors import StorageBusyError, environment_error
from adapters.tasks import TaskSupervisor

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from adapters.sqlite.driver import SqliteDriver

T = TypeVar("T")

MOST_IN_A_BATCH = 256
MOST_SHORT_ONES = 64
"""They run in the event loop, which must not stand still for long."""
MOST_WAITING = 20_000
"""Short writes, which are new orders, may take half of it: fills, cancels and answers of brokers
must find room even when orders do not."""


class UnitOfWork(Protocol):
    """What a write is given: a view of the open transaction."""

    def flush(self) -> None:
        """Send to the database whatever has been gathered so far."""
        ...


U = TypeVar("U", bound=UnitOfWork)


Heard = Callable[[Any, Exception | None], None]
"""Who is told what became of a write: its result, or why nothing of it was stored."""


class _Waiting(NamedTuple):
    work: Callable[[Any], Any]
    heard: Heard
    is_short: bool


@dataclass(frozen=True, slots=True)
class _Committed(Generic[U]):
    """A transaction on disk: its view, and the results of the writes in it."""

    unit: U
    results: list[Any]


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


class GroupCommit(Generic[U]):
    """The one writer of a database. Made inside the event loop it serves.

    ``open_unit`` makes the view of the transaction that each write receives; within a batch all
    writes share one view. ``on_commit`` is called in the event loop, with the view and the number
    of writes of each transaction that is on disk, before its callers go on; ``around`` is entered
    for the writes of a transaction; ``explain`` turns an error into the one callers know.
    A caller that is cancelled while it waits takes
    nothing back: its write may still be committed.
    """

    def __init__(
        self,
        driver: SqliteDriver,
        open_unit: Callable[[sqlite3.Connection], U],
        *,
        on_commit: Callable[[U, int], None] | None = None,
        around: Callable[[], AbstractContextManager[object]] = nullcontext,
        explain: Callable[[Exception], Exception] = lambda error: error,
        most_in_a_batch: int = MOST_IN_A_BATCH,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._driver = driver
        self._open_unit = open_unit
        self._on_commit = on_commit
        self._around = around
        self._explain = explain
        self._most_in_a_batch = most_in_a_batch
        self._most_short_ones = min(most_in_a_batch, MOST_SHORT_ONES)
        self._most_waiting = most_waiting
        self._waiting: deque[_Waiting] = deque()
        self._tasks = TaskSupervisor()
        self._pump: asyncio.Task[None] | None = None
        self._closed = False
        self._has_begun = False
        """Whether the commit before has begun the next transaction already."""
        # Asked once: asyncio asks the operating system for its process id each time.
        self._loop = asyncio.get_running_loop()

    @property
    def waiting(self) -> int:
        """Writes that no batch has taken yet."""
        return len(self._waiting)

    async def write(self, work: Callable[[U], T]) -> T:
        """Run ``work`` in a transaction and return its result once that is on disk.

        Raises StorageBusyError when too many wait already, another StorageError when the
        database cannot be written, and whatever ``work`` raises; then nothing was stored.
        """
        done: asyncio.Future[T] = self._loop.create_future()
        self._enqueue(_Waiting(work, partial(_settle, done), is_short=False))
        return await done

    def write_soon(self, work: Callable[[U], T], heard: Heard) -> None:
        """Run ``work`` as ``write`` does; ``heard`` is told, once, what that returns or raises.

        ``work`` must be short: it may run in the event loop. ``heard`` must not raise. Raises
        StorageBusyError; then it is not called.
        """
        self._enqueue(_Waiting(work, heard, is_short=True))

    async def close(self) -> None:
        """Write what waits, then refuse more."""
        self._closed = True
        if self._pump is not None:
            await self._pump

    def _enqueue(self, waiting: _Waiting) -> None:
        most = self._most_waiting // 2 if waiting.is_short else self._most_waiting
        if self._closed or len(self._waiting) >= most:
            message = "the database writer is closed" if self._closed else "too many writes wait"
            raise StorageBusyError(message)
        self._waiting.append(waiting)
        if self._pump is None:
            self._pump = self._tasks.spawn(self._write_batches(), name="group commit")

    async def _write_batches(self) -> None:
        try:
            while self._waiting:
                if self._waiting[0].is_short:
                    # One turn of the loop gathers those that arrive together.
                    await asyncio.sleep(0)
                    await self._write_short_ones(self._take(self._most_short_ones, is_short=True))
                else:
                    await self._write_batch(self._take(self._most_in_a_batch, is_short=False))
        finally:
            self._pump = None

    def _take(self, most: int, *, is_short: bool) -> list[_Waiting]:
        """Take the writes of one kind that come first; writes keep their order."""
        batch: list[_Waiting] = []
        waiting = self._waiting
        while waiting and waiting[0].is_short is is_short and len(batch) < most:
            batch.append(waiting.popleft())
        return batch

    async def _write_short_ones(self, batch: list[_Waiting]) -> None:
        """Write a batch of which only the waiting for the disk is left to the driver's thread.

        Two threads that both run Python take turns at every statement, which costs more than the
        statements. So short writes run here, and the thread flushes them while the loop goes on.
        """
        works = [waiting.work for waiting in batch]
        try:
            if not self._has_begun:
                await self._driver.run(_begin)
            self._has_begun = False
            committed = self._driver.run_here(lambda connection: self._open(connection, works))
        except Exception:  # noqa: BLE001 - nothing is stored; found out and told one by one
            await self._write_batch(batch)
            return
        goes_on = bool(self._waiting) and self._waiting[0].is_short
        transactions: list[_Committed[U] | _Failed] = [committed]
        try:
            self._has_begun = await self._driver.run(partial(_commit, goes_on=goes_on))
        except Exception as error:  # noqa: BLE001 - each waiting caller gets it
            transactions = [_Failed(error)] * len(batch)
        self._tell(batch, transactions)

    async def _write_batch(self, batch: list[_Waiting]) -> None:
        works = [waiting.work for waiting in batch]
        transactions: list[_Committed[U] | _Failed]
        try:
            transactions = await self._driver.run(lambda connection: self._run(connection, works))
        except Exception as error:  # noqa: BLE001 - each waiting caller gets it
            transactions = [_Failed(error)] * len(batch)
        self._tell(batch, transactions)

    def _tell(self, batch: list[_Waiting], transactions: list[_Committed[U] | _Failed]) -> None:
        waiting = iter(batch)
        for transaction in transactions:
            if isinstance(transaction, _Failed):
                next(waiting).heard(None, self._explain(transaction.error))
                continue
            if self._on_commit is not None:
                self._on_commit(transaction.unit, len(transaction.results))
            for result in transaction.results:
                next(waiting).heard(result, None)

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
        if not connection.in_transaction:  # the batch before may have begun this one
            _begin(connection)
        committed = self._open(connection, works)
        _commit(connection)
        return committed

    def _open(
        self, connection: sqlite3.Connection, works: list[Callable[[U], Any]]
    ) -> _Committed[U]:
        """Run writes in the transaction that has begun; committing it is what is left."""
        try:
            with self._around():
                unit = self._open_unit(connection)
                results = [work(unit) for work in works]
                unit.flush()
        except BaseException:
            _roll_back(connection)
            raise
        return _Committed(unit, results)


def _begin(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")


def _commit(connection: sqlite3.Connection, *, goes_on: bool = False) -> bool:
    """Commit; return whether the next transaction has begun, if it should."""
    try:
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise
    if goes_on:
        with suppress(sqlite3.Error):  # the next batch finds out by itself
            _begin(connection)
            return True
    return False


def _roll_back(connection: sqlite3.Connection) -> None:
    # SQLite may have rolled back already (a full disk does); a second ROLLBACK would hide the
    # cause.
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _settle(done: asyncio.Future[T], result: T, error: Exception | None) -> None:
    if done.cancelled():
        return
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
