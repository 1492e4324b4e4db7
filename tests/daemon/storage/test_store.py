"""What is SQLite's own about its Store; the rest is the contract in ``tests/contracts``."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from adapters.sqlite.driver import InlineDriver
from adapters.sqlite.errors import StorageCorruptError, StorageFullError
from daemon.storage.store import named_queries, open_store
from daemon.storage.tx import Table

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from daemon.storage.tx import Tx

FACTS = Table("facts", ("name", "value"))


def test_every_named_query_is_sql_and_says_what_it_is_for() -> None:
    queries = named_queries()

    assert len(queries) > 40
    assert all(sql.strip() for sql in queries.values())


async def test_every_named_query_fits_the_schema(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "books.db", InlineDriver.open, lambda _: None)
    queries = named_queries()

    for name, sql in queries.items():
        if name.endswith("_cursor"):
            continue
        await store._writer_driver.run(partial(explain, sql))  # noqa: SLF001 - runs nothing
    await store.close()


def explain(sql: str, connection: sqlite3.Connection) -> None:
    connection.execute(f"EXPLAIN {sql}", _Anything()).fetchall()


SMALL = frozenset({"deliveries", "facts", "halts", "notifiers", "rebalancing_plans", "splits"})
"""Tables that stay small however much is traded."""
READS_ALL = frozenset({"rows_to_check"})
"""Asked for by a person who wants the whole of it, as are those called ``all_``."""


async def test_no_query_of_the_running_daemon_walks_through_history(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "books.db", InlineDriver.open, lambda _: None)
    walking = []
    for name, sql in named_queries().items():
        if name.startswith("all_") or name in READS_ALL or name.endswith("_cursor"):
            continue
        plan = await store._writer_driver.run(partial(plan_of, sql))  # noqa: SLF001 - runs nothing
        walking += [f"{name}: {step}" for step in plan if is_walk(step)]
    await store.close()

    assert walking == []


def plan_of(sql: str, connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(f"EXPLAIN QUERY PLAN {sql}", _Anything()).fetchall()
    return [row["detail"] for row in rows]


def is_walk(step: str) -> bool:
    """Whether a step reads a whole table, not only what a partial index holds of it."""
    if not step.startswith("SCAN "):
        return False
    if step.split()[1] in {*SMALL, "live", "CONSTANT"}:
        return False
    return not step.endswith(("_live", "_due", "_unfinished", "_unseen", "_waiting"))


class _Anything(dict[str, int]):
    """Stands in for every parameter."""

    def __missing__(self, _: str) -> int:
        return 1


async def test_a_damaged_database_is_refused_before_anything_starts(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    path.write_bytes(b"not a database" * 1000)

    with pytest.raises(StorageCorruptError, match="restore"):
        await open_store(path, InlineDriver.open, lambda _: None)


async def test_a_full_disk_passes_without_a_restart(tmp_path: Path) -> None:
    store = await open_store(tmp_path / "books.db", InlineDriver.open, lambda _: None)
    driver = store._writer_driver  # noqa: SLF001 - the disk is filled behind the store's back

    def big(tx: Tx) -> None:
        tx.insert(FACTS, ("big", "x" * 1_000_000))

    pages = await driver.run(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await driver.run(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 2}").fetchall())
    with pytest.raises(StorageFullError):
        await store.write(big)

    await driver.run(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchall())
    await store.write(big)

    row = await store.read(lambda view: view.fetch_one("fact", name="big"))
    assert row is not None
    await store.close()
