from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from adapters.sqlite.driver import InlineDriver, ThreadedDriver
from daemon.storage.store import open_store as open_sqlite
from tests.contracts.store_contract import StoreContract

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from adapters.sqlite.driver import OpenDriver
    from daemon.storage.store import SqliteStore
    from tests.contracts.store_contract import OpenStore


def opener(path: Path, driver: OpenDriver) -> OpenStore:
    @asynccontextmanager
    async def open_store(heard: list[object]) -> AsyncIterator[SqliteStore]:
        store = await open_sqlite(path, driver, heard.extend)
        try:
            yield store
        finally:
            await store.close()

    return open_store


class TestSqliteInline(StoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return opener(tmp_path / "books.db", InlineDriver.open)


class TestSqliteThreaded(StoreContract):
    loop_factory = asyncio.new_event_loop

    @pytest.fixture
    def open_store(self, tmp_path: Path) -> OpenStore:
        return opener(tmp_path / "books.db", ThreadedDriver.open)
