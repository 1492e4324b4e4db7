from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from adapters.sqlite.driver import connect
from adapters.sqlite.transaction import transaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(tmp_path / "some.db", read_only=False)) as connection:
        connection.execute("CREATE TABLE entry (text TEXT UNIQUE)")
        yield connection


def entries(disk: sqlite3.Connection) -> list[str]:
    return [text for (text,) in disk.execute("SELECT text FROM entry")]


def test_a_block_that_ends_is_committed(disk: sqlite3.Connection) -> None:
    with transaction(disk):
        disk.execute("INSERT INTO entry VALUES ('a')")
        assert disk.in_transaction
    assert entries(disk) == ["a"]
    disk.execute("BEGIN")  # would fail inside a transaction


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_a_block_that_raises_leaves_nothing(
    disk: sqlite3.Connection, error: type[BaseException]
) -> None:
    def write_and_stumble() -> None:
        with transaction(disk):
            disk.execute("INSERT INTO entry VALUES ('a')")
            raise error

    with pytest.raises(error):
        write_and_stumble()
    assert not disk.in_transaction
    assert entries(disk) == []


def test_a_full_disk_is_reported_as_itself(disk: sqlite3.Connection) -> None:
    (pages,) = disk.execute("PRAGMA page_count").fetchone()
    disk.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(sqlite3.OperationalError, match="full"), transaction(disk):
        disk.executemany("INSERT INTO entry VALUES (?)", [(f"{n:9000}",) for n in range(9)])
    assert not disk.in_transaction
    assert entries(disk) == []


def test_the_write_lock_is_taken_at_once(disk: sqlite3.Connection, tmp_path: Path) -> None:
    with (
        closing(sqlite3.connect(tmp_path / "some.db", timeout=0)) as other,
        transaction(disk),
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")
