"""A book that has lost too much on its market day stops, and nobody else does."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from algorithms.domain import BookName, OrderType, Symbol
from daemon.execution.entries import Transfer
from daemon.execution.halts import Scope
from tests.daemon.execution.test_bookkeeper import enter
from tests.daemon.execution.test_splits import at_the_exchange, split
from tests.support.books import all_is_well, children
from tests.support.houses import house
from tests.support.world import START, buy, sell, world

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from adapters.broker import Quote
    from tests.support.world import World

TQQQ = Symbol("TQQQ")
EVENING = START + timedelta(hours=14)
"""An hour before the market's next day."""
TWO = house(
    {"a": ("alpha", "main"), "b": ("beta", "main")},
    commission="0",
    top='[risk]\nmax_daily_loss = "100"\n',
)


async def price(day: World, text: str) -> None:
    await day.exchange().exchange.set_price(TQQQ, Decimal(text))
    await day.pass_time(21)


async def test_a_book_that_lost_too_much_is_halted_with_an_alarm(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await day.submit("alpha", buy("TQQQ", "10"))
        await day.submit("beta", buy("TQQQ", "5"))
        await price(day, "90.01")
        assert day.told("daily_loss") == 0
        await price(day, "90")
        assert day.told("daily_loss") == 1
        told = await day.submit("alpha", buy("TQQQ", "1"))
        assert told.http_status == 422
        assert "lost 100 on 2026-11-20" in str(told.body)
        assert (await day.submit("beta", buy("TQQQ", "1"))).http_status == 200
        clock = day.clock
    async with world(tmp_path, TWO, clock=clock, seed=2) as day:
        assert (await day.submit("alpha", sell("TQQQ", "1"), key="x")).http_status == 422


async def test_a_broker_that_keeps_silent_delays_no_other_accounts_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = house(
        {"a": ("alpha", "aside"), "b": ("beta", "main")},
        commission="0",
        top='[risk]\nmax_daily_loss = "100"\n',
    )

    asked: list[Symbol] = []

    async def silence(symbol: Symbol) -> Quote:
        asked.append(symbol)
        try:
            answer: asyncio.Future[Quote] = asyncio.get_running_loop().create_future()
            return await answer
        finally:
            asked.remove(symbol)

    async with world(tmp_path, text) as day:
        await day.submit("alpha", buy("TQQQ", "10"))
        await day.submit("beta", buy("TQQQ", "10"))
        monkeypatch.setattr(day.exchange("aside"), "quote", silence)
        await day.exchange("main").exchange.set_price(TQQQ, Decimal(90))
        while day.told("daily_loss") == 0:
            await day.pass_time(1)
        assert asked == [TQQQ]  # it is still waited for


async def test_realised_losses_and_fees_count(tmp_path: Path) -> None:
    text = TWO.replace('commission_percent = "0"', 'commission_percent = "1"')
    async with world(tmp_path, text) as day:
        await day.submit("alpha", buy("TQQQ", "10"))  # fee 10
        await price(day, "95")
        await day.submit("alpha", sell("TQQQ", "10"))  # loses 50, fee 9.5
        await day.pass_time(21)
        assert day.told("daily_loss") == 0
        await day.submit("alpha", buy("TQQQ", "10"))  # fee 9.5
        await price(day, "92.9")  # loses 21 more: 100 in all
        assert day.told("daily_loss") == 1


async def test_a_slice_under_way_is_not_followed_by_another(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        slow = buy("TQQQ", "40", kind=OrderType.TWAP, slices=4, minutes="4")
        await day.submit("alpha", slow)
        await day.pass_time(60)
        await price(day, "85")
        await day.pass_time(240)
        assert day.told("daily_loss") == 1
        assert [row["state"] for row in children(day)] == ["filled"]
        await all_is_well(day)


async def test_whoever_resumes_the_book_has_decided_for_the_day(tmp_path: Path) -> None:
    async with world(tmp_path, TWO, clock=LoopClock(EVENING)) as day:
        await day.submit("alpha", buy("TQQQ", "10"))
        await price(day, "80")
        assert await day.engine.halts.resume(Scope.BOOK, "a")
        await price(day, "79")
        assert day.told("daily_loss") == 1
        assert (await day.submit("alpha", buy("TQQQ", "1"))).http_status == 200
        # The next market day counts from its own previous close.
        await day.pass_time(2 * 3600)
        await price(day, "60")
        assert day.told("daily_loss") == 2


async def test_without_the_limit_nobody_is_watched(tmp_path: Path) -> None:
    text = TWO.replace('max_daily_loss = "100"', "")
    async with world(tmp_path, text) as day:
        await day.submit("alpha", buy("TQQQ", "10"))
        await price(day, "10")
        assert day.told("daily_loss") == 0


async def test_a_split_is_no_loss(tmp_path: Path) -> None:
    async with world(tmp_path, TWO) as day:
        await day.submit("alpha", buy("TQQQ", "10"))
        await day.pass_time(1)
        await enter(day, split(2, 1))
        await at_the_exchange(day, 2, 1)
        await day.pass_time(31)
        assert await day.held("a", "TQQQ") == 20
        assert day.told("daily_loss") == 0
        await price(day, "45")  # twenty that were bought for 50 each
        assert day.told("daily_loss") == 1


async def test_what_was_moved_in_has_not_lost_what_it_fell_before(tmp_path: Path) -> None:
    async with world(tmp_path, TWO, clock=LoopClock(EVENING)) as day:
        await day.submit("alpha", buy("TQQQ", "9"))
        await price(day, "90")
        away = Transfer(book=BookName("a"), to_book=BookName("b"), asset="TQQQ", amount=Decimal(9))
        await enter(day, away)
        await day.pass_time(2 * 3600)
        await day.submit("beta", buy("TQQQ", "1"))
        await price(day, "80")
        assert day.told("daily_loss") == 1  # of b: it held them when this day began
        assert day.told("difference") == 0
