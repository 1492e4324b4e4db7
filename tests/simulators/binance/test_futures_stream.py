"""The private stream of futures, opened with a listenKey."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from adapters.clock import LoopClock
from tests.simulators.binance.trader import NOON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.simulators.binance.trader import Trader

KEY = "/fapi/v1/listenKey"
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}


@asynccontextmanager
async def listening(
    trader: Trader, form: str = "/{}"
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    _, opened = await trader.raw("POST", KEY)
    url = trader.urls.futures_private + form.format(opened["listenKey"])
    async with trader.session.ws_connect(url) as socket:
        yield socket


async def hear(socket: aiohttp.ClientWebSocketResponse) -> Any:  # noqa: ANN401
    async with asyncio.timeout(5):
        return await socket.receive_json()


@pytest.mark.parametrize("form", ["/{}", "?listenKey={}"])
async def test_a_fill_is_told_and_then_the_position(trader: Trader, form: str) -> None:
    async with listening(trader, form) as socket:
        await trader.ask("POST /fapi/v1/order", **ORDER)
        new, lite, filled, account = [await hear(socket) for _ in range(4)]
    assert (lite["e"], lite["t"], lite["i"]) == ("TRADE_LITE", filled["o"]["t"], new["o"]["i"])
    assert (new["o"]["x"], new["o"]["X"]) == ("NEW", "NEW")
    assert (filled["o"]["X"], filled["o"]["ap"]) == ("FILLED", "50000.10000000")
    assert account["a"]["P"][0]["pa"] == "1.00000000"
    assert account["a"]["B"][0]["wb"] == "999979.99996000"


async def test_prevention_is_an_expiry_with_its_reason(trader: Trader) -> None:
    limit = {**ORDER, "type": "LIMIT", "price": "50000", "timeInForce": "GTC"}
    async with listening(trader) as socket:
        await trader.ask("POST /fapi/v1/order", **limit)
        await trader.ask("POST /fapi/v1/order", **{**limit, "side": "SELL"})
        events = [(await hear(socket))["o"] for _ in range(3)]
    assert [(each["x"], each["X"], each["er"]) for each in events][2] == (
        "EXPIRED",
        "EXPIRED_IN_MATCH",
        "1",
    )


async def test_a_key_lives_an_hour_after_it_was_last_asked_for(trader: Trader) -> None:
    _, first = await trader.raw("POST", KEY)
    await LoopClock(NOON).sleep(3000)
    assert (await trader.raw("PUT", KEY))[1] == first
    await LoopClock(NOON).sleep(3000)
    assert (await trader.raw("POST", KEY))[1] == first
    await LoopClock(NOON).sleep(3601)
    assert (await trader.raw("PUT", KEY))[1]["code"] == -1125
    assert (await trader.raw("POST", KEY))[1] != first


async def test_a_deleted_key_opens_nothing(trader: Trader) -> None:
    _, opened = await trader.raw("POST", KEY)
    assert await trader.raw("DELETE", KEY) == (200, {})
    url = f"{trader.urls.futures_private}/{opened['listenKey']}"
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await trader.session.ws_connect(url)


async def test_an_expired_key_leaves_the_socket_open_and_silent(trader: Trader) -> None:
    async with listening(trader) as socket:
        trader.simulator.sockets.expire_listen_keys()
        assert (await hear(socket))["e"] == "listenKeyExpired"
        trader.simulator.set_price("BTCUSDT", Decimal(51_000))
        await trader.ask("POST /fapi/v1/order", **ORDER)
        with pytest.raises(TimeoutError):
            await hear(socket)
        assert not socket.closed
