from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

import pytest

from adapters.sqlite.driver import InlineDriver, SqliteDriver, ThreadedDriver
from adapters.sqlite.errors import (
    StorageBusyError,
    StorageCorruptError,
    StorageFullError,
    StorageLockedError,
    StorageReadOnlyError,
)
from adapters.sqlite.group_commit import GroupCommit
from adapters.tasks import TaskSupervisor

if TYPE_CHECKING:
    Kind = type[InlineDriver | ThreadedDriver]

    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

T = TypeVar("T")


class Notes:
    """A unit of work over one table."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def add(self, text: str) -> None:
        self.connection.execute("INSERT INTO notes (text) VALUES (?)", (text,))

    def flush(self) -> None:
        pass


class CountingDriver:
    """Counts the trips to a driver's thread."""

    def __init__(self, driver: SqliteDriver) -> None:
        self.driver = driver
        self.trips = 0

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self.trips += 1
        return await self.driver.run(work)

    def run_here(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return self.driver.run_here(work)

    async def close(self) -> None:
        await self.driver.close()


@pytest.fixture(params=[InlineDriver, ThreadedDriver])
async def driver(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[CountingDriver]:
    opened = CountingDriver(await request.param.open(tmp_path / "notes.db"))
    await opened.run(lambda c: c.execute("CREATE TABLE notes (text TEXT UNIQUE)").fetchall())
    opened.trips = 0
    yield opened
    await opened.close()


def adding(text: str) -> Callable[[Notes], None]:
    return lambda notes: notes.add(text)


def stored(path: Path) -> list[str]:
    """What another program sees in the file."""
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM notes ORDER BY rowid")]


async def test_a_write_is_on_disk_when_it_returns(driver: CountingDriver, tmp_path: Path) -> None:
    writer = GroupCommit(driver, Notes)

    await writer.write(adding("bought 10"))

    assert stored(tmp_path / "notes.db") == ["bought 10"]


async def test_writes_that_wait_share_a_transaction_and_a_trip(
    driver: CountingDriver, tmp_path: Path
) -> None:
    writer = GroupCommit(driver, Notes)

    await asyncio.gather(*(writer.write(adding(f"order {n}")) for n in range(100)))

    assert len(stored(tmp_path / "notes.db")) == 100
    assert driver.trips <= 2


async def test_a_batch_has_a_bound(driver: CountingDriver) -> None:
    writer = GroupCommit(driver, Notes, most_in_a_batch=10)

    await asyncio.gather(*(writer.write(adding(f"order {n}")) for n in range(100)))

    assert driver.trips >= 10


async def test_only_the_guilty_write_of_a_batch_fails(
    driver: CountingDriver, tmp_path: Path
) -> None:
    writer = GroupCommit(driver, Notes)

    def overdrawn(notes: Notes) -> None:
        notes.add("half of a pair")
        raise ValueError("not enough cash")

    outcomes = await asyncio.gather(
        writer.write(adding("first")),
        writer.write(overdrawn),
        writer.write(adding("third")),
        return_exceptions=True,
    )

    assert [type(outcome) for outcome in outcomes] == [type(None), ValueError, type(None)]
    assert stored(tmp_path / "notes.db") == ["first", "third"]


async def test_a_taken_key_fails_only_its_own_write(driver: CountingDriver, tmp_path: Path) -> None:
    writer = GroupCommit(driver, Notes)

    outcomes = await asyncio.gather(
        writer.write(adding("once")),
        writer.write(adding("once")),
        return_exceptions=True,
    )

    assert outcomes[0] is None
    assert isinstance(outcomes[1], sqlite3.IntegrityError)
    assert stored(tmp_path / "notes.db") == ["once"]


async def test_whoever_listens_hears_of_what_is_on_disk_and_of_nothing_else(
    driver: CountingDriver, tmp_path: Path
) -> None:
    heard: list[int] = []
    writer = GroupCommit(
        driver, Notes, on_commit=lambda *_: heard.append(len(stored(tmp_path / "notes.db")))
    )

    async def failing() -> None:
        def fail(notes: Notes) -> None:
            notes.add("never")
            raise ValueError("no cash")

        with pytest.raises(ValueError, match="no cash"):
            await writer.write(fail)

    await writer.write(adding("one"))
    await failing()
    await writer.write(adding("two"))

    assert heard == [1, 2]


async def test_too_many_waiting_writes_are_refused_at_once(driver: CountingDriver) -> None:
    writer = GroupCommit(driver, Notes, most_waiting=3)

    outcomes = await asyncio.gather(
        *(writer.write(adding(f"order {n}")) for n in range(10)),
        return_exceptions=True,
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, StorageBusyError)]
    assert len(refused) == 7
    assert outcomes[:3] == [None, None, None]


async def test_a_caller_that_leaves_does_not_stop_the_others(
    driver: CountingDriver, tmp_path: Path
) -> None:
    writer = GroupCommit(driver, Notes)
    tasks = TaskSupervisor()
    waiting = [tasks.spawn(writer.write(adding(f"order {n}")), name=str(n)) for n in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()

    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert isinstance(outcomes[1], asyncio.CancelledError)
    assert {"order 0", "order 2"} <= set(stored(tmp_path / "notes.db"))


async def test_closing_writes_what_waits_and_then_refuses(
    driver: CountingDriver, tmp_path: Path
) -> None:
    writer = GroupCommit(driver, Notes)
    waiting = asyncio.gather(*(writer.write(adding(f"order {n}")) for n in range(5)))
    await asyncio.sleep(0)

    await writer.close()

    await waiting
    assert len(stored(tmp_path / "notes.db")) == 5
    with pytest.raises(StorageBusyError):
        await writer.write(adding("too late"))


async def test_a_full_disk_stores_nothing_of_the_batch_and_passes(
    driver: CountingDriver, tmp_path: Path
) -> None:
    writer = GroupCommit(driver, Notes)
    await writer.write(adding("before"))
    await driver.run(lambda c: c.execute("PRAGMA max_page_count = 4").fetchall())
    big = "x" * 100_000

    outcomes = await asyncio.gather(
        *(writer.write(adding(f"{n}{big}")) for n in range(3)),
        return_exceptions=True,
    )

    assert all(isinstance(outcome, StorageFullError) for outcome in outcomes)
    assert "free some space" in str(outcomes[0])
    assert stored(tmp_path / "notes.db") == ["before"]

    await driver.run(lambda c: c.execute("PRAGMA max_page_count = 100000").fetchall())
    await writer.write(adding("after"))
    assert stored(tmp_path / "notes.db") == ["before", "after"]


async def test_another_programs_lock_is_named_and_passes(
    driver: CountingDriver, tmp_path: Path
) -> None:
    await driver.run(lambda c: c.execute("PRAGMA busy_timeout = 20").fetchall())
    writer = GroupCommit(driver, Notes)
    with closing(sqlite3.connect(tmp_path / "notes.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(StorageLockedError, match="close the other program"):
            await writer.write(adding("blocked"))

        other.execute("ROLLBACK")
    await writer.write(adding("free again"))
    assert stored(tmp_path / "notes.db") == ["free again"]


async def test_a_database_that_cannot_be_written_says_so(
    driver: CountingDriver, tmp_path: Path
) -> None:
    writer = GroupCommit(driver, Notes)
    await driver.run(lambda c: c.execute("PRAGMA query_only = ON").fetchall())

    with pytest.raises(StorageReadOnlyError, match="writable"):
        await writer.write(adding("refused"))

    await driver.run(lambda c: c.execute("PRAGMA query_only = OFF").fetchall())
    await writer.write(adding("taken"))
    assert stored(tmp_path / "notes.db") == ["taken"]


@pytest.mark.parametrize("kind", [InlineDriver, ThreadedDriver])
async def test_a_damaged_file_is_refused_with_advice(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    path.write_bytes(b"this is no database, " * 500)

    with pytest.raises(StorageCorruptError, match="restore"):
        await kind.open(path)


@pytest.mark.parametrize("kind", [InlineDriver, ThreadedDriver])
async def test_a_reader_sees_what_is_committed_and_cannot_write(kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    writing = await kind.open(path)
    await writing.run(lambda c: c.execute("CREATE TABLE notes (text TEXT)").fetchall())
    reading = await kind.open(path, read_only=True)
    writer = GroupCommit(writing, Notes)

    await writer.write(adding("seen"))

    rows = await reading.run(lambda c: c.execute("SELECT text FROM notes").fetchall())
    assert [row["text"] for row in rows] == ["seen"]
    with pytest.raises(StorageReadOnlyError):
        await reading.run(lambda c: c.execute("INSERT INTO notes VALUES ('x')").fetchall())
    await reading.close()
    await writing.close()


class Outcomes:
    """Hears what became of short writes."""

    def __init__(self, count: int) -> None:
        self.heard: list[Exception | None] = []
        self._missing = count
        self.all_heard = asyncio.Event()

    def hear(self, _: object, error: Exception | None) -> None:
        self.heard.append(error)
        self._missing -= 1
        if not self._missing:
            self.all_heard.set()


async def test_short_writes_share_a_transaction_and_keep_their_order(
    driver: CountingDriver, tmp_path: Path
) -> None:
    seen: list[list[str]] = []
    writer = GroupCommit(
        driver, Notes, on_commit=lambda *_: seen.append(stored(tmp_path / "notes.db"))
    )
    outcomes = Outcomes(150)
    for number in range(100):
        writer.write_soon(adding(f"{number:03}"), outcomes.hear)
    long = asyncio.gather(*(writer.write(adding(f"{number}")) for number in range(100, 103)))
    await asyncio.sleep(0)
    for number in range(103, 153):
        writer.write_soon(adding(f"{number}"), outcomes.hear)

    await outcomes.all_heard.wait()

    await long
    assert outcomes.heard == [None] * 150
    assert stored(tmp_path / "notes.db") == [f"{number:03}" for number in range(153)]
    assert [len(rows) for rows in seen] == [64, 100, 103, 153]
    await writer.close()


async def test_a_short_write_that_fails_takes_no_other_with_it(
    driver: CountingDriver, tmp_path: Path
) -> None:
    writer = GroupCommit(driver, Notes)
    outcomes = Outcomes(5)
    for text in ("a", "b", "a", "c", "d"):
        writer.write_soon(adding(text), outcomes.hear)

    await outcomes.all_heard.wait()

    assert [type(error) for error in outcomes.heard].count(sqlite3.IntegrityError) == 1
    assert stored(tmp_path / "notes.db") == ["a", "b", "c", "d"]
    await writer.write(adding("e"))
    await writer.close()


async def test_a_commit_that_fails_fails_every_short_write_of_its_batch(
    driver: CountingDriver, tmp_path: Path
) -> None:
    await driver.run(lambda c: c.execute("PRAGMA max_page_count = 4").fetchall())
    writer = GroupCommit(driver, Notes)
    outcomes = Outcomes(20)
    for number in range(20):
        writer.write_soon(adding(f"{number} " * 2_000), outcomes.hear)

    await outcomes.all_heard.wait()

    assert any(isinstance(error, StorageFullError) for error in outcomes.heard)
    kept = sum(error is None for error in outcomes.heard)
    assert len(stored(tmp_path / "notes.db")) == kept
    await driver.run(lambda c: c.execute("PRAGMA max_page_count = 100000").fetchall())
    await writer.write(adding("room again"))
    await writer.close()


async def test_a_lock_held_by_another_program_fails_short_writes_with_advice(
    driver: CountingDriver, tmp_path: Path
) -> None:
    await driver.run(lambda c: c.execute("PRAGMA busy_timeout = 20").fetchall())
    writer = GroupCommit(driver, Notes)
    outcomes = Outcomes(2)
    with closing(sqlite3.connect(tmp_path / "notes.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer.write_soon(adding("a"), outcomes.hear)
        writer.write_soon(adding("b"), outcomes.hear)
        await outcomes.all_heard.wait()
        other.execute("ROLLBACK")
    assert [type(error) for error in outcomes.heard] == [StorageLockedError] * 2
    await writer.close()


async def test_a_closed_writer_takes_no_short_writes(driver: CountingDriver) -> None:
    writer = GroupCommit(driver, Notes)
    await writer.close()
    with pytest.raises(StorageBusyError, match="closed"):
        writer.write_soon(adding("late"), Outcomes(1).hear)


async def test_new_orders_leave_room_for_what_became_of_the_old_ones(
    driver: CountingDriver, tmp_path: Path
) -> None:
    writer, told = GroupCommit(driver, Notes, most_waiting=4), Counter[bool]()

    def heard(_: object, error: Exception | None) -> None:
        told[error is None] += 1

    for number in range(2):
        writer.write_soon(adding(f"order {number}"), heard)
    with pytest.raises(StorageBusyError):
        writer.write_soon(adding("order 2"), heard)
    await asyncio.gather(*(writer.write(adding(f"fill {number}")) for number in range(2)))
    assert told == {True: 2}
    assert len(stored(tmp_path / "notes.db")) == 4
