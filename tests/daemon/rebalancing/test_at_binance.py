"""A whole rebalance on the simulated Binance spot, while two bots trade in the same account."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from algorithms.domain import OrderType
from algorithms.rebalancing.states import RunState
from tests.algorithms.rebalancing.houses import targets
from tests.daemon.rebalancing.portfolios import House
from tests.simulators.binance import Fault
from tests.support.bots import bots, exchange
from tests.support.world import START, buy, sell

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.bots import Bots

BTC, ETH = "BTCUSDT", "ETHUSDT"
BOOKS = {"portfolio": ("house", "main"), "a": ("alpha", "main"), "b": ("beta", "main")}
RULE = {"portfolio": 'rule = { type = "portfolio" }'}
CALM = "[rebalancing]\nmax_order_percent = 100\n"
ENDED = (RunState.DONE, RunState.STOPPED, RunState.FAILED)
MORE_BTC = targets({"coins": "90", "cash": "10"}, {"coins": {BTC: "60", ETH: "40"}})
MORE_ETH = targets({"coins": "90", "cash": "10"}, {"coins": {BTC: "20", ETH: "80"}})
DUST = targets({"coins": "90", "cash": "10"}, {"coins": {BTC: "99.996", ETH: "0.004"}})


async def sums_agree(here: Bots) -> None:
    """What the books hold together is what the exchange has, to the last digit."""
    there = here.binance.simulator.exchange.spot.balances["main"]
    for asset, coin in ((BTC, "BTC"), (ETH, "ETH"), ("USDT", "USDT")):
        ours = sum([await here.day.held(book, asset) for book in BOOKS], Decimal(0))
        assert ours == there.get(coin, 0), asset


async def test_lots_fees_in_coins_and_the_bots_of_the_account(tmp_path: Path) -> None:
    clock = LoopClock(START)
    async with (
        exchange(clock, BOOKS) as binance,
        bots(tmp_path, BOOKS, binance, clock, top=CALM, more=RULE) as here,
    ):
        house = House(here.day)
        await house.want(MORE_BTC)
        first = await house.until(await house.start(), *ENDED)
        assert (first.state, first.outcome["beyond"]) == (RunState.DONE, [])
        fees = first.outcome["fees"]
        assert fees.keys() == {BTC, ETH}  # type: ignore[attr-defined]

        await here.day.submit("alpha", buy(BTC, "0.3", kind=OrderType.TWAP, slices=6, minutes="6"))
        await here.day.submit("beta", buy(ETH, "4"))
        await house.want(MORE_ETH)
        run = await house.start()
        await here.day.submit("beta", sell(ETH, "1.5"))
        second = await house.until(run, *ENDED)
        await here.day.pass_time(400)
        assert (second.state, second.outcome["beyond"]) == (RunState.DONE, [])
        assert here.day.told("pair_crossed") >= 1
        weights = {n: Decimal(w) for n, w in second.outcome["weights"].items()}  # type: ignore[attr-defined]
        assert abs(weights[BTC] - 18) < 1
        assert abs(weights[ETH] - 72) < 2
        for trade in await house.trades(second):
            assert trade.quantity % Decimal("0.001") == 0
        sent = [order.draft.client_id for order in binance.orders("main")]
        assert len(sent) == len(set(sent))
        assert await here.day.check() == ()
        await sums_agree(here)


async def test_what_the_venue_finds_too_small_is_named_and_lost_answers_are_asked_for(
    tmp_path: Path,
) -> None:
    clock = LoopClock(START)
    async with (
        exchange(clock, BOOKS) as binance,
        bots(tmp_path, BOOKS, binance, clock, top=CALM, more=RULE) as here,
    ):
        house = House(here.day)
        await house.want(DUST)
        binance.simulator.faults.script("POST /api/v3/order", Fault.DROP_AFTER)
        run = await house.until(await house.start(), *ENDED)
        assert run.state is RunState.DONE
        left = run.outcome["left"]
        assert {"ticker": ETH, "action": "buy", "quantity": "0.001", "reason": "below_minimum"} in (
            left  # type: ignore[operator]
        )
        (order,) = binance.orders("main")
        assert order.draft.symbol == BTC
        assert await here.day.check() == ()
        await sums_agree(here)
