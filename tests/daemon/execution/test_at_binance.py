"""The whole daemon on an account at the simulated Binance."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from algorithms.domain import OrderType
from tests.simulators.binance import Fault
from tests.support.bots import bots, exchange
from tests.support.world import START, buy, cancel_all, sell

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.bots import Bots

TWO_BOTS = {"a": ("alpha", "main"), "b": ("beta", "main")}
PLACE, CANCEL = "POST /api/v3/order", "DELETE /api/v3/order"
BTC = "BTCUSDT"


async def sums_agree(here: Bots) -> None:
    """What the books hold together is what the exchange has, to the last digit."""
    there = here.binance.simulator.exchange.spot.balances["main"]
    for asset, coin in ((BTC, "BTC"), ("USDT", "USDT")):
        ours = sum([await here.day.held(book, asset) for book in "ab"], Decimal(0))
        assert ours == there.get(coin, 0), asset


async def test_two_bots_net_and_only_the_rest_is_worked_in_slices(tmp_path: Path) -> None:
    clock = LoopClock(START)
    async with (
        exchange(clock, TWO_BOTS) as binance,
        bots(tmp_path, TWO_BOTS, binance, clock) as here,
    ):
        await here.day.submit("alpha", buy(BTC, "0.2"))
        await here.day.pass_time(2)
        fee = Decimal("0.001")
        assert await here.day.held("a", BTC) == Decimal("0.2") * (1 - fee)
        await here.day.submit("beta", buy(BTC, "0.3", kind=OrderType.TWAP, slices=3, minutes="3"))
        await here.day.submit("alpha", sell(BTC, "0.1"))
        await here.day.pass_time(240)
        assert await here.day.held("a", BTC) == Decimal("0.2") * (1 - fee) - Decimal("0.1")
        assert await here.day.held("b", BTC) == Decimal("0.1") + Decimal("0.2") * (1 - fee)
        assert here.day.told("pair_crossed") == 1
        bought = [order.executed for order in binance.orders("main")]
        assert sum(bought) == Decimal("0.4")
        await sums_agree(here)


async def test_an_order_whose_answer_was_lost_is_found_and_never_sent_again(
    tmp_path: Path,
) -> None:
    clock = LoopClock(START)
    async with (
        exchange(clock, TWO_BOTS) as binance,
        bots(tmp_path, TWO_BOTS, binance, clock) as here,
    ):
        binance.simulator.faults.script(PLACE, Fault.DROP_AFTER)
        await here.day.submit("alpha", buy(BTC, "0.2"))
        await here.day.pass_time(30)
        (order,) = binance.orders("main")
        assert order.executed == Decimal("0.2")
        await sums_agree(here)


async def test_a_restart_goes_on_where_the_last_process_stood(tmp_path: Path) -> None:
    """One order rests, another fills while nobody listens."""
    clock = LoopClock(START)
    async with exchange(clock, TWO_BOTS) as binance:
        async with bots(tmp_path, TWO_BOTS, binance, clock) as here:
            for price in ("48000", "49900"):
                await here.day.submit("alpha", buy(BTC, "0.1", kind=OrderType.LIMIT, price=price))
            await here.day.pass_time(1)
        binance.simulator.set_price(BTC, Decimal(49_000))
        await clock.sleep(60)
        async with bots(tmp_path, TWO_BOTS, binance, clock, seed=2) as here:
            await here.day.pass_time(40)
            assert await here.day.held("a", BTC) == Decimal("0.0999")
            await sums_agree(here)
            await here.day.send("alpha", cancel_all())
            await here.day.pass_time(5)
            assert here.open() == []
            assert here.day.told("difference") == 0


async def test_cancelling_one_bot_leaves_the_other_alone_when_answers_are_lost(
    tmp_path: Path,
) -> None:
    clock = LoopClock(START)
    async with (
        exchange(clock, TWO_BOTS) as binance,
        bots(tmp_path, TWO_BOTS, binance, clock) as here,
    ):
        for bot in ("alpha", "beta"):
            await here.rest(bot, 3)
        for fault in (Fault.DROP_AFTER, Fault.RATE_LIMIT_429_BEFORE, Fault.DROP_BEFORE):
            binance.simulator.faults.script(CANCEL, fault)
        await here.day.submit("alpha", cancel_all())
        await here.day.pass_time(60)
        assert here.resting() == {"beta": 3}
