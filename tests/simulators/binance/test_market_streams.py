"""Market data as it is pushed."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from adapters.clock import LoopClock
from tests.simulators.binance.trader import NOON

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientWebSocketResponse

    from tests.simulators.binance.trader import Trader

BUY: dict[str, object] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}


async def hear(socket: ClientWebSocketResponse) -> Any:  # noqa: ANN401
    async with asyncio.timeout(5):
        return await socket.receive_json()


@asynccontextmanager
async def subscribed(
    trader: Trader, path: str, *streams: str
) -> AsyncIterator[ClientWebSocketResponse]:
    async with trader.session.ws_connect(trader.urls.socket + path) as socket:
        await socket.send_json({"method": "SUBSCRIBE", "params": streams, "id": 7})
        assert await hear(socket) == {"result": None, "id": 7}
        yield socket


async def test_a_trade_is_pushed_to_who_asked_for_its_symbol(trader: Trader) -> None:
    async with subscribed(trader, "/ws", "btcusdt@trade") as socket:
        await trader.ask("POST /api/v3/order", **{**BUY, "symbol": "ETHUSDT"})
        await trader.ask("POST /api/v3/order", **BUY)
        told = await hear(socket)
    assert (told["e"], told["s"], told["p"], told["q"]) == ("trade", "BTCUSDT", "50000.01", "1")
    assert told["m"] is False


@pytest.mark.parametrize("path", ["/ws", "/public/ws"])
async def test_a_book_put_together_from_its_changes_is_the_book(trader: Trader, path: str) -> None:
    """Each change begins where the one before ended."""
    futures = path != "/ws"
    prefix = "/fapi/v1" if futures else "/api/v3"
    order = {**BUY, "type": "LIMIT", "timeInForce": "GTC", "price": "49990"}
    async with subscribed(trader, path, "btcusdt@depth@100ms") as socket:
        _, book = await trader.raw("GET", f"{prefix}/depth?symbol=BTCUSDT&limit=100")
        bids, number = dict(book["bids"]), book["lastUpdateId"]
        for price in ("49990", "49999", "40000"):
            await trader.ask(f"POST {prefix}/order", **{**order, "price": price})
        trader.simulator.set_price("BTCUSDT", Decimal(49_995))
        for _ in range(4):
            told = await hear(socket)
            assert told["U"] == number + 1
            assert told.get("pu", number) == number
            number = told["u"]
            bids |= dict(told["b"])
        _, book = await trader.raw("GET", f"{prefix}/depth?symbol=BTCUSDT&limit=100")
    assert book["lastUpdateId"] == number
    kept = {Decimal(price): Decimal(size) for price, size in bids.items() if Decimal(size)}
    assert kept == {Decimal(price): Decimal(size) for price, size in book["bids"]}


@pytest.mark.parametrize(
    ("path", "stream", "expected"),
    [
        ("/ws", "btcusdt@aggTrade", {"e": "aggTrade", "q": "1"}),
        ("/ws", "btcusdt@ticker", {"e": "24hrTicker", "c": "50000", "v": "1"}),
        ("/ws", "btcusdt@miniTicker", {"e": "24hrMiniTicker", "c": "50000"}),
        ("/ws", "btcusdt@kline_1m", {"e": "kline", "s": "BTCUSDT"}),
        ("/market/ws", "btcusdt@markPrice@1s", {"e": "markPriceUpdate", "p": "50000"}),
        ("/public/ws", "btcusdt@bookTicker", {"e": "bookTicker", "b": "49999.90"}),
    ],
)
async def test_every_kind_of_stream_is_pushed_on_a_trade(
    trader: Trader, path: str, stream: str, expected: dict[str, object]
) -> None:
    route = "POST /api/v3/order" if path == "/ws" else "POST /fapi/v1/order"
    async with subscribed(trader, path, stream) as socket:
        await trader.ask(route, **BUY)
        told = await hear(socket)
    assert expected.items() <= told.items()


@pytest.mark.parametrize("path", ["/ws", "/public/ws"])
async def test_a_partial_book_has_its_depth(trader: Trader, path: str) -> None:
    async with subscribed(trader, path, "btcusdt@depth5") as socket:
        trader.simulator.set_price("BTCUSDT", Decimal(51_000))
        told = await hear(socket)
    bids = told["b"] if "b" in told else told["bids"]
    assert (len(bids), Decimal(bids[0][0]) < 51_000) == (5, True)


async def test_a_list_of_everything_tells_what_moved(trader: Trader) -> None:
    async with subscribed(trader, "/ws", "!miniTicker@arr") as socket:
        trader.simulator.set_price("ETHUSDT", Decimal(2_100))
        (told,) = await hear(socket)
    assert (told["s"], told["c"]) == ("ETHUSDT", "2100")


async def test_streams_of_the_address_come_with_their_names(trader: Trader) -> None:
    url = f"{trader.urls.socket}/stream?streams=btcusdt@trade/ethusdt@trade"
    async with trader.session.ws_connect(url) as socket:
        await trader.ask("POST /api/v3/order", **{**BUY, "symbol": "ETHUSDT"})
        told = await hear(socket)
    assert (told["stream"], told["data"]["s"]) == ("ethusdt@trade", "ETHUSDT")


async def test_who_unsubscribed_hears_nothing_more(trader: Trader) -> None:
    async with subscribed(trader, "/ws", "btcusdt@trade", "nonsense") as socket:
        await socket.send_json({"method": "UNSUBSCRIBE", "params": ["btcusdt@trade"], "id": 8})
        assert (await hear(socket))["id"] == 8
        await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 9})
        assert (await hear(socket))["result"] == ["nonsense"]
        await trader.ask("POST /api/v3/order", **BUY)
        with pytest.raises(TimeoutError):
            await hear(socket)


@pytest.mark.parametrize("said", ["{", "[]", '{"id": 1}', '{"method": "SING", "id": 1}'])
async def test_nonsense_is_refused(trader: Trader, said: str) -> None:
    async with trader.session.ws_connect(f"{trader.urls.socket}/ws") as socket:
        await socket.send_str(said)
        told = await hear(socket)
    assert told.get("code", told.get("error", {}).get("code")) in {2, 3}


async def test_a_connection_ends_when_its_life_is_over(trader: Trader) -> None:
    trader.simulator.sockets.life_s = 100
    async with trader.session.ws_connect(f"{trader.urls.socket}/ws") as socket:
        await LoopClock(NOON).sleep(101)
        await socket.receive()
        assert socket.closed


async def test_who_answers_no_ping_is_broken_off(trader: Trader) -> None:
    trader.simulator.sockets.ping_every_s = 20
    url = f"{trader.urls.socket}/ws"
    async with trader.session.ws_connect(url, autoping=False) as deaf:
        await LoopClock(NOON).sleep(31)
        assert not trader.simulator.sockets.connections
        assert not deaf.closed
