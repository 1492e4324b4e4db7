"""What every Store must do, whatever database stands behind it."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from algorithms.domain import AccountName, BookName
from daemon.storage.tx import NotUniqueError, Table

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from daemon.storage.store import Store
    from daemon.storage.tx import Tx, View

    OpenStore = Callable[[list[object]], AbstractAsyncContextManager[Store]]

FACTS = Table("facts", ("name", "value"))
MAIN = AccountName("main")
ALPHA = BookName("alpha")


def remember(name: str, value: str) -> Callable[[Tx], None]:
    return lambda tx: tx.insert(FACTS, (name, value))


async def fact(store: Store, name: str) -> str | None:
    row = await store.read(lambda view: view.fetch_one("fact", name=name))
    return None if row is None else str(row["value"])


class StoreContract:
    """Give it an ``open_store`` fixture: a context manager over one lasting database."""

    async def test_s01_what_was_written_is_read(self, open_store: OpenStore) -> None:
        async with open_store([]) as store:
            await store.write(remember("day", "monday"))

            assert await fact(store, "day") == "monday"

    async def test_s02_what_was_written_outlives_the_store(self, open_store: OpenStore) -> None:
        async with open_store([]) as store:
            await store.write(remember("day", "monday"))

        async with open_store([]) as store:
            assert await fact(store, "day") == "monday"

    async def test_s03_a_failed_write_leaves_nothing(self, open_store: OpenStore) -> None:
        def fail(tx: Tx) -> None:
            tx.insert(FACTS, ("half", "done"))
            tx.position(MAIN, ALPHA, "USD").quantity += Decimal(1)
            tx.fetch("halts")
            raise ValueError("impossible")

        async with open_store([]) as store:
            with pytest.raises(ValueError, match="impossible"):
                await store.write(fail)

            assert await fact(store, "half") is None
            assert await store.read(lambda view: view.fetch("all_positions")) == []

    async def test_s04_a_taken_key_is_named(self, open_store: OpenStore) -> None:
        async with open_store([]) as store:
            await store.write(remember("day", "monday"))

            with pytest.raises(NotUniqueError):
                await store.write(remember("day", "tuesday"))

            assert await fact(store, "day") == "monday"

    async def test_s05_a_taken_key_does_not_hurt_the_writes_beside_it(
        self, open_store: OpenStore
    ) -> None:
        async with open_store([]) as store:
            outcomes = await asyncio.gather(
                store.write(remember("one", "1")),
                store.write(remember("one", "again")),
                store.write(remember("two", "2")),
                return_exceptions=True,
            )

            assert [type(outcome) for outcome in outcomes] == [
                type(None),
                NotUniqueError,
                type(None),
            ]
            assert await fact(store, "two") == "2"

    async def test_s06_two_writes_never_spend_the_same_cash(self, open_store: OpenStore) -> None:
        def spend(tx: Tx) -> bool:
            cash = tx.position(MAIN, ALPHA, "USD")
            if cash.free < Decimal(60):
                return False
            cash.reserved += Decimal(60)
            return True

        def deposit(tx: Tx) -> None:
            tx.position(MAIN, ALPHA, "USD").quantity += Decimal(100)

        async with open_store([]) as store:
            await store.write(deposit)

            spent = await asyncio.gather(*(store.write(spend) for _ in range(20)))

            assert sorted(spent) == [False] * 19 + [True]

    async def test_s07_signals_come_after_the_commit_and_in_order(
        self, open_store: OpenStore
    ) -> None:
        heard: list[object] = []

        def tell(number: int) -> Callable[[Tx], None]:
            return lambda tx: tx.signal(number)

        def fail(tx: Tx) -> None:
            tx.signal("never")
            raise ValueError("no")

        async with open_store(heard) as store:
            await store.write(tell(1))
            with pytest.raises(ValueError, match="no"):
                await store.write(fail)
            await store.write(tell(2))

            assert heard == [1, 2]

    async def test_s08_a_read_sees_one_state_of_the_database(self, open_store: OpenStore) -> None:
        async with open_store([]) as store:
            await store.write(remember("one", "1"))

            rows = await store.read(
                lambda view: (view.fetch_one("fact", name="one"), view.fetch("halts"))
            )

            assert rows[0] is not None
            assert rows[1] == []

    async def test_s09_arithmetic_in_a_write_is_exact(self, open_store: OpenStore) -> None:
        large = Decimal("123456789012345678.000000000000000001")

        def add(tx: Tx) -> None:
            tx.position(MAIN, ALPHA, "COIN").quantity += large

        async with open_store([]) as store:
            await store.write(add)
            await store.write(add)

            row = await store.read(
                lambda view: view.fetch_one("position", account=MAIN, book=ALPHA, asset="COIN")
            )
            assert row is not None
            assert row["quantity"] == "246913578024691356.000000000000000002"

    async def test_s10_long_reading_keeps_nobody_waiting(self, open_store: OpenStore) -> None:
        async with open_store([]) as store:
            await store.write(remember("day", "monday"))

            def names(view: View) -> list[str]:
                return [row["name"] for row in view.each("capital_facts")]

            assert await store.read_aside(names) == []
            await store.write(remember("capital:a", "1"))
            assert await store.read_aside(names) == ["capital:a"]
            assert await fact(store, "day") == "monday"
