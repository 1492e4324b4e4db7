"""Books that may be short at the simulated Binance."""

from __future__ import annotations

from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.binance.hosts import MarketKind
from adapters.clock import LoopClock
from tests.simulators.binance import Fault
from tests.support.bots import CAPITAL, Bots, bots, exchange
from tests.support.world import START

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.world import Told

BTC = "BTCUSDT"
ONE = {"a": ("alpha", "main")}
TWO = {"a": ("alpha", "main"), "b": ("beta", "main")}


@asynccontextmanager
async def at_binance(
    folder: Path, books: dict[str, tuple[str, str]] = ONE, leverage: str = "1"
) -> AsyncIterator[Bots]:
    clock = LoopClock(START)
    more = dict.fromkeys(books, f'leverage = "{leverage}"')
    async with (
        exchange(clock, books, MarketKind.FUTURES) as binance,
        bots(folder, books, binance, clock, more=more) as here,
    ):
        yield here


def error_of(told: Told) -> str:
    return str(told.body["results"][0]["orders"][0]["error"])


def position(here: Bots, symbol: str = BTC) -> Decimal:
    return here.binance.simulator.exchange.futures.positions["main", symbol, "BOTH"].amount


class TestAtBinance:
    async def test_a_short_position_is_booked_to_the_last_digit(self, tmp_path: Path) -> None:
        async with at_binance(tmp_path) as here:
            for side, price in (("sell", 50_000), ("sell", 50_333), ("buy", 49_777)):
                here.binance.simulator.set_price(BTC, Decimal(price))
                told = await here.signal(
                    "alpha", order_type="MARKET", symbol=BTC, side=side, qty="0.3", id=str(price)
                )
                assert told.http_status == 200
            await here.day.pass_time(60)
            assert position(here) == await here.day.held("a", BTC) == Decimal("-0.3")
            assert await here.day.check() == ()
            assert here.day.told("difference") == 0

    async def test_the_venue_is_set_to_the_leverage_that_the_books_count_on(
        self, tmp_path: Path
    ) -> None:
        async with at_binance(tmp_path, leverage="24.5") as here:
            told = await here.signal(
                "alpha", order_type="MARKET", symbol=BTC, side="buy", qty_per="100"
            )
            assert told.http_status == 200
            venue = here.binance.simulator.exchange.futures
            assert venue.leverage["main", BTC] == 25
            await here.day.pass_time(30)
            assert position(here) == CAPITAL * 49 / 2 / 50_000
            assert await here.day.check() == ()

    async def test_a_leverage_that_cannot_be_is_told_and_nothing_is_sent(
        self, tmp_path: Path
    ) -> None:
        async with at_binance(tmp_path, leverage="1000") as here:
            told = await here.signal("alpha", order_type="MARKET", symbol=BTC, side="buy", qty="1")
            assert told.http_status == 422
            assert "leverage 1000 of BTCUSDT" in error_of(told)
            assert here.binance.orders("main") == []

    @pytest.mark.parametrize(("books", "reduces"), [(ONE, True), (TWO, False)])
    async def test_the_venue_judges_a_closing_order_only_where_the_account_is_one_book_s(
        self,
        tmp_path: Path,
        books: dict[str, tuple[str, str]],
        reduces: bool,  # noqa: FBT001 - the fact itself
    ) -> None:
        async with at_binance(tmp_path, books) as here:
            for terms in ({"side": "buy", "qty": "0.5"}, {"side": "sell", "qty_per": "-100"}):
                await here.signal("alpha", order_type="MARKET", symbol=BTC, **terms)
                await here.day.pass_time(1)
            assert position(here) == 0
            assert [order.draft.reduce_only for order in here.binance.orders("main")] == [
                False,
                reduces,
            ]

    async def test_an_account_in_hedge_mode_stays_out_of_work(self, tmp_path: Path) -> None:
        clock = LoopClock(START)
        async with exchange(clock, ONE, MarketKind.FUTURES) as binance:
            binance.simulator.exchange.futures.hedged.add("main")
            async with bots(tmp_path, ONE, binance, clock) as here:
                (account,) = here.day.accounts()
                assert "hedge_mode" in (account.problem or "")

    async def test_stops_and_limits_of_one_bot_end_and_the_others_stay(
        self, tmp_path: Path
    ) -> None:
        """In one request where the venue takes ten; conditional orders one by one."""
        async with at_binance(tmp_path, TWO) as here:
            for bot in ("alpha", "beta"):
                await here.rest(bot, 4)
                for stop in ("55000", "56000"):
                    told = await here.signal(
                        bot,
                        order_type="STOP_MARKET",
                        symbol=BTC,
                        side="buy",
                        qty="0.01",
                        stop_price=stop,
                    )
                    assert told.http_status == 200
            here.binance.simulator.faults.script("DELETE *", Fault.DROP_AFTER)
            told = await here.cancel_all("alpha")
            await here.day.pass_time(10)
            assert (await here.final(told, "alpha"))["cancelled_orders"] == 6
            assert here.resting() == {"beta": 4}
            algos = here.binance.simulator.exchange.futures.algos.of("main")
            left = [each.draft.client_id.split("-")[0] for each in algos if each.is_open]
            assert left == ["beta", "beta"]

    async def test_a_stop_that_goes_off_is_booked_under_its_name(self, tmp_path: Path) -> None:
        async with at_binance(tmp_path) as here:
            await here.signal(
                "alpha",
                order_type="STOP_MARKET",
                symbol=BTC,
                side="sell",
                qty="0.2",
                stop_price="49000",
            )
            here.binance.simulator.set_price(BTC, Decimal(48_900))
            await here.day.pass_time(30)
            assert position(here) == await here.day.held("a", BTC) == Decimal("-0.2")
            assert await here.day.check() == ()
