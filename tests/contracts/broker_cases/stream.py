from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.broker import (
    BrokerOrderState,
    FillEvent,
    OrderEvent,
    StreamLost,
    StreamRestored,
)
from algorithms.domain import Side
from tests.contracts.trader import Trader

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.broker import BrokerEvent
    from tests.contracts.venue import Venue

PATIENCE_S = 5.0
GAP = timedelta(milliseconds=300)


class Ear:
    """Listens to a stream, and gives up when nothing comes."""

    def __init__(self, events: AsyncIterator[BrokerEvent]) -> None:
        self._events = events

    async def next(self) -> BrokerEvent:
        async with asyncio.timeout(PATIENCE_S):
            return await anext(self._events)

    async def until(self, kind: type[BrokerEvent]) -> list[BrokerEvent]:
        """Listen until an event of a kind has come; return all up to it."""
        heard = [await self.next()]
        while not isinstance(heard[-1], kind):
            heard.append(await self.next())
        return heard

    async def fills(self, count: int) -> list[FillEvent]:
        """Listen until so many fills have come."""
        heard: list[FillEvent] = []
        while len(heard) < count:
            event = await self.next()
            if isinstance(event, FillEvent):
                heard.append(event)
        return heard


class Streaming:
    """B42-B46: what the account is told as it happens."""

    async def test_b42_a_fill_is_told_with_its_order(self, venue: Venue) -> None:
        """The fill, and the order's last state, as ``find`` tells them."""
        ear = Ear(venue.broker.events())
        trader = Trader(venue)
        sent = await trader.accepted(trader.order(Side.BUY, 2))
        heard = await ear.until(FillEvent)
        while not (isinstance(heard[-1], OrderEvent) and heard[-1].order.state.is_final):
            heard.append(await ear.next())
        found = await trader.found(sent)
        assert [event.fill for event in heard if isinstance(event, FillEvent)] == [*found.fills]
        assert heard[-1] == OrderEvent(found.order)

    async def test_b43_a_repeated_fill_can_be_recognised(self, venue: Venue) -> None:
        """Told twice, it has the same trade id and the same ``cumulative``."""
        ear = Ear(venue.broker.events())
        venue.repeat_next_fill()
        trader = Trader(venue)
        sent = await trader.accepted(trader.order(Side.BUY, 2))
        first, second = await ear.fills(2)
        assert first == second
        assert (await trader.found(sent)).fills == (first.fill,)

    async def test_b44_a_late_fill_is_whole(self, venue: Venue) -> None:
        """It comes after later ones; sorted by trade, nothing is missing and nothing changed."""
        ear = Ear(venue.broker.events())
        venue.delay_next_fill()
        trader = Trader(venue)
        start = venue.clock.now()
        late = await trader.accepted(trader.order(Side.BUY, 1))
        prompt = await trader.accepted(trader.order(Side.BUY, 2))
        await venue.pass_time(timedelta(seconds=4))
        heard = [event.fill for event in await ear.fills(2)]
        assert [fill.order_id for fill in heard] == [prompt.broker_order_id, late.broker_order_id]
        assert {*heard} == {*await venue.broker.fills_since(start)}

    async def test_b45_what_a_gap_hid_is_recovered_by_asking(self, venue: Venue) -> None:
        """Lost is told, the gap's events never come, restored is told; the fills are there."""
        ear = Ear(venue.broker.events())
        trader = Trader(venue)
        start = venue.clock.now()
        venue.disconnect_stream(GAP)
        assert isinstance(await ear.next(), StreamLost)
        hidden = await trader.accepted(trader.order(Side.BUY, 1))
        await venue.pass_time(2 * GAP)
        assert isinstance(await ear.next(), StreamRestored)
        told = await trader.accepted(trader.order(Side.BUY, 2))
        heard = await ear.until(FillEvent)
        orders = {
            event.order.id if isinstance(event, OrderEvent) else event.fill.order_id
            for event in heard
            if isinstance(event, OrderEvent | FillEvent)
        }
        assert orders == {told.broker_order_id}
        recovered = {fill.order_id for fill in await venue.broker.fills_since(start)}
        assert recovered == {hidden.broker_order_id, told.broker_order_id}

    async def test_b46_the_stream_ends_with_the_session(self, venue: Venue) -> None:
        """Listening never hangs on a closed broker; what was told before is still heard."""
        events = venue.broker.events()
        trader = Trader(venue)
        await trader.accepted(trader.order(Side.BUY))
        await Ear(events).until(FillEvent)
        await venue.broker.close()
        async with asyncio.timeout(PATIENCE_S):
            left = [event async for event in events]
            assert [event async for event in venue.broker.events()] == []
        assert all(
            isinstance(event, OrderEvent) and event.order.state is BrokerOrderState.FILLED
            for event in left
        )
