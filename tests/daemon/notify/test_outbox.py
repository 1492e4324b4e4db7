from __future__ import annotations

import sqlite3
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from adapters.sqlite.driver import InlineDriver
from daemon.notices import Level, raise_notice
from daemon.notify.outbox import follow, known, mark, waiting
from daemon.storage.store import SqliteStore, named_queries, open_store
from tests.daemon.notify.told import NOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from daemon.notify.outbox import Notice
    from daemon.storage.tx import Tx


@dataclass(frozen=True, slots=True)
class Office:
    """The outbox of a store, and who takes from it."""

    store: SqliteStore
    file: Path

    async def staff(self, *names: str) -> None:
        await self.store.write(lambda tx: follow(tx, names, NOW))

    async def raised(self, *ids: str) -> None:
        def write(tx: Tx) -> None:
            for each in ids:
                code = "clock_skew" if each.endswith("alarm") else "clock_right"
                raise_notice(tx, each, code, NOW, seconds="3")

        await self.store.write(write)

    async def waits(self, name: str, *, alarms_only: bool = False, limit: int = 100) -> list[str]:
        return [each.id for each in await self._waiting(name, limit, alarms_only=alarms_only)]

    async def taken(self, name: str, *ids: str) -> None:
        found = [each for each in await self._waiting(name, alarms_only=False) if each.id in ids]
        assert len(found) == len(ids)
        await self.store.write(partial(mark, notifier=name, notices=found, now=NOW))

    async def _waiting(self, name: str, limit: int = 100, *, alarms_only: bool) -> list[Notice]:
        read = partial(waiting, notifier=name, alarms_only=alarms_only, limit=limit)
        return await self.store.read(read)

    def delivered(self) -> list[str]:
        with sqlite3.connect(self.file) as connection:
            rows = connection.execute("SELECT id FROM notices WHERE delivered_at IS NOT NULL")
            found = [row[0] for row in rows]
        connection.close()
        return found


@asynccontextmanager
async def office(folder: Path) -> AsyncIterator[Office]:
    file = folder / "books.db"
    store = await open_store(file, InlineDriver.open, lambda _: None)
    yield Office(store, file)
    await store.close()


async def test_a_new_notifier_is_told_nothing_of_the_past(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await here.raised("n1", "n2")
        await here.staff("telegram")
        await here.raised("n3")
        assert await here.waits("telegram") == ["n3"]
        assert await here.store.read(known) == {"telegram"}


async def test_a_notice_waits_until_everybody_is_done_with_it(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await here.staff("telegram", "webhook")
        await here.raised("n1", "n2")
        await here.taken("telegram", "n1", "n2")
        assert (await here.waits("telegram"), here.delivered()) == ([], [])
        await here.taken("webhook", "n1")
        assert (await here.waits("webhook"), here.delivered()) == (["n2"], ["n1"])


async def test_a_notice_that_reaches_the_disk_late_is_not_overlooked(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await here.staff("telegram")
        await here.raised("n5")
        await here.taken("telegram", "n5")
        await here.raised("n4")
        assert await here.waits("telegram") == ["n4"]


async def test_who_is_told_no_more_keeps_nothing_waiting(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await here.staff("telegram", "webhook")
        await here.raised("n1", "n2")
        await here.taken("webhook", "n1")
        await here.staff("webhook")
        assert here.delivered() == ["n1"]
        assert await here.waits("webhook") == ["n2"]


async def test_who_comes_back_is_new(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await here.staff("telegram")
        await here.raised("n1")
        await here.staff()
        await here.raised("n2")
        await here.staff("telegram")
        await here.staff("telegram")
        await here.raised("n3")
        assert await here.waits("telegram") == ["n3"]


async def test_alarms_alone_can_be_taken_and_no_more_than_asked(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await here.staff("telegram")
        await here.raised("n1", "n2-alarm", "n3")
        assert await here.waits("telegram", alarms_only=True) == ["n2-alarm"]
        assert await here.waits("telegram", limit=2) == ["n1", "n2-alarm"]
        (first, *_) = await here.store.read(
            partial(waiting, notifier="telegram", alarms_only=False, limit=1)
        )
        assert (first.level, first.at, first.params) == (Level.INFO, NOW, {"seconds": "3"})


async def test_what_was_delivered_long_ago_costs_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as here:
        await here.staff("telegram")
    plan = sqlite3.connect(here.file).execute(
        "EXPLAIN QUERY PLAN " + named_queries()["waiting_notices"],
        {"notifier": "telegram", "after": "", "alarms_only": 0, "limit": 5},
    )
    steps = [row[3] for row in plan.fetchall()]
    plan.connection.close()
    assert any("notices_waiting" in step for step in steps), steps
