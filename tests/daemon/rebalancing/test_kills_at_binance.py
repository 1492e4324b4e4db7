"""A rebalance at the simulated Binance spot is killed at any await, while two bots trade there.

The exchange lives on and has taken what it has taken; the next process asks it, and goes on.
"""

from __future__ import annotations

import os
import random
import tempfile
from decimal import Decimal
from pathlib import Path

from adapters.clock import LoopClock
from algorithms.domain import OrderType
from algorithms.rebalancing.states import RunState
from tests.daemon.rebalancing.portfolios import House
from tests.daemon.rebalancing.test_at_binance import (
    BOOKS,
    BTC,
    CALM,
    ENDED,
    ETH,
    MORE_BTC,
    MORE_ETH,
    RULE,
    sums_agree,
)
from tests.support.bots import Bots, bots, exchange
from tests.support.doomed import DoomedAtAwait, die_at_awaits
from tests.support.world import START, buy, sell

AWAITS = 2300
"""About as many as a run has, those of the exchange among them."""
SAMPLE = 300 if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else 1


async def turn(here: Bots) -> None:
    """Rebalance while the bots trade both tickers."""
    house = House(here.day)
    await here.day.submit("alpha", buy(BTC, "0.3", kind=OrderType.TWAP, slices=6, minutes="6"))
    await house.want(MORE_ETH)
    run = await house.start()
    await here.day.submit("beta", sell(ETH, "1.5"))
    await house.until(run, *ENDED)


async def finished_once(here: Bots) -> None:
    house = House(here.day)
    await here.day.pass_time(900)
    runs = await house.desk.runs("main")
    assert [run.state for run, _ in runs] == [RunState.DONE] * len(runs), runs[0][0].reason
    for _, trades in runs:
        assert all(trade.filled <= trade.quantity for trade in trades)
    sent = [order.draft.client_id for order in here.binance.orders("main")]
    assert len(sent) == len(set(sent))
    assert await here.day.held("portfolio", "USDT") > Decimal(0)
    assert await here.day.check() == ()
    await sums_agree(here)


async def story(step: int) -> None:
    clock = LoopClock(START)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with exchange(clock, BOOKS) as binance:
            async with bots(folder, BOOKS, binance, clock, top=CALM, more=RULE) as here:
                house = House(here.day)
                await house.want(MORE_BTC)
                await house.until(await house.start(), *ENDED)
                await here.day.submit("beta", buy(ETH, "4"))
                await here.day.settle()
            life = DoomedAtAwait(step)

            async def day() -> None:
                async with bots(
                    folder, BOOKS, binance, clock, seed=2, life=life, top=CALM, more=RULE
                ) as here:
                    await turn(here)

            await life.live(day())
            async with bots(folder, BOOKS, binance, clock, seed=3, top=CALM, more=RULE) as here:
                await finished_once(here)


def test_a_run_that_dies_at_any_await_is_finished_once_at_binance() -> None:
    die_at_awaits(story, random.sample(range(1, AWAITS), SAMPLE))
