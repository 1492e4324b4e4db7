"""A rebalance at the simulated KIS is killed at any await, while two bots trade there.

KIS knows no ids of ours: what was sent and not answered is found again by what it looks like.
"""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from algorithms.domain import OrderType
from tests.daemon.rebalancing.test_at_kis import (
    ENDED,
    FUNDS,
    KODEX,
    MORNING,
    SAMSUNG,
    STOCKS,
    at_kis,
    korea,
    sums_agree,
)
from tests.simulators.kis.orders import What
from tests.support.doomed import DoomedAtAwait, die_at_awaits
from tests.support.world import buy, sell

if TYPE_CHECKING:
    from tests.daemon.rebalancing.portfolios import House
    from tests.simulators.kis import KisSimulator

AWAITS = 1150
"""About as many as a run has, those of the broker among them."""
SAMPLE = 300 if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else 1
LONGEST_S = 1800


async def morning(here: House) -> None:
    """The book has its first targets, and a bot holds one of the tickers."""
    await here.want(FUNDS)
    await here.until(await here.start(), *ENDED)
    await here.world.submit("beta", buy(SAMSUNG, "50"))
    await here.world.pass_time(20)  # KIS is asked once a second


async def turn(here: House) -> None:
    """Rebalance while the bots trade both ways."""
    slices = buy(KODEX, "100", kind=OrderType.TWAP, slices=4, minutes="8")
    await here.world.submit("alpha", slices)
    await here.want(STOCKS)
    run = await here.start()
    await here.world.submit("beta", sell(SAMSUNG, "20"))
    await here.until(run, *ENDED)


async def finished_once(here: House, simulator: KisSimulator) -> None:
    await here.world.pass_time(LONGEST_S)
    runs = await here.desk.runs("main")
    assert {run.state.value for run, _ in runs} == {"done"}, runs[0][0].reason
    for _, trades in runs:
        assert all(trade.filled <= trade.quantity for trade in trades)
    there = [
        each.number
        for each in simulator.host.engine.orders[simulator.host.seeds["alice"].number]
        if each.what is What.NEW
    ]
    rows = await here.world.rows("all_children")
    known = [int(row["broker_order_id"]) for row in rows if row["broker_order_id"]]
    assert sorted(there) == sorted(known)
    assert await here.world.held("portfolio", "KRW") > 0
    await sums_agree(here, simulator)


async def story(step: int) -> None:
    clock = LoopClock(MORNING)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with korea(clock) as (simulator, urls):
            async with at_kis(folder, clock, simulator, urls) as here:
                await morning(here)
            life = DoomedAtAwait(step)

            async def day() -> None:
                async with at_kis(folder, clock, simulator, urls, seed=2, life=life) as here:
                    await turn(here)

            await life.live(day())
            async with at_kis(folder, clock, simulator, urls, seed=3) as here:
                await finished_once(here, simulator)


def test_a_run_that_dies_at_any_await_is_finished_once_at_kis() -> None:
    die_at_awaits(story, random.sample(range(1, AWAITS), SAMPLE))
