"""Seoul's days and New York's nights in one daemon: each market has its own day, and its own clock.

Longer: ``python -m tests.kis_days --what weeks``.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.clock import LoopClock
from algorithms.domain import OrderType, Side
from tests.kis_days.day import KST, TOP
from tests.kis_days.house import AMERICAN_FUNDS, Half, daemon_at, house
from tests.kis_days.judge import wrong_in_the_books
from tests.kis_days.weeks import play_weeks
from tests.simulators.kis import Fault, engine
from tests.support.world import order

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tests.kis_days.house import House
    from tests.support.world import Told, World

SEOUL, NEW_YORK = Half("alice", "KRW"), Half("alice", "USD")
ONLY_KOREAN, ONLY_AMERICAN = Half("bob", "KRW"), Half("carol", "USD")
KODEX, SOXL = "069500", "SOXL"


class Scene:
    """A broker's host, and a daemon that is started and stopped in front of it."""

    def __init__(self, folder: Path, here: House, clock: LoopClock) -> None:
        self._folder = folder
        self.here = here
        self.clock = clock
        self._starts = 0

    def daemon(self) -> AbstractAsyncContextManager[World]:
        self._starts += 1
        top = TOP.format(loc="orders", offset="0.5", compare_s=400)
        return daemon_at(self._folder, self.here, self.clock, seed=self._starts, top=top)

    async def until(self, written: str) -> None:
        await self.clock.sleep((at(written) - self.clock.now()).total_seconds())


def at(written: str) -> datetime:
    """Read a time by Seoul's clock."""
    return datetime.fromisoformat(written).replace(tzinfo=KST)


@asynccontextmanager
async def scene(
    folder: Path, begin: str, *halves: Half, hidden_s: float = 0.0
) -> AsyncIterator[Scene]:
    clock = LoopClock(at(begin))
    async with house(clock, halves or (SEOUL, NEW_YORK), bots=("alpha",)) as here:
        here.simulator.switches.visible_from_s = hidden_s
        here.simulator.switches.visible_to_s = max(hidden_s, 1.0)
        yield Scene(folder, here, clock)


async def buy(
    day: World, half: Half, quantity: str, price: str, kind: OrderType = OrderType.LIMIT
) -> Told:
    symbol = KODEX if half.currency == "KRW" else SOXL
    wish = order(Side.BUY, symbol, quantity, price=price, kind=kind, account=half.name)
    return await day.submit("alpha", wish, key=day.clock.now().isoformat())


async def children(day: World) -> list[str]:
    """Tell of every order: its account, its market day, what became of it."""
    return [
        f"{row['account']} {row['market_day']} {row['state']} {row['filled']}"
        for row in await day.rows("all_children")
    ]


async def test_a_night_in_new_york_is_of_the_date_it_began_on_whatever_seouls_clock_says(
    tmp_path: Path,
) -> None:
    halves = (SEOUL, NEW_YORK, ONLY_KOREAN, ONLY_AMERICAN)
    async with scene(tmp_path, "2026-11-20 14:50", *halves) as here:
        async with here.daemon() as day:
            await buy(day, SEOUL, "3", "42000")
            await buy(day, ONLY_KOREAN, "4", "42000")
            await here.clock.sleep(60)
        await here.until("2026-11-21 00:30")
        async with here.daemon() as day:
            await buy(day, NEW_YORK, "5", "29.00")
            await buy(day, ONLY_AMERICAN, "6", "29.00")
            await here.clock.sleep(60)
            assert sorted(await children(day)) == [
                "alice_krw 2026-11-20 filled 3",
                "alice_usd 2026-11-20 filled 5",
                "bob_krw 2026-11-20 filled 4",
                "carol_usd 2026-11-20 filled 6",
            ]
            assert not await wrong_in_the_books(day, here.here)


async def test_an_order_that_fills_at_midnight_while_nobody_looks_is_booked_once(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, "2026-11-20 23:50") as here:
        async with here.daemon() as day:
            await buy(day, NEW_YORK, "5", "25.00")
        await here.until("2026-11-21 00:01")
        here.here.simulator.set_price(SOXL, Decimal("24.90"))
        await here.until("2026-11-21 00:05")
        async with here.daemon() as day:
            await here.clock.sleep(60)
            assert await children(day) == ["alice_usd 2026-11-20 filled 5"]
            assert not await wrong_in_the_books(day, here.here)


