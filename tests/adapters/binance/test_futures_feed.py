"""One account's listen key, its socket, and what ends them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adapters.binance.futures_feed import RENEW_S
from adapters.broker import StreamLost, StreamRestored
from tests.adapters.binance.test_events import hear
from tests.support.scripted_binance import Says

if TYPE_CHECKING:
    from adapters.binance.broker import BinanceBroker
    from tests.support.scripted_binance import ScriptedBinance

KEY = "/fapi/v1/listenKey"


async def test_a_key_is_renewed_long_before_it_expires(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    del futures
    venue.says("PUT", KEY, Says({}))
    await asyncio.sleep(2 * RENEW_S + 60)
    assert len(venue.asked("PUT", KEY)) == 2
    assert venue.asked("PUT", KEY)[0].query == ""
    assert len(venue.sockets) == 1


async def test_an_expired_key_leaves_a_silent_socket_that_is_given_up(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    follower = futures.events()
    await venue.tell({"e": "listenKeyExpired", "listenKey": "abc"})
    assert [type(event) for event in await hear(follower, 2)] == [  # type: ignore[arg-type]
        StreamLost,
        StreamRestored,
    ]
    assert len(venue.asked("POST", KEY)) == 2


async def test_a_key_that_is_gone_is_replaced(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    follower = futures.events()
    venue.says("PUT", KEY, Says({"code": -1125, "msg": "no such key"}, status=400))
    await asyncio.sleep(RENEW_S + 30)
    assert isinstance((await hear(follower, 1))[0], StreamLost)  # type: ignore[arg-type]
    assert len(venue.asked("POST", KEY)) == 2


async def test_the_key_is_never_deleted(futures: BinanceBroker, venue: ScriptedBinance) -> None:
    """Others may listen with the same one."""
    await futures.close()
    assert venue.asked("DELETE", KEY) == []
