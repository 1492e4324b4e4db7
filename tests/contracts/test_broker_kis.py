"""KIS keeps the broker contract, at the real host and in paper: a Korean fund, by its lists."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from adapters.broker import (
    Absent,
    Accepted,
    Amending,
    BrokerOrder,
    BrokerOrderState,
    BrokerUnavailableError,
    Found,
    Holdings,
    OutcomeUnknown,
    RefusalCode,
    Refused,
    SentOrder,
)
from adapters.clock import LoopClock
from adapters.http import Hosts
from adapters.kis.broker import KisBroker
from adapters.kis.charges import Charges
from adapters.kis.desk import KisSettings
from adapters.kis.hosts import Profile as Environment
from adapters.kis.hub import Hub
from adapters.kis.tokens import Keys
from adapters.tasks import TaskSupervisor
from algorithms.domain import BrokerOrderId, ChildId, OrderType, Side, Symbol
from algorithms.rates import Rate
from tests.adapters.kis.conftest import NEVER_OPEN
from tests.contracts.broker_contract import BrokerContract
from tests.contracts.trader import Trader
from tests.contracts.venue import Mishap, OrderThere, Venue
from tests.simulators.kis import AccountSeed, Fault, KisSimulator, Profile
from tests.simulators.kis.hours import Country
from tests.simulators.kis.orders import What

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from adapters.broker import Broker, FindOutcome, OrderRequest, PlaceOutcome
    from tests.contracts.venue import Asked
    from tests.simulators.kis import Urls
    from tests.simulators.kis.orders import Order

FUND, AMERICAN_FUND = Symbol("069500"), Symbol("SOXL")
LOTS_HELD = 50
MORNING = datetime(2026, 11, 20, 10, 15, tzinfo=ZoneInfo("Asia/Seoul"))
CLOSE = datetime(2026, 11, 20, 15, 30, tzinfo=ZoneInfo("Asia/Seoul"))
NIGHT = datetime(2026, 11, 21, 5, 30, tzinfo=ZoneInfo("Asia/Seoul"))
AMERICAN_CLOSE = datetime(2026, 11, 21, 6, 0, tzinfo=ZoneInfo("Asia/Seoul"))
COMMISSIONS = {"KRW": Decimal("0.0140527"), "USD": Decimal("0.25")}
SIDES = {"01": Side.SELL, "02": Side.BUY}
PIECES_EVERY_S = 12.0
TRIES = 2
"""A question is asked so often before it counts as unanswered."""
LONGEST_TRAVEL = timedelta(seconds=20)
FAULTS = {
    Mishap.LOST_BEFORE: Fault.SILENCE_BEFORE,
    Mishap.LOST_AFTER: Fault.SILENCE_AFTER,
    Mishap.RESET_BEFORE: Fault.DROP_BEFORE,
    Mishap.RESET_AFTER: Fault.DROP_AFTER,
    Mishap.ERROR_BEFORE: Fault.HTML_BEFORE,
    Mishap.ERROR_AFTER: Fault.HTML_AFTER,
    Mishap.RATE_LIMIT: Fault.GATEWAY_BEFORE,
}
ROUTES = {
    "place": "domestic.buy",
    "cancel": "domestic.revise",
    "find": "domestic.daily",
    "fills_since": "domestic.daily",
    "holdings": "domestic.balance",
    "quote": "domestic.price",
}
AMERICAN_ROUTES = {
    "place": "us.buy",
    "cancel": "us.revise",
    "find": "us.fills",
    "fills_since": "us.fills",
    "holdings": "us.balance",
    "quote": "us.price",
}


class Remembering(KisBroker):
    """Notes what it was asked to place: KIS has no client ids to tell orders apart by."""

    wishes: list[OrderRequest]

    async def place(self, request: OrderRequest) -> PlaceOutcome:
        self.wishes.append(request)
        return await super().place(request)


class KisVenue(Venue):
    symbol = FUND
    currency = "KRW"
    country = Country.KOREA
    market = "XKRX"
    close_at = CLOSE
    routes = ROUTES
    open_route = "domestic.cancellable"
    price = Decimal(41_400)
    tick = Decimal(5)
    lot = Decimal(1)
    lots_held = LOTS_HELD
    ask_every = timedelta(seconds=5)

    def __init__(self, clock: LoopClock, simulator: KisSimulator, urls: Urls, folder: Path) -> None:
        self.clock = clock
        self.simulator = simulator
        self.real = simulator.host.profile is Profile.REAL
        self.time_limit_s = 5.0 if self.real else 12.0
        self.hub = Hub(clock, folder)
        self._urls = urls
        self._tasks = TaskSupervisor()
        self._wishes: list[OrderRequest] = []
        self._brokers: list[KisBroker] = []

    @property
    def broker(self) -> Broker:
        return self._brokers[-1]

    async def set_price(self, price: Decimal) -> None:
        self.simulator.set_price(self.symbol, price)

    async def fill_in_pieces(self) -> None:
        self.simulator.host.market.depth[self.symbol] = 7
        self._tasks.spawn(self._trade_on(), name="pieces")

    async def _trade_on(self) -> None:
        while True:
            await self.clock.sleep(PIECES_EVERY_S)
            engine = self.simulator.host.engine
            for order in list(self.simulator.account("alice").open.values()):
                if order.price >= engine.market.ask(self.symbol):
                    engine.fill(order, min(order.remaining, 7), order.price)

    def meet(self, asked: Asked, mishap: Mishap) -> None:
        changes = asked in {"place", "cancel"}
        self.simulator.faults.script(
            self._route(asked), FAULTS[mishap], times=1 if changes else TRIES
        )

    def _route(self, asked: Asked) -> str:
        if asked == "open_orders":
            return self.open_route if self.real else self.routes["find"]
        return self.routes[asked]

    def hold_up(self, asked: Asked, by: timedelta) -> None:
        if by > LONGEST_TRAVEL:
            pytest.skip("KIS dates no request: one that lands late is carried out")
        self.simulator.faults.script(self._route(asked), Fault.SLOW, delay_s=by.total_seconds())

    def repeat_next_fill(self) -> None:
        pytest.skip("fills are learnt of by lists, which tell a total once")

    def delay_next_fill(self) -> None:
        pytest.skip("fills are learnt of by lists, which tell totals")

    def disconnect_stream(self, gap: timedelta) -> None:
        del gap
        pytest.skip("fills are learnt of by lists: there is no stream to break")

    async def pass_time(self, by: timedelta) -> None:
        await self.clock.sleep(by.total_seconds())

    async def reach_close(self) -> None:
        wait = self.close_at - self.clock.now() + timedelta(seconds=30)
        await self.clock.sleep(wait.total_seconds())

    async def orders_there(self) -> tuple[OrderThere, ...]:
        wishes = list(self._wishes)
        return tuple(
            OrderThere(
                client_id=_whose(order, wishes),
                number=str(order.number),
                is_open=order.remaining > 0,
                filled=Decimal(order.state.filled),
            )
            for order in self.simulator.host.engine.orders[self._number]
            if order.what is What.NEW
        )

    @property
    def _number(self) -> str:
        return self.simulator.host.seeds["alice"].number

    async def holdings_there(self) -> Holdings:
        account = self.simulator.account("alice")
        held = {
            Symbol(symbol): Decimal(holding.quantity)
            for symbol, holding in account.holdings.items()
            if holding.quantity
        }
        cash = {self.currency: account.cash(self.country)}
        return Holdings(positions=held, cash=cash, at=self.clock.now())

    async def place_by_hand(self, request: OrderRequest) -> BrokerOrder:
        assert request.limit_price is not None
        side = next(code for code, side in SIDES.items() if side is request.side)
        order = self.simulator.place_by_hand(
            "alice", request.symbol, side, int(request.quantity), request.limit_price
        )
        return BrokerOrder(
            id=BrokerOrderId(str(order.number)),
            client_id=None,
            symbol=request.symbol,
            side=request.side,
            order_type=request.order_type,
            quantity=request.quantity,
            limit_price=request.limit_price,
            state=BrokerOrderState.OPEN,
            filled=Decimal(0),
            market_day=order.day,
            placed_at=order.placed_at,
        )

    async def second_session(self) -> Broker:
        key = self.simulator.key("alice")
        rate = Rate(None, COMMISSIONS[self.currency], Decimal(0))
        settings = KisSettings(
            account="alice",
            profile=Environment.REAL if self.real else Environment.PAPER,
            hosts=Hosts(self._urls.rest, self._urls.ws),
            keys=Keys(key.app_key, key.app_secret),
            cano=self._number[:8],
            product=self._number[8:],
            market=self.market,
            currency=self.currency,
            charges=Charges((rate,), self.currency),
        )
        access = self.hub.access(settings.profile, settings.hosts, settings.keys)
        broker = Remembering(settings, access, NEVER_OPEN)
        broker.wishes = self._wishes
        self._brokers.append(broker)
        await broker.open()
        return broker

    async def end(self) -> None:
        for broker in self._brokers:
            await broker.close()
        await self._tasks.close(1)
        await self.hub.close()


class AmericanVenue(KisVenue):
    symbol = AMERICAN_FUND
    currency = "USD"
    country = Country.AMERICA
    market = "XNYS"
    close_at = AMERICAN_CLOSE
    routes = AMERICAN_ROUTES
    open_route = "us.open"
    price = Decimal("27.45")
    tick = Decimal("0.01")


def _whose(order: Order, wishes: list[OrderRequest]) -> ChildId:
    """Return for which request an order stands; each stands for one."""
    for wish in wishes:
        fits = SIDES[order.draft.side] is wish.side and Decimal(order.quantity) == wish.quantity
        if fits and (wish.limit_price is None or wish.limit_price == order.draft.price):
            wishes.remove(wish)
            return wish.client_id
    return ChildId("by hand")


@asynccontextmanager
async def kis_venue(
    folder: Path, profile: Profile, kind: type[KisVenue] = KisVenue
) -> AsyncIterator[KisVenue]:
    clock = LoopClock(MORNING if kind is KisVenue else NIGHT)
    seed = AccountSeed(
        name="alice",
        number="5012345601",
        won=Decimal(10_000_000),
        dollars=Decimal(10_000),
        holdings={kind.symbol: LOTS_HELD},
    )
    simulator = KisSimulator(clock, profile, accounts=[seed])
    switches = simulator.switches
    if kind is AmericanVenue:  # there the adapter is told no bid and no ask
        simulator.host.market.spread_ticks = 0
    switches.visible_to_s = switches.us_visible_from_s = switches.us_visible_to_s = 0.0
    venue = kind(clock, simulator, await simulator.start(), folder)
    try:
        await venue.second_session()
        yield venue
    finally:
        await venue.end()
        await simulator.close()


class KisContract(BrokerContract):
    """The contract, where KIS has no ids of orders and trades, and takes its time."""

    async def test_b01_a_quote_is_the_present_price(self, venue: Venue) -> None:
        """As old as the question, which may have waited for its turn."""
        asked_at = venue.clock.now()
        quote = await venue.broker.quote(venue.symbol)
        assert (quote.symbol, quote.last) == (venue.symbol, venue.price)
        assert asked_at <= quote.at <= venue.clock.now()
        dearer = venue.price + 3 * venue.tick
        await venue.set_price(dearer)
        assert (await venue.broker.quote(venue.symbol)).last == dearer

    async def test_b04_the_venues_clock_and_day_are_known(self, venue: Venue) -> None:
        """The day is; the clock is told by nothing but heartbeats, of which there are none."""
        now = venue.clock.now()
        assert venue.broker.market_day(now) == date(2026, 11, 20)
        with pytest.raises(BrokerUnavailableError):
            await venue.broker.server_time()

    async def test_b34_giving_up_at_any_moment_leaves_an_order_that_can_be_found(
        self, venue: Venue
    ) -> None:
        """Given up while it waits for its turn, under way, or answered."""
        trader, tasks = Trader(venue), TaskSupervisor()
        step = timedelta(seconds=venue.time_limit_s / 50)
        fates: set[type[FindOutcome]] = set()
        for moment in range(8):
            request = trader.resting_buy(ticks_below=500 + moment)
            sent = SentOrder(
                request=request,
                sent_at=venue.clock.now(),
                fingerprint=await venue.broker.fingerprint(request),
                broker_order_id=None,
                market_day=None,
            )
            placing = tasks.spawn(venue.broker.place(request), name=f"placing {moment}")
            await venue.pass_time(moment * step)
            placing.cancel()
            with suppress(asyncio.CancelledError):
                await placing
            fate = await trader.resolve(sent)
            there = [each.client_id for each in await venue.orders_there()]
            assert isinstance(fate, Found | Absent)
            assert there.count(request.client_id) == isinstance(fate, Found)
            fates.add(type(fate))
        assert fates == {Found, Absent}

    async def test_b38_a_second_session_sees_all_that_was(self, venue: Venue) -> None:
        """Whose an order is, and to the microsecond when, only the first session knows."""
        trader = Trader(venue)
        start = venue.clock.now() - timedelta(seconds=1)
        resting = await trader.accepted(trader.resting_buy())
        filled = await trader.accepted(trader.order(Side.BUY, 2))
        await trader.found(filled)

        async def seen(broker: Broker) -> object:
            found = [await broker.find(each) for each in (resting, filled)]
            owned = await broker.holdings()
            return (
                [(each.id, each.state) for each in await broker.open_orders()],
                [
                    (each.order_id, each.cumulative, each.price, each.fee)
                    for each in await broker.fills_since(start)
                ],
                (owned.positions, owned.cash),
                [
                    (each.order.id, each.order.state, each.order.client_id)
                    for each in found
                    if isinstance(each, Found)
                ],
            )

        before = await seen(venue.broker)
        assert await seen(await venue.second_session()) == before

    async def test_b48_executions_since_a_time_come_oldest_first(self, venue: Venue) -> None:
        """A trade has no id: its order, and how much of it has traded by then, tell it apart."""
        trader = Trader(venue)
        start = venue.clock.now()
        for _ in range(3):
            await trader.found(await trader.accepted(trader.order(Side.BUY)))
        fills = await venue.broker.fills_since(start)
        assert [fill.at for fill in fills] == sorted(fill.at for fill in fills)
        assert {fill.trade_id for fill in fills} == {None}
        assert len({(fill.order_id, fill.cumulative) for fill in fills}) == len(fills) == 3
        assert await venue.broker.fills_since(fills[1].at) == fills[1:]
        assert await venue.broker.fills_since(fills[2].at + timedelta(microseconds=1)) == ()

    @pytest.mark.parametrize("mishap", [None, Mishap.RESET_AFTER, Mishap.RESET_BEFORE])
    async def test_b60_another_limit_gives_what_is_left_another_number(
        self, venue: Venue, mishap: Mishap | None
    ) -> None:
        """Or leaves the order as it was; a lost answer is resolved by the chain of numbers."""
        trader, broker = Trader(venue), venue.broker
        assert isinstance(broker, Amending)
        old = await trader.accepted(trader.resting_buy(lots=3))
        request = trader.resting_buy(lots=3, ticks_below=400)
        new = SentOrder(
            request=request,
            sent_at=venue.clock.now(),
            fingerprint=await broker.amendment(old, request),
            broker_order_id=None,
            market_day=None,
        )
        if mishap is not None:
            venue.meet("cancel", mishap)
        outcome = await broker.amend(old, request)
        assert isinstance(outcome, OutcomeUnknown if mishap else Accepted)
        fate, before = await trader.resolve(new), await trader.found(old)
        if mishap is Mishap.RESET_BEFORE:
            assert isinstance(fate, Absent)
            assert before.order.state is BrokerOrderState.OPEN
            return
        assert isinstance(fate, Found)
        assert fate.order.state is BrokerOrderState.OPEN
        assert (fate.order.limit_price, fate.order.client_id) == (
            request.limit_price,
            request.client_id,
        )
        assert before.order.state is BrokerOrderState.CANCELLED
        assert [each.id for each in await broker.open_orders()] == [fate.order.id]

    async def test_b61_a_sale_of_too_many_is_told_how_many_can_be_sold(self, venue: Venue) -> None:
        """Of what is held, less what another order, sent in KIS's own app, sells already."""
        trader = Trader(venue)
        dear = venue.price + 100 * venue.tick
        by_hand = trader.order(Side.SELL, 10, OrderType.LIMIT, limit=dear)
        await venue.place_by_hand(by_hand)
        sale = trader.order(Side.SELL, LOTS_HELD, OrderType.LIMIT, limit=dear)
        outcome, _ = await trader.send(sale)
        assert isinstance(outcome, Refused)
        assert outcome.code is RefusalCode.INSUFFICIENT_HOLDINGS
        assert outcome.message.endswith(f"; {LOTS_HELD - 10} {venue.symbol} can be sold")


class TestKisReal(KisContract):
    @pytest.fixture
    async def venue(self, tmp_path: Path) -> AsyncIterator[Venue]:
        async with kis_venue(tmp_path, Profile.REAL) as venue:
            yield venue


class TestKisPaper(KisContract):
    @pytest.fixture
    async def venue(self, tmp_path: Path) -> AsyncIterator[Venue]:
        async with kis_venue(tmp_path, Profile.PAPER) as venue:
            yield venue


class TestKisRealAmerican(KisContract):
    @pytest.fixture
    async def venue(self, tmp_path: Path) -> AsyncIterator[Venue]:
        async with kis_venue(tmp_path, Profile.REAL, AmericanVenue) as venue:
            yield venue


class TestKisPaperAmerican(KisContract):
    @pytest.fixture
    async def venue(self, tmp_path: Path) -> AsyncIterator[Venue]:
        async with kis_venue(tmp_path, Profile.PAPER, AmericanVenue) as venue:
            yield venue
