"""What an account's followers hear."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import (
    SELF_TRADE,
    BrokerOrderState,
    FillEvent,
    OrderEvent,
    StreamLost,
    StreamRestored,
)
from tests.adapters.binance.rows import report

if TYPE_CHECKING:
    from adapters.binance.broker import BinanceBroker
    from adapters.broker import BrokerEvent
    from adapters.followers import Follower
    from tests.support.scripted_binance import ScriptedBinance


def spot_event(**changes: object) -> dict[str, object]:
    return {"subscriptionId": 0, "event": report(**changes)}


async def hear(follower: Follower, count: int) -> list[BrokerEvent]:
    async with asyncio.timeout(5):
        return [await anext(follower) for _ in range(count)]


async def test_a_fill_is_told_before_its_order(spot: BinanceBroker, venue: ScriptedBinance) -> None:
    follower = spot.events()
    await venue.tell(spot_event())
    fill, order = await hear(follower, 2)  # type: ignore[arg-type]
    assert isinstance(fill, FillEvent)
    assert isinstance(order, OrderEvent)
    assert (fill.fill.quantity, order.order.filled) == (Decimal("0.5"), Decimal("0.5"))
    assert fill.fill.fee_asset == "BTCUSDT"


async def test_an_end_by_self_trade_prevention_is_told_as_one(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    follower = spot.events()
    await venue.tell(spot_event(x="TRADE_PREVENTION", X="EXPIRED_IN_MATCH", l="0"))
    (told,) = await hear(follower, 1)  # type: ignore[arg-type]
    assert isinstance(told, OrderEvent)
    assert told.order.state is BrokerOrderState.EXPIRED
    assert told.order.reason == SELF_TRADE


async def test_a_futures_fill_and_its_poorer_herald_are_one(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    follower = futures.events()
    await venue.tell({"e": "TRADE_LITE", "s": "BTCUSDT", "t": 1})
    await venue.tell({"e": "ACCOUNT_UPDATE", "a": {}})
    await venue.tell({"e": "ORDER_TRADE_UPDATE", "o": report(N="USDT")})
    fill, order = await hear(follower, 2)  # type: ignore[arg-type]
    assert isinstance(fill, FillEvent)
    assert isinstance(order, OrderEvent)


async def test_an_event_that_cannot_be_read_is_as_good_as_lost(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    follower = spot.events()
    await venue.tell(spot_event(X="ODD"))
    assert [type(event) for event in await hear(follower, 2)] == [  # type: ignore[arg-type]
        StreamLost,
        StreamRestored,
    ]


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("NEW", BrokerOrderState.OPEN),
        ("CANCELED", BrokerOrderState.CANCELLED),
        ("REJECTED", BrokerOrderState.REJECTED),
        ("EXPIRED", BrokerOrderState.EXPIRED),
    ],
)
async def test_a_conditional_order_tells_its_own_life(
    futures: BinanceBroker, venue: ScriptedBinance, status: str, state: BrokerOrderState
) -> None:
    follower = futures.events()
    await venue.tell(algo_update(X=status, rm="no margin"))
    (told,) = await hear(follower, 1)  # type: ignore[arg-type]
    assert isinstance(told, OrderEvent)
    assert (told.order.id, told.order.state) == ("algo-9", state)
    assert told.order.reason == "no margin"


async def test_what_was_born_of_a_conditional_order_keeps_its_name(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    follower = futures.events()
    await venue.tell(algo_update(X="TRIGGERED", ai="7", aq="0"))
    await venue.tell({"e": "ORDER_TRADE_UPDATE", "o": report(c="of-the-venue", N="USDT")})
    triggered, fill, _ = await hear(follower, 3)  # type: ignore[arg-type]
    assert isinstance(triggered, OrderEvent)
    assert triggered.order.state is BrokerOrderState.OPEN
    assert isinstance(fill, FillEvent)
    assert (fill.fill.order_id, fill.fill.client_id) == ("algo-9", "a-2")


def algo_update(**changes: object) -> dict[str, object]:
    order = {
        "caid": "a-2",
        "aid": 9,
        "at": "CONDITIONAL",
        "o": "STOP_MARKET",
        "s": "BTCUSDT",
        "S": "SELL",
        "q": "1.0",
        "X": "NEW",
        "tp": "99",
        "p": "0",
    }
    return {"e": "ALGO_UPDATE", "T": 1_800_000_000_000, "o": order | changes}
