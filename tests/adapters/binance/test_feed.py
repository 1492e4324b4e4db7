"""A socket that is kept open, whatever the venue does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adapters.binance.feed import ROTATE_AFTER_S
from adapters.broker import StreamLost, StreamRestored
from tests.adapters.binance.test_events import hear, spot_event

if TYPE_CHECKING:
    from adapters.binance.broker import BinanceBroker
    from tests.support.scripted_binance import ScriptedBinance


async def test_a_broken_socket_is_told_and_replaced(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    follower = spot.events()
    await venue.sockets[-1].close()
    lost, restored = await hear(follower, 2)  # type: ignore[arg-type]
    assert isinstance(lost, StreamLost)
    assert isinstance(restored, StreamRestored)
    assert len(venue.sockets) == 2


async def test_a_socket_is_exchanged_before_the_venue_ends_it(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    """Nothing is lost, so nothing is told."""
    follower = spot.events()
    await asyncio.sleep(ROTATE_AFTER_S + 60)
    assert len(venue.sockets) == 2
    assert venue.sockets[0].closed
    venue.on_socket = lambda _asked: None
    number = int(venue.heard[-1]["id"]) - 1
    await venue.tell({**spot_event(x="NEW", X="NEW", l="0"), "subscriptionId": number})
    (told,) = await hear(follower, 1)  # type: ignore[arg-type]
    assert not isinstance(told, StreamLost)


async def test_a_message_that_is_not_json_ends_the_socket(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    follower = spot.events()
    await venue.sockets[-1].send_str("not json")
    assert isinstance((await hear(follower, 1))[0], StreamLost)  # type: ignore[arg-type]


async def test_a_closed_feed_opens_no_socket(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    await futures.close()
    await asyncio.sleep(60)
    assert len(venue.sockets) == 1
