"""Orders that somebody placed past the daemon, and the book that takes them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.binance.hosts import MarketKind
from adapters.clock import LoopClock
from tests.support.bots import bots, exchange
from tests.support.world import START, cancel_all

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.bots import Bots

BTC = "BTCUSDT"
TWO = {"a": ("alpha", "main"), "b": ("beta", "main")}
TAKES = '[reconcile]\nadopt_orphans = ["a"]\n'
LOW = Decimal(40_000)


def by_hand(here: Bots, quantity: str, price: Decimal = LOW) -> None:
    here.binance.buy_by_hand("main", BTC, Decimal(quantity), price)


async def test_a_book_takes_what_is_found_and_its_strategy_can_cancel_it(tmp_path: Path) -> None:
    clock = LoopClock(START)
    async with (
        exchange(clock, TWO) as binance,
        bots(tmp_path, TWO, binance, clock, top=TAKES) as here,
    ):
        by_hand(here, "0.5")
        await here.day.pass_time(61)
        assert here.day.told("orphan_adopted") == 1
        assert here.day.told("orphan_order") == 0
        assert await here.day.reserved("a", "USDT") >= 20_000
        assert await here.day.check() == ()
        await here.day.submit("beta", cancel_all())
        assert len(here.open()) == 1
        told = await here.day.submit("alpha", cancel_all())
        assert told.body["cancelled_orders"] == 1
        assert here.open() == []
        assert await here.day.reserved("a", "USDT") == 0
        assert await here.day.check() == ()


async def test_what_had_filled_before_belongs_to_the_book_too(tmp_path: Path) -> None:
    clock = LoopClock(START)
    async with (
        exchange(clock, TWO) as binance,
        bots(tmp_path, TWO, binance, clock, top=TAKES) as here,
    ):
        binance.venue.depth[BTC] = Decimal("0.2")
        by_hand(here, "0.5", Decimal("50000.01"))
        (order,) = here.open()
        assert order.executed == Decimal("0.2")
        await here.day.pass_time(120)
        assert await here.day.held("a", BTC) == Decimal("0.2") * Decimal("0.999")
        binance.venue.depth[BTC] = Decimal(10)
        binance.simulator.set_price(BTC, Decimal(49_000))
        await here.day.pass_time(60)
        assert await here.day.held("a", BTC) == Decimal("0.5") * Decimal("0.999")
        assert await here.day.check() == ()
        assert [row for row in await here.day.rows("all_positions") if _in_suspense(row)] == []


async def test_a_book_does_not_take_what_it_cannot_pay(tmp_path: Path) -> None:
    clock = LoopClock(START)
    async with (
        exchange(clock, TWO) as binance,
        bots(tmp_path, TWO, binance, clock, top=TAKES) as here,
    ):
        by_hand(here, "4")
        await here.day.pass_time(200)
        assert here.day.told("orphan_adopted") == 0
        (notice,) = [each for each in here.day.notices if each.code == "orphan_order"]
        assert "a has only 100000 USDT free" in notice.text
        assert len(here.open()) == 1


async def test_without_a_book_named_for_it_an_order_is_left_alone(tmp_path: Path) -> None:
    clock = LoopClock(START)
    async with exchange(clock, TWO) as binance:
        async with bots(tmp_path, TWO, binance, clock) as here:
            by_hand(here, "0.5")
            await here.day.pass_time(200)
            assert here.day.told("orphan_order") == 1
            assert await here.day.rows("all_parents") == []
        async with bots(tmp_path, TWO, binance, clock, top=TAKES, seed=2) as here:
            (parent,) = await here.day.rows("all_parents")
            assert parent["book"] == "a", "once somebody is named for it"


async def test_a_futures_book_takes_an_order_and_cancels_it_in_a_batch(tmp_path: Path) -> None:
    clock = LoopClock(START)
    async with (
        exchange(clock, TWO, MarketKind.FUTURES) as binance,
        bots(tmp_path, TWO, binance, clock, top=TAKES) as here,
    ):
        by_hand(here, "0.5")
        await here.rest("alpha", 2)
        await here.rest("beta", 1)
        await here.day.pass_time(61)
        assert here.day.told("orphan_adopted") == 1
        told = await here.cancel_all("alpha")
        assert told.body["cancelled_orders"] == 3
        assert here.resting() == {"beta": 1}


def _in_suspense(row: dict[str, object]) -> bool:
    return row["book"] == "@suspense" and row["quantity"] != "0"
