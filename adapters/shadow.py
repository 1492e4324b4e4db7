"""A broker for orders that are only played: live prices, paper fills, nothing reaches the market.

The orders rest at a paper exchange of their own. Its prices are set from somebody who knows the
live ones: whenever a price is asked for or an order placed, and every second while one rests.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from adapters.broker import BrokerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import date, datetime
    from decimal import Decimal

    from adapters.broker import (
        BrokerEvent,
        BrokerFill,
        BrokerOrder,
        CancelOutcome,
        Capabilities,
        FindOutcome,
        Holdings,
        OrderRequest,
        PlaceOutcome,
        Quote,
        SentOrder,
    )
    from adapters.clock import Clock
    from adapters.paper import PaperBroker
    from adapters.tasks import TaskSupervisor
    from algorithms.domain import Symbol
    from algorithms.instruments import Instrument

FOLLOW_S = 1.0
"""Between looks at the live price of a symbol with a resting order."""
CLOSE_WITHIN_S = 1.0


class LivePrices(Protocol):
    """Who knows the live market. Both raise BrokerError."""

    async def quote(self, symbol: Symbol) -> Quote:
        """Return a price at most a moment old."""
        ...

    async def instrument(self, symbol: Symbol) -> Instrument:
        """Return lot and ticks."""
        ...


class ShadowBroker:
    """A ``Broker`` over a paper exchange that follows live prices."""

    def __init__(
        self, paper: PaperBroker, live: LivePrices, clock: Clock, tasks: TaskSupervisor
    ) -> None:
        self.paper = paper
        self._live = live
        self._clock = clock
        self._tasks = tasks
        self._resting = asyncio.Event()
        self._opened = False

    @property
    def capabilities(self) -> Capabilities:
        return self.paper.capabilities

    async def open(self) -> None:
        await self.paper.open()
        if not self._opened:
            self._opened = True
            self._resting.set()
            self._tasks.spawn(self._follow(), name="live prices")

    async def close(self) -> None:
        await self._tasks.close(CLOSE_WITHIN_S)
        await self.paper.close()

    async def fingerprint(self, request: OrderRequest) -> str | None:
        return await self.paper.fingerprint(request)

    async def place(self, request: OrderRequest) -> PlaceOutcome:
        # Without a live price it meets the last one that was known, and later the live one.
        with suppress(BrokerError):
            await self.quote(request.symbol)
        outcome = await self.paper.place(request)
        self._resting.set()
        return outcome

    async def cancel(self, orders: tuple[SentOrder, ...]) -> tuple[CancelOutcome, ...]:
        return await self.paper.cancel(orders)

    async def find(self, sent: SentOrder) -> FindOutcome:
        return await self.paper.find(sent)

    async def open_orders(self) -> tuple[BrokerOrder, ...]:
        return await self.paper.open_orders()

    async def fills_since(self, since: datetime) -> tuple[BrokerFill, ...]:
        return await self.paper.fills_since(since)

    async def holdings(self) -> Holdings:
        return await self.paper.holdings()

    async def quote(self, symbol: Symbol) -> Quote:
        """Return the live price, after the paper exchange has met it."""
        played = await self.paper.quote(symbol)
        quote = await self._live.quote(symbol)
        if quote.last != played.last:
            await self.paper.exchange.set_price(symbol, quote.last)
        return quote

    async def instrument(self, symbol: Symbol) -> Instrument:
        await self.paper.instrument(symbol)
        return await self._live.instrument(symbol)

    def close_due(self, day: date) -> None:
        del day  # it is known at once

    async def closing_price(self, symbol: Symbol, day: date) -> Decimal | None:
        return await self.paper.closing_price(symbol, day)

    async def server_time(self) -> datetime:
        return await self.paper.server_time()

    def market_day(self, at: datetime) -> date:
        return self.paper.market_day(at)

    def events(self) -> AsyncIterator[BrokerEvent]:
        return self.paper.events()

    async def _follow(self) -> None:
        """Let resting orders meet the live prices."""
        while True:
            await self._resting.wait()
            self._resting.clear()
            while orders := await self.paper.exchange.open_orders():
                for symbol in sorted({order.symbol for order in orders}):
                    try:
                        await self.quote(symbol)
                    except BrokerError:
                        continue  # the next look may find one
                await self._clock.sleep(FOLLOW_S)
