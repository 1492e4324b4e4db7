from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from algorithms.domain import OrderType
from daemon.execution.halts import Halts, Scope
from tests.support.houses import house
from tests.support.world import buy, cancel_all, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.world import World

LIMIT = OrderType.LIMIT
LOW = buy("TQQQ", "1", kind=LIMIT, price="90")
TWO = house({"a": ("alpha", "one"), "b": ("beta", "one"), "c": ("alpha", "two")})


async def halt(day: World, scope: Scope, name: str = "") -> None:
    await day.engine.halts.halt(scope, name, "the chairman sleeps", day.clock.now())


async def taken(day: World) -> set[str]:
    """Let both strategies order, and return the books that could."""
    for strategy in ("alpha", "beta"):
        await day.submit(strategy, LOW)
    return {row["book"] for row in await day.rows("all_parents")}


@pytest.mark.parametrize(
    ("scope", "name", "free"),
    [
        (Scope.ALL, "", set()),
        (Scope.ACCOUNT, "one", {"c"}),
        (Scope.STRATEGY, "alpha", {"b"}),
        (Scope.BOOK, "a", {"b", "c"}),
        (Scope.BOOK, "nobody", {"a", "b", "c"}),
    ],
)
async def test_a_halt_stops_what_it_covers_and_nothing_else(
    tmp_path: Path, scope: Scope, name: str, free: set[str]
) -> None:
    async with world(tmp_path, TWO) as day:
        await halt(day, scope, name)
        assert await taken(day) == free


async def test_a_halted_order_says_why(tmp_path: Path) -> None:
    async with world(tmp_path, house({"a": ("alpha", "one")})) as day:
        await halt(day, Scope.ACCOUNT, "one")
        told = await day.submit("alpha", LOW)
        assert told.http_status == 422
        (order,) = told.body["results"][0]["orders"]
        assert order["error"] == "halted: account one is halted: the chairman sleeps"


async def test_cancels_pass_a_halt(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await day.submit("alpha", LOW)
        await halt(day, Scope.ALL)
        assert (await day.submit("alpha", cancel_all())).body["cancelled_orders"] == 2
        assert [await day.resting(name) for name in ("one", "two")] == [{}, {}]


@pytest.mark.parametrize(
    ("scope", "name", "free"),
    [
        (Scope.ALL, "", set()),
        (Scope.ACCOUNT, "one", {"c"}),
        (Scope.STRATEGY, "alpha", {"b"}),
        (Scope.BOOK, "a", {"b", "c"}),
    ],
)
async def test_a_halt_outlives_a_restart_until_it_is_lifted(
    tmp_path: Path, scope: Scope, name: str, free: set[str]
) -> None:
    async with world(tmp_path, TWO) as day:
        await halt(day, scope, name)
        clock = day.clock
    async with world(tmp_path, TWO, clock=clock, seed=2) as day:
        assert await taken(day) == free
        assert await day.engine.halts.resume(scope, name) is True
        assert await day.engine.halts.resume(scope, name) is False
        stored = Halts(day.engine.store)
        await stored.load()
        assert stored.reason("one", "alpha", "a", "TQQQ") is None
        assert (await day.submit("alpha", LOW, key="again")).http_status == 200


async def test_every_halt_must_be_lifted_by_itself(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await halt(day, Scope.ALL)
        await halt(day, Scope.BOOK, "a")
        await day.engine.halts.resume(Scope.ALL, "")
        assert await taken(day) == {"b", "c"}
