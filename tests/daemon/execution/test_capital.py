from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.support.houses import house
from tests.support.world import buy, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.world import World

BOOKS = {"a": ("alpha", "main"), "b": ("beta", "main")}


async def cash(day: World) -> list[int | Decimal]:
    return [await day.held("a", "USD"), await day.held("b", "USD")]


async def capital_events(day: World) -> list[tuple[str, str]]:
    return [
        (row["book"], row["amount"])
        for row in await day.rows("all_postings")
        if row["kind"] == "capital" and row["book"] != "@external"
    ]


async def test_a_book_starts_with_its_capital_once(tmp_path: Path) -> None:
    text = house(BOOKS, capital="5000")
    clock = None
    for seed in (1, 2, 3):
        async with world(tmp_path, text, clock=clock, seed=seed) as day:
            clock = day.clock
            assert await cash(day) == [5000, 5000]
            assert await capital_events(day) == [("a", "5000"), ("b", "5000")]


@pytest.mark.parametrize("changed", ["8000", "3000", "5000.5"])
async def test_a_changed_capital_adds_or_takes_the_difference(tmp_path: Path, changed: str) -> None:
    async with world(tmp_path, house(BOOKS, capital="5000", commission="0")) as day:
        await day.submit("alpha", buy("TQQQ", "10"))
        await day.pass_time(1)
        assert await cash(day) == [4000, 5000]
        clock = day.clock
    async with world(
        tmp_path, house(BOOKS, capital=changed, commission="0"), clock=clock, seed=2
    ) as day:
        difference = Decimal(changed) - 5000
        assert await cash(day) == [4000 + difference, 5000 + difference]
        assert await day.held("a", "TQQQ") == 10


async def test_what_comes_in_goes_out_of_somewhere(tmp_path: Path) -> None:
    async with world(tmp_path, house(BOOKS, capital="5000")) as day:
        rows = [row for row in await day.rows("all_postings") if row["kind"] == "capital"]
        assert sum(Decimal(row["amount"]) for row in rows) == 0
        assert {row["book"] for row in rows} == {"a", "b", "@external"}


async def test_a_book_that_leaves_the_configuration_keeps_what_it_has(tmp_path: Path) -> None:
    async with world(tmp_path, house(BOOKS, capital="5000")) as day:
        clock = day.clock
    async with world(
        tmp_path, house({"b": ("beta", "main")}, capital="5000"), clock=clock, seed=2
    ) as day:
        assert await cash(day) == [5000, 5000]
