"""Killed at every step of a day, before it and after it: the next process makes it whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from adapters.clock import LoopClock
from algorithms.domain import OrderType
from tests.simulation.mutants import keep_what_an_ended_order_had_reserved, send_before_it_is_stored
from tests.support.books import all_is_well, children, paper, parents, select
from tests.support.doomed import Doomed, When, noted
from tests.support.loops import in_virtual_time
from tests.support.world import START, THREE_BOOKS, World, buy, cancel_all, sell, world

if TYPE_CHECKING:
    from tests.simulation.mutants import Mutant

TWAP, LIMIT = OrderType.TWAP, OrderType.LIMIT
BARE = THREE_BOOKS.replace(
    "[accounts.main.paper]\n", "[accounts.main.paper]\nclient_order_ids = false\n"
)
LONG_ENOUGH_S = 150
MANY = 100
"""The day has more steps than this."""


async def a_day(here: World) -> None:
    """A purchase, an order that is cancelled, a TWAP that meets a sale, and the rest of it."""
    await here.submit("beta", buy("TQQQ", "6"), key="stock")
    await here.submit("alpha", buy("SOXL", "4", kind=LIMIT, price="40"), key="rest")
    await here.submit("alpha", cancel_all("SOXL"), key="cancel")
    await here.submit("alpha", buy("TQQQ", "10", kind=TWAP, slices=2, minutes="1"), key="slice")
    await here.submit("beta", sell("TQQQ", "6"), key="sale")
    await here.pass_time(70)


async def live(folder: Path, text: str, step: int, when: When) -> tuple[int, LoopClock]:
    """Live a day until it ends or death comes; return how many steps it had."""
    clock = LoopClock(START)
    life = Doomed(step, when)

    async def day() -> None:
        async with world(folder, text, clock=clock, life=life) as here:
            await a_day(here)

    return await life.live(day()), clock


async def made_whole(folder: Path, text: str, clock: LoopClock) -> None:
    """Start again, let time pass, and look at everything."""
    async with world(folder, text, clock=clock, seed=2) as here:
        await here.pass_time(LONG_ENOUGH_S)
        await all_is_well(here)
        assert await paper(here).open_orders() in [(), await resting(here)]
        assert select(here, "SELECT * FROM positions WHERE book = '@suspense'") == []
        assert select(here, "SELECT * FROM requests WHERE finished_at IS NULL") == []
        for row in parents(here):
            resting_limit = row["symbol"] == "SOXL" and row["ended_at"] is None
            assert row["status"] in {"done", "cancelled", "failed", "expired"} or resting_limit
        holdings = await paper(here).holdings()
        for book, most in (("a", 10), ("b", 6)):
            assert 0 <= await here.held(book, "TQQQ") <= most
        assert holdings.positions.get("TQQQ", 0) == (  # type: ignore[call-overload]
            await here.held("a", "TQQQ") + await here.held("b", "TQQQ")
        )


async def resting(here: World) -> tuple[object, ...]:
    """The limit order whose cancel was never sent."""
    if select(here, "SELECT * FROM requests WHERE dedup_key LIKE '%cancel%'"):
        return ()
    assert all(row["state"] in {"open", "rejected"} for row in children(here, "symbol = 'SOXL'"))
    return await paper(here).open_orders()


def kill(text: str, step: int, when: When) -> int:
    async def story() -> int:
        with tempfile.TemporaryDirectory() as name:
            steps, clock = await live(Path(name), text, step, when)
            await made_whole(Path(name), text, clock)
            return steps

    return in_virtual_time(story())


WAYS = [(text, when) for text in (THREE_BOOKS, BARE) for when in When]
MISTAKES = (send_before_it_is_stored, keep_what_an_ended_order_had_reserved)
ALL_OF_THEM = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
"""Otherwise each step is died at in one of the four ways, the next step in the next."""


@pytest.mark.slow
@pytest.mark.parametrize("way", range(len(WAYS)))
def test_a_day_that_dies_at_any_step_is_made_whole_by_the_next_process(way: int) -> None:
    text, when = WAYS[way]
    step, stride = (1, 1) if ALL_OF_THEM else (1 + way, len(WAYS))
    died_at = 0
    while True:
        with noted(f"killed {when.value} step {step}"):
            lived = kill(text, step, when)
        if lived < step:
            break
        died_at, step = step, step + stride
    assert died_at > MANY


@pytest.mark.parametrize("mutant", MISTAKES, ids=lambda one: one.__name__)
def test_dying_everywhere_would_notice_a_mistake(
    mutant: Mutant, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)
    with pytest.raises(AssertionError):
        die_everywhere()


def die_everywhere() -> None:
    for step in range(1, MANY):
        kill(THREE_BOOKS, step, When.BEFORE)
