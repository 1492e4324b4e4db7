"""An exchange that counts: nobody asks more than he may, nor before he is told, cancels first."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from tests.simulators.binance import Fault
from tests.support.bots import Bots, bots, exchange
from tests.support.world import START, started

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

TWO = {"a": ("alpha", "main"), "b": ("beta", "main"), "c": ("alpha", "side")}
PLACE = "POST /api/v3/order"


@asynccontextmanager
async def trading(
    folder: Path, *, weight: int = 6000, orders_10s: int = 100, orders_1m: int = 1000
) -> AsyncIterator[Bots]:
    clock = LoopClock(START)
    async with exchange(clock, TWO) as binance:
        limits = binance.simulator.exchange.spot_limits
        limits.weight = weight
        limits.orders = {10_000: orders_10s, 60_000: orders_1m}
        async with bots(folder, TWO, binance, clock) as here:
            yield here


def refusals(here: Bots) -> int:
    return here.binance.simulator.exchange.spot_limits.refusals


def impatient(here: Bots) -> int:
    return here.binance.simulator.faults.impatient


async def states(here: Bots) -> list[str]:
    return [row["state"] for row in await here.day.rows("all_children")]


class TestSteadyState:
    async def test_a_flood_of_orders_is_spread_and_never_refused(self, tmp_path: Path) -> None:
        """Sixty orders, twenty allowed in ten seconds: they arrive in time, one after the other."""
        async with trading(tmp_path, orders_10s=20, orders_1m=1000) as here:
            tasks = [started(here.rest("alpha", 1, account="main")) for _ in range(60)]
            await here.day.pass_time(58)
            assert here.resting() == {"alpha": 60}
            assert refusals(here) == 0
            for task in tasks:
                task.cancel()

    async def test_cancels_pass_the_orders_that_wait(self, tmp_path: Path) -> None:
        """The address's weight is nearly used up; beta's cancels go, alpha's orders wait."""
        async with trading(tmp_path, weight=180) as here:
            await here.rest("beta", 5)
            tasks = [started(here.rest("alpha", 1, account="main")) for _ in range(100)]
            await here.day.pass_time(1)
            waiting = len(here.open())
            begun = here.day.clock.monotonic()
            told = await here.cancel_all("beta")
            assert told.body["cancelled_orders"] == 5
            assert here.day.clock.monotonic() - begun < 1
            assert "beta" not in here.resting()
            assert waiting < 100
            await here.day.pass_time(200)
            assert refusals(here) == 0
            for task in tasks:
                task.cancel()


class TestAfterARefusal:
    async def test_orders_wait_as_long_as_they_were_told(self, tmp_path: Path) -> None:
        """Thirty seconds; an order of another account behind the same address waits with it."""
        async with trading(tmp_path) as here:
            here.binance.simulator.faults.retry_after_s = 30
            here.binance.simulator.faults.script(PLACE, Fault.RATE_LIMIT_429_BEFORE)
            first = started(here.rest("alpha", account="main"))
            await here.day.pass_time(0.1)
            second = started(here.rest("alpha", account="side"))
            await here.day.pass_time(25)
            assert here.open() == []
            assert set(await states(here)) == {"planned"}
            await here.day.pass_time(10)
            assert here.resting() == {"alpha": 2}
            assert impatient(here) == 0
            assert here.day.told("order_waits") >= 1
            for task in (first, second):
                task.cancel()

    async def test_an_order_that_waits_is_cancelled_at_once(self, tmp_path: Path) -> None:
        async with trading(tmp_path) as here:
            here.binance.simulator.faults.retry_after_s = 30
            here.binance.simulator.faults.script(PLACE, Fault.RATE_LIMIT_429_BEFORE)
            waiting = started(here.rest("alpha", account="main"))
            await here.day.pass_time(0.1)
            told = await here.cancel_all("alpha")
            assert (told.http_status, told.body["cancelled_orders"]) == (200, 1)
            await here.day.pass_time(60)
            assert here.binance.orders("main") == []
            waiting.cancel()

    async def test_an_order_that_would_be_too_old_by_then_is_refused_now(
        self, tmp_path: Path
    ) -> None:
        async with trading(tmp_path) as here:
            here.binance.simulator.faults.retry_after_s = 600
            here.binance.simulator.faults.script(PLACE, Fault.RATE_LIMIT_429_BEFORE)
            told = await here.signal(
                "alpha", order_type="MARKET", symbol="BTCUSDT", side="buy", qty="1", account="main"
            )
            assert told.http_status == 502
            (result,) = told.body["results"]
            assert result["orders"][0]["error"].startswith("rate_limited: 429")

    async def test_a_cancel_waits_its_time_and_ends_its_order(self, tmp_path: Path) -> None:
        async with trading(tmp_path) as here:
            await here.rest("alpha", 2, account="main")
            await here.rest("beta", 1)
            here.binance.simulator.faults.retry_after_s = 20
            here.binance.simulator.faults.script("DELETE *", Fault.RATE_LIMIT_429_BEFORE)
            await here.cancel_all("alpha")
            await here.day.pass_time(30)
            assert here.resting() == {"beta": 1}
            assert impatient(here) == 0

    async def test_a_ban_is_sat_out_in_silence(self, tmp_path: Path) -> None:
        async with trading(tmp_path) as here:
            await here.rest("alpha", 2, account="main")
            here.binance.simulator.faults.script("GET *", Fault.BAN_418_BEFORE)
            await here.day.pass_time(60)
            await here.cancel_all("alpha")
            await here.day.pass_time(200)
            assert here.open() == []
            assert impatient(here) == 0
