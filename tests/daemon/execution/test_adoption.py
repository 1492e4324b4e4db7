"""The first start on an account that already holds something."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.clock import LoopClock
from adapters.paper.operations import Adjust
from algorithms.domain import SUSPENSE, BookName
from daemon.execution.bookkeeper import NotPossibleError
from daemon.execution.entries import Assignment
from tests.daemon.execution.test_bookkeeper import TWO, enter
from tests.support.books import all_is_well, select, told
from tests.support.paper import PaperMarket, paper_settings
from tests.support.world import START, sell, world

if TYPE_CHECKING:
    from pathlib import Path

A, B = BookName("a"), BookName("b")


async def found(folder: Path) -> LoopClock:
    """Let the account hold 2000 USD, 12 TQQQ and 3 of something else before anybody starts."""
    clock = LoopClock(START)
    settings = paper_settings(
        folder,
        database=folder / "data" / "paper-main.db",
        initial_cash=Decimal(1500),
        market="24/7",
    )
    async with PaperMarket(settings, clock=clock) as market:
        broker = await market.open()
        for asset, amount in (("USD", 500), ("TQQQ", 12), ("SOXL", 3)):
            await broker.exchange.operate(asset, Adjust(asset, Decimal(amount)))
    return clock


async def test_what_nobody_owns_waits_in_suspense_until_a_person_says_whose_it_is(
    tmp_path: Path,
) -> None:
    clock = await found(tmp_path)
    async with world(tmp_path, TWO, clock=clock) as day:
        await day.pass_time(10)
        assert {one["asset"] for one in told(day, "holdings_found")} == {"TQQQ", "SOXL"}
        assert day.told("difference") == 0
        assert await day.held(SUSPENSE, "TQQQ") == 12
        (event,) = select(
            day,
            "SELECT e.kind FROM ledger_events e JOIN ledger_entries l ON l.event_id = e.id"
            " WHERE l.asset = 'TQQQ'",
        )
        assert event["kind"] == "opening"
        await enter(day, Assignment(book=A, asset="TQQQ", amount=Decimal(8), price=Decimal(75)))
        with pytest.raises(NotPossibleError, match="suspense of main has 4 TQQQ"):
            await enter(day, Assignment(book=B, asset="TQQQ", amount=Decimal(5), price=Decimal(75)))
        await enter(day, Assignment(book=B, asset="TQQQ", amount=Decimal(4), price=Decimal(90)))
        await day.submit("alpha", sell("TQQQ", "8"))
        await day.pass_time(70)
        sold = (await day.rows("all_fills"))[-1]
        assert (sold["book"], sold["profit"]) == ("a", "200")  # bought at 75, sold at 100
        assert await day.held(SUSPENSE, "TQQQ") == 0
        assert await day.held(SUSPENSE, "SOXL") == 3
        await all_is_well(day)


async def test_what_is_found_is_told_once(tmp_path: Path) -> None:
    clock = await found(tmp_path)
    async with world(tmp_path, TWO, clock=clock) as day:
        await day.pass_time(100)
    async with world(tmp_path, TWO, clock=clock, seed=2) as day:
        await day.pass_time(100)
        assert len(told(day, "holdings_found")) == 2
        assert told(day, "difference") == []
        await all_is_well(day)
