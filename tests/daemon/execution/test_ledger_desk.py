"""Entries arrive while orders are under way, and nothing is lost or made twice."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from algorithms.domain import BookName
from daemon.execution.bookkeeper import NotPossibleError
from daemon.execution.entries import Deposit, Transfer
from tests.daemon.execution.test_bookkeeper import TWO, books_are_right, deposit, enter
from tests.daemon.execution.test_splits import split
from tests.support.books import select
from tests.support.world import buy, started, world

if TYPE_CHECKING:
    from pathlib import Path

A, B = BookName("a"), BookName("b")


async def test_many_entries_at_once_are_all_made_once(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        trading = started(day.submit("alpha", buy("TQQQ", "2")))
        same = (enter(day, deposit("1"), key=f"key {n % 20}") for n in range(60))
        found = await asyncio.gather(*same)
        await trading
        assert len({one.event_id for one in found}) == 20
        await day.pass_time(1)
        assert await day.held("a", "USD") == Decimal(820)
        await books_are_right(day)


async def test_the_same_cash_does_not_leave_twice(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        away = Transfer(book=A, to_book=B, asset=None, amount=Decimal(600))
        tried = await asyncio.gather(
            *(enter(day, away, key=f"{n}") for n in range(3)), return_exceptions=True
        )
        assert sum(isinstance(one, NotPossibleError) for one in tried) == 2
        assert await day.held("b", "USD") == Decimal(1600)


async def test_a_split_that_is_refused_leaves_its_symbol_awake(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        with pytest.raises(NotPossibleError):
            await enter(day, split(2, 1))
        assert (await day.submit("alpha", buy("TQQQ", "1"))).http_status == 200


async def test_entries_before_a_restart_are_known_after_it(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        first = await enter(day, deposit("5"), key="k")
        clock = day.clock
    async with world(tmp_path, TWO, clock=clock, seed=2) as day:
        assert (await enter(day, deposit("5"), key="k")).event_id == first.event_id
        odd = Deposit(book=B, asset=None, amount=Decimal(7), price=None)
        await enter(day, odd)
        assert len(select(day, "SELECT * FROM ledger_entries")) == 2
        await books_are_right(day)
