from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import Accepted, BrokerUnavailableError, OrderRequest, Quote
from adapters.clock import LoopClock
from adapters.paper import PaperSettings, open_paper
from adapters.sessions import AlwaysOpen
from adapters.shadow import ShadowBroker
from adapters.sqlite.driver import InlineDriver
from adapters.tasks import TaskSupervisor
from algorithms.domain import AccountName, ChildId, OrderType, Side, Symbol, TimeInForce
from algorithms.instruments import Instrument, default_instrument
from tests.support.loops import in_virtual_time

if TYPE_CHECKING:
    from pathlib import Path

TQQQ = Symbol("TQQQ")
START = datetime(2026, 11, 20, 15, tzinfo=UTC)
BUY = OrderRequest(
    client_id=ChildId("a-1"),
    symbol=TQQQ,
    side=Side.BUY,
    order_type=OrderType.LIMIT,
    time_in_force=TimeInForce.DAY,
    quantity=Decimal(2),
    limit_price=Decimal(95),
)


class Live:
    """The live market of the story; silent where it has no price."""

    def __init__(self, clock: LoopClock) -> None:
        self.price: Decimal | None = Decimal(100)
        self._clock = clock

    async def quote(self, symbol: Symbol) -> Quote:
        if self.price is None:
            raise BrokerUnavailableError("no answer")
        return Quote(
            symbol=symbol,
            last=self.price,
            bid=None,
            ask=None,
            previous_close=None,
            at=self._clock.now(),
        )

    async def instrument(self, symbol: Symbol) -> Instrument:
        return default_instrument(symbol, "XNYS", "USD")


async def player(folder: Path) -> tuple[ShadowBroker, Live, LoopClock]:
    clock = LoopClock(START)
    live = Live(clock)
    settings = PaperSettings(
        account=AccountName("main@shadow"),
        database=folder / "shadow.db",
        currency="USD",
        initial_cash=Decimal(1000),
        prices={TQQQ: Decimal(100)},
        market="XNYS",
    )
    paper = await open_paper(settings, clock, InlineDriver.open, AlwaysOpen())
    broker = ShadowBroker(paper, live, clock, TaskSupervisor())
    await broker.open()
    return broker, live, clock


def test_an_order_meets_the_live_price(tmp_path: Path) -> None:
    async def story() -> None:
        broker, live, clock = await player(tmp_path)
        live.price = Decimal(90)
        assert isinstance(await broker.place(BUY), Accepted)
        await clock.sleep(1)
        assert (await broker.holdings()).positions == {TQQQ: 2}
        assert (await broker.quote(TQQQ)).last == 90
        await broker.close()

    in_virtual_time(story())


def test_a_resting_order_waits_through_a_silence_for_its_price(tmp_path: Path) -> None:
    async def story() -> None:
        broker, live, clock = await player(tmp_path)
        await broker.place(BUY)
        await clock.sleep(5)
        live.price = None
        await clock.sleep(5)
        assert len(await broker.open_orders()) == 1
        live.price = Decimal(95)
        await clock.sleep(2)
        assert await broker.open_orders() == ()
        (fill,) = await broker.fills_since(START)
        assert (fill.price, fill.quantity) == (Decimal(95), Decimal(2))
        await broker.close()

    in_virtual_time(story())


def test_without_a_live_price_an_order_meets_the_last_one_known(tmp_path: Path) -> None:
    async def story() -> None:
        broker, live, clock = await player(tmp_path)
        live.price = None
        market = replace(BUY, order_type=OrderType.MARKET, limit_price=None)
        assert isinstance(await broker.place(market), Accepted)
        await clock.sleep(1)
        assert (await broker.fills_since(START))[0].price == 100
        await broker.close()

    in_virtual_time(story())
