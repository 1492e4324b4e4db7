"""Whatever happens in whatever order, the exchange's own book adds up."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from adapters.broker import Accepted, CancelConfirmed, RefusalCode, Refused, SentOrder
from adapters.clock import LoopClock
from adapters.virtual_time import VirtualTimeLoop
from algorithms.decimals import ZERO, exactly
from algorithms.domain import BrokerOrderId, OrderType, Side, Symbol, TimeInForce
from tests.support.paper import FRIDAY_AFTERNOON, TQQQ, PaperMarket, paper_settings
from tests.support.paper_engine import request

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from adapters.broker import BrokerFill, BrokerOrder
    from adapters.paper import PaperBroker

T = TypeVar("T")

SOXL = Symbol("SOXL")
START = Decimal(10_000)
SYMBOLS = st.sampled_from([TQQQ, SOXL])
SIDES = st.sampled_from(Side)
OFFERED = set(OrderType) - {OrderType.TWAP, OrderType.LOO, OrderType.MOO}
TYPES = st.sampled_from(sorted(OFFERED))
CENTS = st.integers(5_000, 15_000).map(lambda cents: Decimal(cents) / 100)
REFUSED_FOR_MONEY = {RefusalCode.INSUFFICIENT_FUNDS, RefusalCode.INSUFFICIENT_HOLDINGS}


class TradingDay(RuleBasedStateMachine):
    """Random orders, prices, cancels, hours and restarts, on a cash account."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=VirtualTimeLoop)
        self.folder = tempfile.TemporaryDirectory()
        self.orders: dict[str, BrokerOrder] = {}
        self.limits: dict[str, Decimal] = {}
        self.count = 0

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    @initialize(
        fill=st.sampled_from(["full", "partial"]),
        walk=st.sampled_from([ZERO, Decimal("0.5")]),
        spread=st.sampled_from([ZERO, Decimal("0.1")]),
        seed=st.integers(0, 1000),
    )
    def open(self, fill: str, walk: Decimal, spread: Decimal, seed: int) -> None:
        self.market = PaperMarket(
            paper_settings(
                Path(self.folder.name),
                initial_cash=START,
                prices={TQQQ: Decimal(100), SOXL: Decimal(90)},
                sell_tax_percent=Decimal("0.1"),
                fill=fill,
                walk_percent=walk,
                spread_percent=spread,
                seed=seed,
            )
        )
        self.broker: PaperBroker = self.run(self.market.open())

    @rule(
        symbol=SYMBOLS,
        side=SIDES,
        order_type=TYPES,
        quantity=st.integers(1, 60),
        limit=CENTS,
        stop=CENTS,
        good_for=st.sampled_from(TimeInForce),
    )
    def place(
        self,
        symbol: Symbol,
        side: Side,
        order_type: OrderType,
        quantity: int,
        limit: Decimal,
        stop: Decimal,
        good_for: TimeInForce,
    ) -> None:
        self.count += 1
        has_limit = order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.LOC}
        has_stop = order_type in {OrderType.STOP_MARKET, OrderType.STOP_LIMIT}
        outcome = self.run(
            self.broker.place(
                request(
                    f"c{self.count}",
                    side,
                    quantity,
                    order_type,
                    symbol=symbol,
                    limit=str(limit) if has_limit else None,
                    stop=str(stop) if has_stop else None,
                    good_for=good_for,
                )
            )
        )
        if isinstance(outcome, Refused):
            assert outcome.code in REFUSED_FOR_MONEY
            return
        assert isinstance(outcome, Accepted)
        self.orders[outcome.order.id] = outcome.order
        if has_limit:
            self.limits[outcome.order.id] = limit

    @rule(symbol=SYMBOLS, price=CENTS)
    def move_price(self, symbol: Symbol, price: Decimal) -> None:
        self.run(self.broker.exchange.set_price(symbol, price))

    @rule(minutes=st.sampled_from([1, 7, 60, 700]))
    def pass_time(self, minutes: int) -> None:
        self.run(self.market.clock.sleep(60.0 * minutes))

    @rule(seconds=st.sampled_from([-3600, -30, -1, 1, 3600]))
    def set_clock(self, seconds: int) -> None:
        assert isinstance(self.market.clock, LoopClock)
        self.market.clock.step(timedelta(seconds=seconds))

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.orders)))
        order = self.orders[number]
        sent = SentOrder(
            request=request(order.client_id or "", order.side, symbol=order.symbol),
            sent_at=order.placed_at,
            fingerprint=None,
            broker_order_id=BrokerOrderId(number),
            market_day=order.market_day,
        )
        was_open = {order.id for order in self.run(self.broker.open_orders())}
        (outcome,) = self.run(self.broker.cancel((sent,)))
        assert isinstance(outcome, CancelConfirmed) is (number in was_open)

    @rule(orderly=st.booleans())
    def restart(self, *, orderly: bool) -> None:
        """Close first, or be killed: what is there afterwards is the same."""
        before = self.run(self.broker.holdings()), self.run(self.broker.open_orders())
        if orderly:
            self.run(self.broker.close())
        self.broker = self.run(self.market.open())
        after = self.run(self.broker.holdings()), self.run(self.broker.open_orders())
        assert after[0].cash == before[0].cash
        assert after[0].positions == before[0].positions
        assert after[1] == before[1]

    @precondition(lambda self: hasattr(self, "broker"))
    @invariant()
    def cash_and_units_are_the_start_plus_all_fills(self) -> None:
        fills = self.run(self.broker.fills_since(FRIDAY_AFTERNOON))
        holdings = self.run(self.broker.holdings())
        cash = START
        units: dict[Symbol, Decimal] = defaultdict(lambda: ZERO)
        with exactly():
            for fill in fills:
                sign = 1 if fill.side is Side.BUY else -1
                cash -= sign * fill.quantity * fill.price + fill.fee
                units[fill.symbol] += sign * fill.quantity
                assert cash >= 0
                assert units[fill.symbol] >= 0
        assert holdings.cash == {"USD": cash}
        assert holdings.positions == {symbol: held for symbol, held in units.items() if held}
        self.each_order_fills_within_its_terms(fills)

    def each_order_fills_within_its_terms(self, fills: tuple[BrokerFill, ...]) -> None:
        filled: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for fill in fills:
            order = self.orders[fill.order_id]
            filled[fill.order_id] += fill.quantity
            assert fill.quantity > 0
            assert fill.cumulative == filled[fill.order_id] <= order.quantity
            assert fill.at >= order.placed_at
            limit = self.limits.get(fill.order_id)
            if limit is not None:
                assert fill.price <= limit if fill.side is Side.BUY else fill.price >= limit
        for order in self.run(self.broker.open_orders()):
            assert filled.get(order.id, ZERO) == order.filled < order.quantity

    @precondition(lambda self: hasattr(self, "broker"))
    @invariant()
    def open_orders_are_backed(self) -> None:
        """Every sell by units, every limited buy by cash with its commission."""
        holdings = self.run(self.broker.holdings())
        asked: dict[Symbol, Decimal] = defaultdict(lambda: ZERO)
        need = ZERO
        for order in self.run(self.broker.open_orders()):
            leaves = order.quantity - order.filled
            if order.side is Side.SELL:
                asked[order.symbol] += leaves
            elif order.limit_price is not None:
                need += leaves * order.limit_price * Decimal("1.0025")
        assert need <= holdings.cash["USD"]
        for symbol, units in asked.items():
            assert units <= holdings.positions.get(symbol, ZERO)

    def teardown(self) -> None:
        if hasattr(self, "market"):
            self.run(self.market.__aexit__())
        self.runner.close()
        self.folder.cleanup()


TestTradingDay = TradingDay.TestCase
TestTradingDay.settings = settings(stateful_step_count=40)
