"""A server that answers as a test says: Binance's replies, one by one, and its sockets."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import orjson
from aiohttp import WSMsgType, web

from adapters.http import Hosts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EXCHANGE_INFO: dict[str, Any] = {
    "rateLimits": [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
        {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
    ],
    "symbols": [
        {
            "symbol": symbol,
            "status": "TRADING",
            "baseAsset": base,
            "quoteAsset": "USDT",
            "marginAsset": "USDT",
            "orderTypes": [
                *("LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "STOP", "STOP_MARKET"),
            ],
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": "0.01000000",
                    "maxPrice": "1000000.00000000",
                    "tickSize": "0.01000000",
                },
                {
                    "filterType": "LOT_SIZE",
                    "minQty": "0.00010000",
                    "maxQty": "9000.00000000",
                    "stepSize": "0.00010000",
                },
                {"filterType": "MARKET_LOT_SIZE", "maxQty": "50", "minQty": "0", "stepSize": "0"},
                {"filterType": "NOTIONAL", "minNotional": "5.00000000"},
            ],
        }
        for symbol, base in (("BTCUSDT", "BTC"), ("BNBUSDT", "BNB"))
    ],
}
SPOT_STATE = {
    "balances": [
        {"asset": "USDT", "free": "1000.50000000", "locked": "99.50000000"},
        {"asset": "BTC", "free": "0.50000000", "locked": "0.00000000"},
        {"asset": "EUR", "free": "7.00000000", "locked": "0.00000000"},
    ]
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: str
    params: dict[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Says:
    """What to answer. ``cut`` breaks the connection off in the middle of the body."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] | None = None
    raw: bytes | None = None
    cut: bool = False
    delay_s: float = 0.0


class ScriptedBinance:
    """Answers each route with what it was told to, the last answer for ever."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.heard: list[dict[str, Any]] = []
        self.on_socket: Callable[[dict[str, Any]], object] = _subscribed
        self._answers: dict[tuple[str, str], deque[Says]] = defaultdict(deque)
        self._runner: web.AppRunner | None = None
        self._arrived = asyncio.Event()
        self.hosts = Hosts("", "")

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/ws-api/v3", self._socket)
        app.router.add_route("*", "/private/ws/{key}", self._socket)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        address = self._runner.addresses[0]
        self.hosts = Hosts(f"http://127.0.0.1:{address[1]}", f"ws://127.0.0.1:{address[1]}")
        for prefix in ("/api/v3/", "/fapi/v1/"):
            self.says("GET", f"{prefix}exchangeInfo", Says(EXCHANGE_INFO))
            self.says("GET", f"{prefix}time", Says({"serverTime": 1_800_000_000_000}))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        for socket in self.sockets:
            await socket.close()
        await self._runner.cleanup()

    def says(self, method: str, path: str, *answers: Says) -> None:
        """Answer a route from now on with these, one after the other."""
        self._answers[method, path] = deque(answers)

    def asked(self, method: str, path: str) -> list[Seen]:
        return [one for one in self.seen if (one.method, one.path) == (method, path)]

    async def tell(self, message: object) -> None:
        """Push a message over the newest socket."""
        await self.sockets[-1].send_str(orjson.dumps(message).decode())

    async def connected(self, count: int) -> None:
        """Wait until so many sockets have been opened since the start."""
        while len(self.sockets) < count:
            self._arrived.clear()
            await self._arrived.wait()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(
            Seen(
                request.method,
                request.path,
                request.rel_url.raw_query_string,
                dict(request.query),
                request.headers,
            )
        )
        answers = self._answers[request.method, request.path]
        if not answers:
            return web.json_response({"code": -1101, "msg": "not scripted"}, status=400)
        says = answers.popleft() if len(answers) > 1 else answers[0]
        if says.delay_s:
            await asyncio.sleep(says.delay_s)
        raw = orjson.dumps(says.body) if says.raw is None else says.raw
        if says.cut:
            response = web.StreamResponse(headers={"Content-Length": str(len(raw) + 10)})
            await response.prepare(request)
            await response.write(raw)
            assert request.transport is not None
            request.transport.abort()
            return response
        return web.Response(body=raw, status=says.status, headers=dict(says.headers or {}))

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        self._arrived.set()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                asked = orjson.loads(message.data)
                self.heard.append(asked)
                answer = self.on_socket(asked)
                if answer is not None:
                    await socket.send_str(orjson.dumps(answer).decode())
        return socket


def _subscribed(asked: dict[str, Any]) -> object:
    return {"id": asked["id"], "status": 200, "result": {"subscriptionId": int(asked["id"]) - 1}}
