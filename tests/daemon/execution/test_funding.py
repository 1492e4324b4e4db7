"""Futures cost those who hold them, every few hours, and pay those on the other side."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.binance.hosts import MarketKind
from adapters.clock import LoopClock
from tests.daemon.execution.test_futures import BTC, ONE, TWO, at_binance
from tests.support.bots import bots, exchange
from tests.support.world import START

if TYPE_CHECKING:
    from pathlib import Path


async def test_funding_is_shared_by_what_each_book_held_when_it_was_paid(
    tmp_path: Path,
) -> None:
    """The account is long by 0.3: a pays for 0.4, and b, short by 0.1, gets its part."""
    async with at_binance(tmp_path, TWO) as here:
        venue = here.binance.simulator.exchange.futures
        await here.signal("alpha", order_type="MARKET", symbol=BTC, side="buy", qty="0.4")
        await here.signal("beta", order_type="MARKET", symbol=BTC, side="sell", qty="0.1")
        await here.day.pass_time(120)
        before = {book: await here.day.held(book, "USDT") for book in ("a", "b")}
        venue.pay_funding(BTC, Decimal("0.0001"))  # of 0.3 x 50,000: 1.50
        # What happens after is not paid for, even if it is known before the payment is.
        await here.day.pass_time(1)
        await here.signal("alpha", order_type="MARKET", symbol=BTC, side="sell", qty="0.4")
        await here.day.pass_time(60)
        sale = (await here.day.rows("all_fills"))[-1]
        got = Decimal(sale["quantity"]) * Decimal(sale["price"]) - Decimal(sale["fee"])
        assert await here.day.held("a", "USDT") - before["a"] - got == Decimal("-2.00")
        assert await here.day.held("b", "USDT") - before["b"] == Decimal("0.50")
        assert here.day.told("difference") == 0
        assert await here.day.check() == ()
        venue.pay_funding(BTC, Decimal("-0.0002"))  # b is alone now, and short: it pays
        await here.day.pass_time(60)
        assert await here.day.held("b", "USDT") - before["b"] == Decimal("-0.50")
        assert await here.day.check() == ()


async def test_funding_of_nobody_s_position_stays_a_difference(tmp_path: Path) -> None:
    async with at_binance(tmp_path) as here:
        await here.day.pass_time(120)
        venue = here.binance.simulator.exchange.futures
        venue.positions["main", BTC, "BOTH"].add(Decimal(1), Decimal(50_000))
        venue.pay_funding(BTC, Decimal("0.0001"))
        venue.positions["main", BTC, "BOTH"].add(Decimal(-1), Decimal(50_000))
        await here.day.pass_time(120)
        assert here.day.told("difference") == 1
        assert await here.day.check() == ()


async def test_each_payment_is_booked_once_however_often_it_is_told(tmp_path: Path) -> None:
    async with at_binance(tmp_path) as here:
        venue = here.binance.simulator.exchange.futures
        await here.signal("alpha", order_type="MARKET", symbol=BTC, side="buy", qty="1")
        await here.day.pass_time(60)
        before = await here.day.held("a", "USDT")
        for rate in ("0.0001", "0.0002", "-0.0001"):
            venue.pay_funding(BTC, Decimal(rate))
            await here.day.pass_time(60)
        price = venue.mark(BTC)
        assert await here.day.held("a", "USDT") - before == -price * Decimal("0.0002")
        assert here.day.told("ledger_entry") == 3
        assert await here.day.check() == ()


async def test_what_was_paid_before_the_first_look_at_an_account_is_in_its_cash(
    tmp_path: Path,
) -> None:
    clock = LoopClock(START)
    async with exchange(clock, ONE, MarketKind.FUTURES) as binance:
        venue = binance.simulator.exchange.futures
        venue.positions["main", BTC, "BOTH"].add(Decimal(1), Decimal(50_000))
        venue.pay_funding(BTC, Decimal("0.0001"))
        venue.positions["main", BTC, "BOTH"].add(Decimal(-1), Decimal(50_000))
        await asyncio.sleep(1)
        async with bots(tmp_path, ONE, binance, clock) as here:
            await here.signal("alpha", order_type="MARKET", symbol=BTC, side="buy", qty="1")
            await here.day.pass_time(60)
            before = await here.day.held("a", "USDT")
            venue.pay_funding(BTC, Decimal("0.0001"))
            await here.day.pass_time(60)
            assert await here.day.held("a", "USDT") - before == Decimal("-5.0000")
            assert await here.day.held("@suspense", "USDT") == -5
            assert await here.day.check() == ()
