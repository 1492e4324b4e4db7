"""Sends orders as the daemon does: intent first, then the request, under a time limit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adapters.broker import (
    Accepted,
    Found,
    OrderRequest,
    OutcomeUnknown,
    SentOrder,
    Undecided,
)
from algorithms.domain import ChildId, OrderType, Side, TimeInForce

if TYPE_CHECKING:
    from decimal import Decimal

    from adapters.broker import Broker, BrokerOrder, CancelOutcome, FindOutcome, PlaceOutcome
    from tests.contracts.venue import Venue


class Trader:
    """One strategy's hands at a venue. Its client ids are its own."""

    def __init__(self, venue: Venue, name: str = "t") -> None:
        self.venue = venue
        self.broker: Broker = venue.broker
        self._name = name
        self._count = 0

    def order(
        self,
        side: Side,
        lots: int = 1,
        order_type: OrderType = OrderType.MARKET,
        *,
        limit: Decimal | None = None,
        stop: Decimal | None = None,
        good_for: TimeInForce = TimeInForce.DAY,
    ) -> OrderRequest:
        self._count += 1
        return OrderRequest(
            client_id=ChildId(f"{self._name}{self._count}"),
            symbol=self.venue.symbol,
            side=side,
            order_type=order_type,
            time_in_force=good_for,
            quantity=self.venue.lot * lots,
            limit_price=limit,
            stop_price=stop,
        )

    def resting_buy(self, lots: int = 1, ticks_below: int = 500) -> OrderRequest:
        """A limit order too low to fill."""
        limit = self.venue.price - self.venue.tick * ticks_below
        return self.order(Side.BUY, lots, OrderType.LIMIT, limit=limit)

    async def buy_at_the_touch(self, lots: int) -> OrderRequest:
        """A limit order that takes what is offered now, and waits for the rest."""
        quote = await self.broker.quote(self.venue.symbol)
        return self.order(Side.BUY, lots, OrderType.LIMIT, limit=quote.ask or quote.last)

    async def send(self, request: OrderRequest) -> tuple[PlaceOutcome, SentOrder]:
        """Place an order; a call that takes too long has an unknown outcome."""
        sent = SentOrder(
            request=request,
            sent_at=self.venue.clock.now(),
            fingerprint=await self.broker.fingerprint(request),
            broker_order_id=None,
            market_day=None,
        )
        try:
            async with asyncio.timeout(self.venue.time_limit_s):
                outcome = await self.broker.place(request)
        except TimeoutError:
            outcome = OutcomeUnknown("no answer in time")
        if isinstance(outcome, Accepted):
            sent = acknowledged(sent, outcome.order)
        return outcome, sent

    async def accepted(self, request: OrderRequest) -> SentOrder:
        """Place an order that the venue takes."""
        outcome, sent = await self.send(request)
        assert isinstance(outcome, Accepted), outcome
        return sent

    async def cancel(self, *orders: SentOrder) -> tuple[CancelOutcome, ...]:
        try:
            async with asyncio.timeout(self.venue.time_limit_s):
                return await self.broker.cancel(orders)
        except TimeoutError:
            return (OutcomeUnknown("no answer in time"),) * len(orders)

    async def resolve(self, sent: SentOrder) -> FindOutcome:
        """Ask after an order until the venue's answer is final."""
        while True:
            outcome = await self.broker.find(sent)
            if not isinstance(outcome, Undecided):
                return outcome
            await self.venue.pass_time(self.venue.ask_every)

    async def found(self, sent: SentOrder) -> Found:
        """Ask after an order that exists."""
        outcome = await self.resolve(sent)
        assert isinstance(outcome, Found), outcome
        return outcome


def acknowledged(sent: SentOrder, order: BrokerOrder) -> SentOrder:
    return SentOrder(
        request=sent.request,
        sent_at=sent.sent_at,
        fingerprint=sent.fingerprint,
        broker_order_id=order.id,
        market_day=order.market_day,
    )
