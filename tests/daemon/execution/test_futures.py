"""Books that may be short, at the paper exchange and at the simulated Binance."""

from __future__ import annotations

from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.binance.hosts import MarketKind
from adapters.clock import LoopClock
from algorithms.domain import OrderType
from tests.simulators.binance import Fault
from tests.support.bots import CAPITAL, Bots, bots, exchange
from tests.support.houses import house
from tests.support.world import START, buy, cancel_all, sell, world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.support.world import Told

BTC = "BTCUSDT"
ONE = {"a": ("alpha", "main")}
TWO = {"a": ("alpha", "main"), "b": ("beta", "main")}
PAPER = house(TWO, capital="1000").replace(
    'currency = "USD"\n', 'currency = "USD"\nmarket_type = "futures"\n'
)


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


class TestOnPaper:
    async def test_a_book_goes_short_and_buys_back(self, tmp_path: Path) -> None:
        async with world(tmp_path, PAPER) as day:
            await day.submit("alpha", sell("TQQQ", "5"))
            await day.pass_time(1)
            assert await day.held("a", "TQQQ") == -5
            assert await day.held("a", "USD") > 1400
            await day.set_price("TQQQ", "90")
            await day.submit("alpha", buy("TQQQ", None, percent="-100"))
            await day.pass_time(1)
            assert await day.held("a", "TQQQ") == 0
            assert await day.held("a", "USD") > 1045
            assert await day.check() == ()

    async def test_capital_times_leverage_bounds_longs_and_shorts(self, tmp_path: Path) -> None:
        async with world(tmp_path, PAPER) as day:
            for order in (buy("TQQQ", "11"), sell("TQQQ", "11")):
                told = await day.submit("alpha", order)
                assert told.http_status == 422
                assert error_of(told).startswith("insufficient_margin: a could come to hold 11")
            assert (await day.submit("alpha", sell("TQQQ", "9"))).http_status == 200

    async def test_orders_that_wait_count_too_and_each_side_for_itself(
        self, tmp_path: Path
    ) -> None:
        """Six to buy and six to sell are six, not twelve; six more to buy are too many."""
        async with world(tmp_path, PAPER) as day:
            low = buy("TQQQ", "6", kind=OrderType.LIMIT, price="99")
            high = sell("TQQQ", "6", kind=OrderType.LIMIT, price="101", nets=False)
            assert (await day.submit("alpha", low)).http_status == 200
            assert (await day.submit("alpha", high)).http_status == 200
            assert error_of(await day.submit("alpha", low)).startswith("insufficient_margin")
            await day.submit("alpha", cancel_all())
            await day.pass_time(1)
            assert (await day.submit("alpha", low)).http_status == 200

    async def test_an_order_that_only_reduces_is_taken_however_much_is_lost(
        self, tmp_path: Path
    ) -> None:
        async with world(tmp_path, PAPER) as day:
            await day.submit("alpha", buy("TQQQ", "9"))
            await day.pass_time(1)
            await day.set_price("TQQQ", "50")
            assert (await day.submit("alpha", sell("TQQQ", "9"))).http_status == 200

    async def test_crossing_zero_closes_and_then_opens(self, tmp_path: Path) -> None:
        async with world(tmp_path, PAPER) as day:
            await day.submit("alpha", buy("TQQQ", "4"))
            await day.submit("alpha", sell("TQQQ", "9"))
            await day.pass_time(1)
            assert await day.held("a", "TQQQ") == -5
            assert await day.check() == ()

    async def test_orders_are_crossed_only_where_a_book_wants_it(self, tmp_path: Path) -> None:
        async with world(tmp_path, PAPER) as day:
            await day.submit("alpha", buy("TQQQ", "3"))
            await day.submit("beta", sell("TQQQ", "3"))
            await day.pass_time(2)
            assert day.told("pair_crossed") == 0
        wanted = PAPER.replace('capital = "1000"\n', 'capital = "1000"\nnet = true\n')
        (tmp_path / "second").mkdir()
        async with world(tmp_path / "second", wanted) as day:
            slow = buy("TQQQ", "3", kind=OrderType.TWAP, slices=1, minutes="1")
            await day.submit("alpha", slow)
            await day.submit("beta", sell("TQQQ", "3"))
            await day.pass_time(2)
            assert day.told("pair_crossed") == 1
            assert await day.held("b", "TQQQ") == -3
            assert await day.check() == ()

    async def test_slices_may_use_the_leverage(self, tmp_path: Path) -> None:
        text = PAPER.replace('capital = "1000"\n', 'capital = "1000"\nleverage = "5"\n')
        async with world(tmp_path, text) as day:
            slow = buy("TQQQ", "40", kind=OrderType.TWAP, slices=2, minutes="2")
            assert (await day.submit("alpha", slow)).http_status == 200
            await day.pass_time(200)
            assert await day.held("a", "TQQQ") == 40
            assert await day.held("a", "USD") < 0


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
