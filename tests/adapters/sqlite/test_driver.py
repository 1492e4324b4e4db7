from __future__ import annotations

import asyncio
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from adapters.sqlite.driver import InlineDriver, ThreadedDriver
from adapters.sqlite.errors import StorageFailedError

if TYPE_CHECKING:
    Kind = type[InlineDriver | ThreadedDriver]

    from pathlib import Path

BOTH = pytest.mark.parametrize("kind", [InlineDriver, ThreadedDriver])


@BOTH
async def test_commits_are_durable_and_readers_do_not_block(kind: Kind, tmp_path: Path) -> None:
    driver = await kind.open(tmp_path / "a.db")

    def settings(connection: sqlite3.Connection) -> tuple[str, int, int]:
        return (
            connection.execute("PRAGMA journal_mode").fetchone()[0],
            connection.execute("PRAGMA synchronous").fetchone()[0],
            connection.execute("PRAGMA foreign_keys").fetchone()[0],
        )

    full = 2
    assert await driver.run(settings) == ("wal", full, 1)
    await driver.close()


@BOTH
async def test_an_error_of_the_work_itself_arrives_as_it_is(kind: Kind, tmp_path: Path) -> None:
    driver = await kind.open(tmp_path / "a.db")

    with pytest.raises(sqlite3.OperationalError, match="no such table"):
        await driver.run(lambda c: c.execute("SELECT * FROM nowhere").fetchall())

    await driver.close()


@BOTH
async def test_a_file_that_cannot_be_opened_says_so(kind: Kind, tmp_path: Path) -> None:
    with pytest.raises(StorageFailedError, match="permissions"):
        await kind.open(tmp_path / "no such folder" / "a.db")


async def test_a_slow_disk_does_not_stop_the_event_loop(tmp_path: Path) -> None:
    driver = await ThreadedDriver.open(tmp_path / "a.db")
    reached = threading.Event()
    go_on = threading.Event()

    def slow(_: sqlite3.Connection) -> str:
        reached.set()
        go_on.wait(5)
        return threading.current_thread().name

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(driver.run(slow))
        await asyncio.to_thread(reached.wait, 5)
        go_on.set()

    assert waiting.result() != threading.current_thread().name
    await driver.close()