async def test_a_number_that_comes_again_on_the_next_day_is_another_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LONGEST_STEP", 1)  # no other customers: the day's first number
    async with scene(tmp_path, "2026-11-20 15:05", SEOUL) as here:
        async with here.daemon() as day:
            await buy(day, SEOUL, "3", "36000")
        await here.until("2026-11-23 09:05")
        async with here.daemon() as day:
            await here.clock.sleep(60)
            assert await children(day) == ["alice_krw 2026-11-20 expired 0"]
            await buy(day, SEOUL, "2", "42000")
            await here.clock.sleep(60)
            rows = await day.rows("all_children")
            assert len({row["broker_order_id"] for row in rows}) == 1
            assert sorted(await children(day)) == [
                "alice_krw 2026-11-20 expired 0",
                "alice_krw 2026-11-23 filled 2",
            ]
            assert not await wrong_in_the_books(day, here.here)


@pytest.mark.parametrize(
    ("when", "taken"),
    [
        pytest.param("2026-10-31 04:45", True, id="summer in New York"),
        pytest.param("2026-11-03 05:45", True, id="winter, since clocks went back"),
        pytest.param("2026-11-03 05:55", False, id="too late in winter"),
        pytest.param("2027-03-16 04:55", False, id="too late again, since clocks went forward"),
        pytest.param("2026-11-28 02:45", True, id="a half day"),
        pytest.param("2026-11-28 02:55", False, id="too late on a half day"),
    ],
)
async def test_orders_for_the_close_follow_new_yorks_clock(
    tmp_path: Path, when: str, *, taken: bool
) -> None:
    async with scene(tmp_path, when, NEW_YORK) as here, here.daemon() as day:
        limit = str(AMERICAN_FUNDS[SOXL] + 1)
        told = await buy(day, NEW_YORK, "5", limit, OrderType.LOC)
        assert (told.body["failed_orders"] == 0) is taken
        await here.clock.sleep(20 * 60 if taken else 60)
        rows = await day.rows("all_children")
        assert [row["state"] for row in rows if row["broker_order_id"]] == ["filled"] * taken
        assert not await wrong_in_the_books(day, here.here)


@pytest.mark.parametrize(
    ("begin", "night", "trades", "rests"),
    [
        pytest.param("2026-11-26 10:00", "2026-11-27 00:30", SEOUL, NEW_YORK, id="Thanksgiving"),
        pytest.param("2026-12-31 10:00", "2027-01-01 00:30", NEW_YORK, SEOUL, id="31 December"),
    ],
)
async def test_a_holiday_of_one_market_is_a_working_day_of_the_other(
    tmp_path: Path, begin: str, night: str, trades: Half, rests: Half
) -> None:
    async with scene(tmp_path, begin) as here:
        async with here.daemon() as day:
            await buy(day, SEOUL, "3", "42000")
        await here.until(night)
        async with here.daemon() as day:
            await buy(day, NEW_YORK, "5", "29.00")
            await here.clock.sleep(60)
            became = {row["account"]: row["state"] for row in await day.rows("all_children")}
            assert became == {trades.name: "filled", rests.name: "rejected"}
            assert not await wrong_in_the_books(day, here.here)


async def test_an_order_turned_away_for_haste_but_taken_all_the_same_is_not_sent_again(
    tmp_path: Path,
) -> None:
    async with scene(tmp_path, "2026-11-20 10:00", SEOUL, hidden_s=6.0) as here:
        here.here.simulator.switches.stalled = True
        async with here.daemon() as day:
            code = "EGW00201"
            here.here.simulator.faults.script("domestic.buy", Fault.GATEWAY_AFTER, code=code)
            await buy(day, SEOUL, "3", "42000")
            await here.clock.sleep(timedelta(minutes=2).total_seconds())
            assert await children(day) == ["alice_krw 2026-11-20 filled 3"]
            assert not await wrong_in_the_books(day, here.here)


@pytest.mark.slow
def test_days_around_the_odd_ones_of_both_markets_end_with_equal_books() -> None:
    lived = play_weeks(1, lives=3)
    assert not lived.wrong, "\n".join(["", *lived.story, *lived.wrong])
    assert lived.orders
    assert lived.judgements
