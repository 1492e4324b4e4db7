from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import (
    Accepted,
    BrokerOrderState,
    FillEvent,
    Found,
    OrderEvent,
    StreamLost,
    StreamRestored,
)
from tests.adapters.ccxt_bridge.test_broker import request, sent
from tests.support.fake_ccxt import ExchangeNotAvailable, Trouble

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.broker import BrokerEvent
    from adapters.ccxt_bridge.broker import BridgeBroker
    from tests.support.fake_ccxt import Exchange


async def hear(events: AsyncIterator[BrokerEvent]) -> BrokerEvent:
    async with asyncio.timeout(10):
        return await anext(events)


async def test_a_fill_is_told_once_and_before_its_order(
    broker: BridgeBroker, small: type[Exchange]
) -> None:
    events = broker.events()
    assert isinstance(await broker.place(request(quantity="2")), Accepted)
    small.trade("1", "0.5")
    first, part = await hear(events), await hear(events)
    assert isinstance(first, FillEvent)
    assert isinstance(part, OrderEvent)
    assert part.order.state is BrokerOrderState.PARTIALLY_FILLED
    small.trade("1", "1.5")
    second, whole = await hear(events), await hear(events)
    assert isinstance(second, FillEvent)
    assert (second.fill.cumulative, second.fill.quantity) == (Decimal(2), Decimal("1.5"))
    assert isinstance(whole, OrderEvent)
    assert whole.order.state is BrokerOrderState.FILLED


async def test_an_order_that_was_lost_and_found_is_asked_after_too(
    broker: BridgeBroker, small: type[Exchange]
) -> None:
    events = broker.events()
    small.spoil("POST order", Trouble(ExchangeNotAvailable(), None, done=True))
    await broker.place(request())
    lost = sent(broker, request())
    for _ in range(2):
        assert isinstance(await broker.find(lost), Found)
    small.trade("1", "1")
    told = [await hear(events) for _ in range(2)]
    assert [type(each) for each in told] == [FillEvent, OrderEvent]


async def test_who_has_nothing_alive_is_not_asked_after(
    broker: BridgeBroker, small: type[Exchange]
) -> None:
    asked = len(small.books["requests"])
    await broker._clock.sleep(60)  # noqa: SLF001 - the test's own
    assert len(small.books["requests"]) == asked


async def test_a_round_that_fails_is_a_gap_and_the_next_tells_what_was_missed(
    broker: BridgeBroker, small: type[Exchange]
) -> None:
    events = broker.events()
    await broker.place(request())
    for _ in range(3):
        small.spoil("GET open", Trouble(ExchangeNotAvailable(), 503))
    assert isinstance(await hear(events), StreamLost)
    small.trade("1", "1")
    told = [await hear(events) for _ in range(3)]
    assert [type(each) for each in told] == [FillEvent, OrderEvent, StreamRestored]


async def test_the_end_of_an_order_waits_for_all_its_trades(
    broker: BridgeBroker, small: type[Exchange]
) -> None:
    events = broker.events()
    await broker.place(request())
    small.books["orders"][0] |= {"status": "closed", "filled": "1"}
    assert isinstance(await hear(events), StreamLost)
    small.books["orders"][0]["filled"] = "0"
    small.trade("1", "1")
    told = [await hear(events) for _ in range(2)]
    assert [type(each) for each in told] == [FillEvent, OrderEvent]


async def test_the_events_end_with_the_session(broker: BridgeBroker) -> None:
    events = broker.events()
    await broker.close()
    assert [event async for event in events] == []
