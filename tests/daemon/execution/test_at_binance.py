"""The whole daemon on a spot account that speaks Binance's protocol."""

from __future__ import annotations

from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.binance.hosts import MarketKind
from adapters.clock import LoopClock
from algorithms.domain import OrderType, Symbol
from algorithms.instruments import default_instrument
from tests.contracts.venue import Mishap
from tests.support.binance_front import KEY, SECRET, BinanceFront
from tests.support.paper import PaperMarket, paper_settings
from tests.support.world import START, World, buy, cancel_all, sell, world

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

BTC = Symbol("BTCUSDT")
LOT = Decimal("0.001")
TWO_BOTS = """
[accounts.main]
broker = "binance"
market = "24/7"
commission_percent = "0.25"
base_url = "{rest}"
ws_url = "{socket}"
credentials.api_key = {{ file = "api_key" }}
credentials.api_secret = {{ file = "api_secret" }}
[strategies.alpha]
[strategies.beta]
[books.a]
strategy = "alpha"
account = "main"
capital = "5000"
[books.b]
strategy = "beta"
account = "main"
capital = "5000"
"""


@asynccontextmanager
async def exchange(folder: Path, clock: LoopClock) -> AsyncIterator[BinanceFront]:
    """An exchange outside the daemon, which outlives it."""
    settings = paper_settings(
        folder,
        currency="USDT",
        initial_cash=Decimal(10_000),
        prices={BTC: Decimal(100)},
        market="24/7",
        instruments={BTC: default_instrument(BTC, "24/7", "USDT", lot=LOT, tick=Decimal("0.01"))},
    )
    async with PaperMarket(settings, clock=clock) as market:
        paper = await market.open()
        async with BinanceFront(paper, MarketKind.SPOT, BTC, LOT) as front:
            yield front


@asynccontextmanager
async def daemon(
    folder: Path, front: BinanceFront, clock: LoopClock, seed: int = 1
) -> AsyncIterator[World]:
    (folder / "api_key").write_text(KEY)
    (folder / "api_secret").write_text(SECRET)
    text = TWO_BOTS.format(rest=front.hosts.rest, socket=front.hosts.socket)
    async with world(folder, text, clock=clock, seed=seed) as running:
        yield running


async def sums_agree(running: World, front: BinanceFront) -> None:
    """What the books hold together is what the exchange has, to the last digit."""
    there = await front.paper.exchange.holdings()
    for asset, amount in ((str(BTC), there.positions.get(BTC, 0)), ("USDT", there.cash["USDT"])):
        ours = sum([await running.held(book, asset) for book in "ab"], Decimal(0))
        assert ours == amount, asset


async def test_two_bots_net_and_only_the_rest_is_worked_in_slices(tmp_path: Path) -> None:
    clock = LoopClock(START)
    async with exchange(tmp_path, clock) as front, daemon(tmp_path, front, clock) as running:
        await running.submit("alpha", buy("BTCUSDT", "2"))
        await running.pass_time(2)
        assert await running.held("a", "BTCUSDT") == 2
        await running.submit(
            "beta", buy("BTCUSDT", "3", kind=OrderType.TWAP, slices=3, minutes="3")
        )
        await running.submit("alpha", sell("BTCUSDT", "1"))
        await running.pass_time(240)
        assert await running.held("a", "BTCUSDT") == 1
        assert await running.held("b", "BTCUSDT") == 3
        assert running.told("pair_crossed") == 1
        assert (await front.paper.exchange.holdings()).positions[BTC] == 4
        await sums_agree(running, front)


async def test_an_order_whose_answer_was_lost_is_found_and_never_sent_again(
    tmp_path: Path,
) -> None:
    clock = LoopClock(START)
    async with exchange(tmp_path, clock) as front, daemon(tmp_path, front, clock) as running:
        front.script("place", Mishap.RESET_AFTER)
        await running.submit("alpha", buy("BTCUSDT", "2"))
        await running.pass_time(30)
        assert await running.held("a", "BTCUSDT") == 2
        assert front.requests.count("POST order") == 1
        await sums_agree(running, front)


async def test_a_restart_goes_on_where_the_last_process_stood(tmp_path: Path) -> None:
    """One order rests, another fills while nobody listens."""
    clock = LoopClock(START)
    async with exchange(tmp_path, clock) as front:
        async with daemon(tmp_path, front, clock) as running:
            for price in ("90", "99"):
                await running.submit(
                    "alpha", buy("BTCUSDT", "1", kind=OrderType.LIMIT, price=price)
                )
            await running.pass_time(1)
        await front.paper.exchange.set_price(BTC, Decimal(95))
        await clock.sleep(60)
        async with daemon(tmp_path, front, clock, seed=2) as running:
            await running.pass_time(40)
            assert await running.held("a", "BTCUSDT") == 1
            await sums_agree(running, front)
            await running.send("alpha", cancel_all())
            await running.pass_time(5)
            assert await front.paper.exchange.open_orders() == ()
            assert running.told("difference") == 0


async def test_cancelling_one_bot_leaves_the_other_alone_when_answers_are_lost(
    tmp_path: Path,
) -> None:
    clock = LoopClock(START)
    async with exchange(tmp_path, clock) as front, daemon(tmp_path, front, clock) as running:
        for number in range(3):
            for bot in ("alpha", "beta"):
                price = str(80 + number)
                await running.submit(bot, buy("BTCUSDT", "1", kind=OrderType.LIMIT, price=price))
        await running.pass_time(1)
        for mishap in (Mishap.RESET_AFTER, Mishap.RATE_LIMIT, Mishap.RESET_BEFORE):
            front.script("cancel", mishap)
        await running.submit("alpha", cancel_all())
        await running.pass_time(60)
        left = await front.paper.exchange.open_orders()
        assert {order.client_id.split("-")[0] for order in left} == {"beta"}
        assert len(left) == 3
