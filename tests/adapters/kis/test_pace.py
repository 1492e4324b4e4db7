"""Whose turn it is, at a broker that takes one request a second."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from adapters.clock import LoopClock
from adapters.kis.pace import MOST_WAITING, Pace, Rank
from adapters.limits import OverBudgetError
from tests.support.world import START, started

if TYPE_CHECKING:
    from asyncio import Task

SPACING_S = 1.1


class Line:
    """Requests that queue, and when each left."""

    def __init__(self) -> None:
        self.clock = LoopClock(START)
        self.pace = Pace(self.clock, SPACING_S)
        self.left: list[tuple[str, float]] = []

    async def ask(self, name: str, rank: Rank, within_s: float = 60.0) -> None:
        await self.pace.enter(rank, within_s)
        self.left.append((name, round(self.clock.monotonic(), 3)))

    def queue(self, name: str, rank: Rank, within_s: float = 60.0) -> Task[None]:
        return started(self.ask(name, rank, within_s))

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.left]


async def test_requests_leave_evenly_spaced() -> None:
    line = Line()
    await asyncio.gather(*(line.queue(str(number), Rank.ASK) for number in range(4)))
    assert line.left == [("0", 0.0), ("1", 1.1), ("2", 2.2), ("3", 3.3)]


async def test_a_cancel_passes_everything_that_waits() -> None:
    line = Line()
    first = [line.queue(f"quote {number}", Rank.ASK) for number in range(5)]
    await asyncio.sleep(1.2)
    await asyncio.gather(*first, line.queue("cancel", Rank.CANCEL))
    assert line.names == ["quote 0", "quote 1", "cancel", *(f"quote {n}" for n in (2, 3, 4))]


async def test_orders_go_before_questions_that_came_with_them() -> None:
    line = Line()
    ranks = {"quote": Rank.ASK, "search": Rank.FIND, "order": Rank.ORDER}
    blocker = line.queue("first", Rank.ORDER)
    await asyncio.gather(blocker, *(line.queue(name, rank) for name, rank in ranks.items()))
    assert line.names == ["first", "order", "search", "quote"]


async def test_a_stream_of_orders_does_not_shut_a_price_out() -> None:
    line = Line()
    quote = line.queue("quote", Rank.ASK)
    await asyncio.gather(quote, *(line.queue(f"order {number}", Rank.ORDER) for number in range(3)))
    line.left.clear()

    async def orders() -> None:
        for number in range(8):
            await line.ask(f"order {number}", Rank.ORDER)

    await asyncio.gather(started(orders()), line.queue("price", Rank.ASK))
    assert line.names.index("price") <= 3


async def test_who_waits_too_long_is_surely_not_sent() -> None:
    line = Line()
    await line.ask("first", Rank.ASK)
    with pytest.raises(OverBudgetError) as error:
        await line.ask("second", Rank.ASK, within_s=0.5)
    assert error.value.retry_after_s > 0
    await asyncio.sleep(5)
    assert line.names == ["first"]
    assert line.pace.waiting == 0


async def test_a_silence_asked_for_is_kept() -> None:
    line = Line()
    line.pace.close_for(3.0)
    line.pace.close_for(1.0)
    await line.ask("after", Rank.CANCEL)
    assert line.left == [("after", 3.0)]


async def test_who_gives_up_leaves_the_line() -> None:
    line = Line()
    await line.ask("first", Rank.ASK)
    waiting = line.queue("second", Rank.ASK)
    await asyncio.sleep(0)
    waiting.cancel()
    await line.ask("third", Rank.ASK)
    assert line.left == [("first", 0.0), ("third", 1.1)]


async def test_the_line_is_not_endless() -> None:
    line = Line()
    line.pace.close_for(3600.0)
    waiting = [line.queue(str(number), Rank.ASK) for number in range(MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(OverBudgetError):
        await line.ask("one more", Rank.ASK)
    for each in waiting:
        each.cancel()
    await asyncio.wait(waiting)


async def test_a_key_that_is_turned_away_again_and_again_goes_slower_until_that_ends() -> None:
    line = Line()
    pace = line.pace = Pace(line.clock, 0.07, 0.5)
    pace.refused(1.1)
    assert pace.spacing_s == 0.07, "once may be an accident"
    for slower in (0.14, 0.28, 0.5, 0.5):
        await line.clock.sleep(1.1)
        pace.refused(1.1)
        assert pace.spacing_s == slower
    for faster in (0.25, 0.125, 0.07, 0.07):
        await line.clock.sleep(30)
        await line.ask("quote", Rank.ASK)
        assert pace.spacing_s == faster
    pace.refused(1.1)
    assert pace.spacing_s == 0.07


async def test_refusals_that_lie_apart_are_accidents() -> None:
    line = Line()
    for _ in range(5):
        line.pace.refused(1.1)
        await line.clock.sleep(15)
    assert line.pace.spacing_s == SPACING_S
