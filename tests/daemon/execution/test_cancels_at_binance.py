"""Cancelling by strategy, over HTTP, at an exchange that knows accounts only."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from adapters.clock import LoopClock
from tests.simulators.binance import Fault
from tests.support.bots import Bots, bots, exchange, owner
from tests.support.world import START, started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

SHARED = {"a": ("alpha", "main"), "b": ("beta", "main")}
SUBSCRIBERS = {
    "o": ("alpha", "owner"),
    "s": ("alpha", "first"),
    "t": ("alpha", "second"),
    "x": ("beta", "owner"),
}


@asynccontextmanager
async def trading(folder: Path, books: Mapping[str, tuple[str, str]]) -> AsyncIterator[Bots]:
    clock = LoopClock(START)
    async with exchange(clock, books) as binance, bots(folder, books, binance, clock) as running:
        yield running


class TestCasesOfTheSpecification:
    async def test_three_of_alpha_end_and_two_of_beta_stay(self, tmp_path: Path) -> None:
        async with trading(tmp_path, SHARED) as here:
            await here.rest("alpha", 3)
            await here.rest("beta", 2)
            told = await here.cancel_all("alpha")
            assert (told.http_status, told.body["cancelled_orders"]) == (200, 3)
            assert here.resting() == {"beta": 2}

    async def test_two_strategies_one_after_the_other_each_end_their_own(
        self, tmp_path: Path
    ) -> None:
        async with trading(tmp_path, SHARED) as here:
            for strategy in ("alpha", "beta"):
                await here.rest(strategy, symbol="ETHUSDT")
            for strategy, left in (("alpha", {"beta": 1}), ("beta", {})):
                told = await here.cancel_all(strategy)
                assert told.body["cancelled_orders"] == 1
                assert here.resting() == left

    async def test_one_and_two_in_two_accounts_are_three(self, tmp_path: Path) -> None:
        books = {"a": ("alpha", "one"), "b": ("alpha", "two")}
        async with trading(tmp_path, books) as here:
            await here.rest("alpha", 1, account="one")
            await here.rest("alpha", 2, account="two")
            told = await here.cancel_all("alpha")
            assert told.body["cancelled_orders"] == 3
            assert here.open() == []

    async def test_the_owner_and_two_subscribers_have_nine(self, tmp_path: Path) -> None:
        async with trading(tmp_path, SUBSCRIBERS) as here:
            await here.rest("alpha", 3)
            await here.rest("beta", 1)
            assert here.resting() == {"alpha": 9, "beta": 1}
            told = await here.cancel_all("alpha")
            assert told.body["cancelled_orders"] == 9
            assert here.resting() == {"beta": 1}
            assert [each["cancelled"] for each in told.body["results"]] == [3, 3, 3]

    async def test_ten_accounts_go_in_parallel(self, tmp_path: Path) -> None:
        """The exchange takes 50 ms for each: together they take hardly longer than one."""
        books = {f"b{number}": ("alpha", f"acc{number}") for number in range(10)}
        async with trading(tmp_path, books) as here:
            await here.rest("alpha", 2)
            faults = here.binance.simulator.faults
            faults.script("DELETE /api/v3/order", Fault.DELAY, times=20, delay_s=0.05)
            begun = here.day.clock.monotonic()
            told = await here.cancel_all("alpha")
            assert told.body["cancelled_orders"] == 20
            assert here.day.clock.monotonic() - begun < 0.15
            assert here.open() == []

    async def test_four_of_one_symbol_end_and_another_symbol_stays(self, tmp_path: Path) -> None:
        async with trading(tmp_path, SHARED) as here:
            await here.rest("alpha", 4, "ETHUSDT")
            await here.rest("alpha", 1, "BTCUSDT")
            told = await here.cancel_all("alpha", symbol="ETH/USDT")
            assert told.body["cancelled_orders"] == 4
            assert [order.draft.symbol for order in here.open()] == ["BTCUSDT"]

    async def test_nothing_to_cancel_is_a_success_that_says_so(self, tmp_path: Path) -> None:
        async with trading(tmp_path, SHARED) as here:
            await here.rest("beta", 1)
            told = await here.cancel_all("alpha")
            assert told.http_status == 200
            assert told.body["message"] == "no open orders to cancel"
            assert here.resting() == {"beta": 1}


class TestOnTheWay:
    async def test_an_order_being_placed_cannot_escape(self, tmp_path: Path) -> None:
        """The cancel comes while the exchange still works on the placing."""
        async with trading(tmp_path, SHARED) as here:
            here.binance.simulator.faults.script("POST /api/v3/order", Fault.DELAY, delay_s=1.5)
            placing = started(here.rest("alpha"))
            await here.day.pass_time(0.2)
            told = await here.cancel_all("alpha")
            await here.day.pass_time(5)
            assert (await here.final(told, "alpha"))["cancelled_orders"] == 1
            assert here.open() == []
            placing.cancel()

    @pytest.mark.parametrize("fault", [Fault.DROP_AFTER, Fault.UNKNOWN_503_AFTER, Fault.LATE])
    async def test_an_order_of_unknown_fate_cannot_escape(
        self, tmp_path: Path, fault: Fault
    ) -> None:
        async with trading(tmp_path, SHARED) as here:
            faults = here.binance.simulator.faults
            faults.script("POST /api/v3/order", fault, delay_s=3.0)
            faults.query_lag_s = 2.0
            faults.stalled = True
            placing = started(here.rest("alpha"))
            await here.day.pass_time(0.2)
            await here.cancel_all("alpha")
            await here.day.pass_time(60)
            assert here.open() == []
            assert len(here.binance.orders("main")) == 1
            placing.cancel()

    async def test_an_order_that_filled_meanwhile_is_booked_and_told(self, tmp_path: Path) -> None:
        async with trading(tmp_path, SHARED) as here:
            await here.rest("alpha", 2)
            here.binance.simulator.faults.stalled = True
            here.binance.simulator.set_price("BTCUSDT", here.open()[1].price)  # type: ignore[arg-type]
            told = await here.cancel_all("alpha")
            receipt = told.body["results"][0]["receipt"]
            assert (receipt["cancelled"], receipt["filled_meanwhile"]) == (1, 1)
            assert await here.day.held("a", "BTCUSDT") > 0

    async def test_slices_that_wait_end_with_the_one_that_rests(self, tmp_path: Path) -> None:
        async with trading(tmp_path, SHARED) as here:
            told = await here.signal(
                "alpha",
                order_type="TWAP",
                symbol="BTCUSDT",
                side="buy",
                qty="0.04",
                price="40000",
                slices=4,
                minutes=40,
            )
            assert told.http_status == 200
            await here.day.pass_time(310)
            assert here.resting() == {"alpha": 1}
            await here.cancel_all("alpha")
            await here.day.pass_time(3600)
            assert [owner(order) for order in here.binance.orders("main")] == ["alpha"]
            assert here.open() == []
