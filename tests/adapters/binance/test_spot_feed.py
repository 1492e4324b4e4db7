"""Many accounts' events over one connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from adapters.binance.account import BinanceSettings
from adapters.binance.broker import BinanceBroker
from adapters.binance.hosts import MarketKind
from adapters.binance.signing import HmacSigner
from adapters.broker import OrderEvent, StreamLost, StreamRestored
from tests.adapters.binance.conftest import settings
from tests.adapters.binance.rows import report
from tests.adapters.binance.test_events import hear
from tests.support.world import started

if TYPE_CHECKING:
    from adapters.binance.hub import Hub
    from tests.support.scripted_binance import ScriptedBinance


async def test_a_subscription_is_signed_over_its_sorted_parameters(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    del spot
    (asked,) = venue.heard
    params = dict(asked["params"])
    signature = params.pop("signature")
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    assert asked["method"] == "userDataStream.subscribe.signature"
    assert signature == HmacSigner("secret").sign(payload)


async def test_each_account_hears_its_own_events(
    spot: BinanceBroker, venue: ScriptedBinance, hub: Hub
) -> None:
    other = BinanceBroker(settings(venue, MarketKind.SPOT), hub)
    await other.open()
    first, second = spot.events(), other.events()
    await venue.tell({"subscriptionId": 1, "event": report(x="NEW", X="NEW", l="0", i=8)})
    await venue.tell({"subscriptionId": 0, "event": report(x="NEW", X="NEW", l="0", i=9)})
    for follower, number in ((first, "9"), (second, "8")):
        (told,) = await hear(follower, 1)  # type: ignore[arg-type]
        assert isinstance(told, OrderEvent)
        assert told.order.id == number


async def test_an_account_that_joins_while_others_are_introduced_hears_too(
    venue: ScriptedBinance, hub: Hub
) -> None:
    """Its rules arrive when the first account's subscription is under way."""
    first = BinanceBroker(settings(venue, MarketKind.SPOT), hub)
    second = BinanceBroker(settings(venue, MarketKind.SPOT), hub)
    joined: list[asyncio.Task[None]] = []

    def answer(asked: dict[str, Any]) -> object:
        if not joined:
            joined.append(started(second.open()))
            return None
        return {"id": asked["id"], "status": 200, "result": {"subscriptionId": len(venue.heard)}}

    venue.on_socket = answer
    opening = started(first.open())
    await asyncio.sleep(1)
    await venue.tell({"id": "1", "status": 200, "result": {"subscriptionId": 0}})
    async with asyncio.timeout(3):
        await opening
        await joined[0]
    assert len(venue.sockets) == 1


async def test_a_server_that_shuts_down_is_left_before_it_does(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    follower = spot.events()
    await venue.tell({"event": {"e": "serverShutdown", "E": 1}})
    await venue.connected(2)
    await asyncio.sleep(1)
    assert venue.sockets[0].closed
    await venue.tell({"subscriptionId": 1, "event": report(x="NEW", X="NEW", l="0")})
    assert isinstance((await hear(follower, 1))[0], OrderEvent)  # type: ignore[arg-type]


async def test_an_ended_subscription_is_told_and_made_again(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    follower = spot.events()
    await venue.tell({"subscriptionId": 0, "event": {"e": "eventStreamTerminated"}})
    lost = await hear(follower, 1)  # type: ignore[arg-type]
    assert isinstance(lost[0], StreamLost)
    await asyncio.sleep(10)
    (restored,) = await hear(follower, 1)  # type: ignore[arg-type]
    assert isinstance(restored, StreamRestored)
    assert len(venue.sockets) == 1


async def test_one_account_that_is_refused_does_not_deafen_the_others(
    spot: BinanceBroker, venue: ScriptedBinance, hub: Hub
) -> None:
    """After a break one of two is refused; the other hears on."""
    other = BinanceBroker(settings(venue, MarketKind.SPOT), hub)
    await other.open()
    refused: list[Any] = []

    def answer(asked: dict[str, Any]) -> object:
        if not refused:
            refused.append(asked)
            return {"id": asked["id"], "status": 400, "error": {"code": -2015, "msg": "no"}}
        return {"id": asked["id"], "status": 200, "result": {"subscriptionId": 5}}

    venue.on_socket = answer
    first, second = spot.events(), other.events()
    await venue.sockets[-1].close()
    for follower in (first, second):
        heard = await hear(follower, 1)  # type: ignore[arg-type]
        assert isinstance(heard[0], StreamLost)
    await asyncio.sleep(10)
    for follower in (first, second):
        assert isinstance((await hear(follower, 1))[0], StreamRestored)  # type: ignore[arg-type]


async def test_an_account_that_leaves_can_come_again(
    spot: BinanceBroker, venue: ScriptedBinance, hub: Hub
) -> None:
    await spot.close()
    assert venue.heard[-1]["method"] == "userDataStream.unsubscribe"
    assert venue.heard[-1]["params"] == {"subscriptionId": 0}
    again = BinanceBroker(settings(venue, MarketKind.SPOT), hub)
    await again.open()
    assert len(venue.sockets) == 1


async def test_a_subscription_that_is_in_the_way_is_left_behind_with_its_connection(
    spot: BinanceBroker, venue: ScriptedBinance, hub: Hub
) -> None:
    """An account comes that the venue believes to be here already."""
    del spot
    refused: list[Any] = []

    def answer(asked: dict[str, Any]) -> object:
        if not refused:
            refused.append(asked)
            error = {"code": -2035, "msg": "Subscription already active for this account."}
            return {"id": asked["id"], "status": 400, "error": error}
        return {"id": asked["id"], "status": 200, "result": {"subscriptionId": len(venue.heard)}}

    venue.on_socket = answer
    other = BinanceBroker(settings(venue, MarketKind.SPOT), hub)
    await other.open()
    assert len(venue.sockets) == 2


async def test_settings_hide_their_keys(venue: ScriptedBinance) -> None:
    own = settings(venue, MarketKind.SPOT)
    assert isinstance(own, BinanceSettings)
    assert "secret" not in repr(own)
