"""Binance's protocol in front of the paper exchange: one account, spot or futures, for tests.

The exchange behind it matches and keeps the books; here are the words, the signatures and the
mishaps on the way. Conditional futures orders are the exchange's stops, under numbers of their
own.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

import orjson
from aiohttp import WSMsgType, web

from adapters.binance.hosts import Hosts, MarketKind
from adapters.binance.orders import TYPES
from adapters.broker import (
    BrokerOrderState,
    FillEvent,
    OrderEvent,
    OrderRequest,
    RefusalCode,
    Refused,
)
from adapters.tasks import TaskSupervisor
from algorithms.decimals import to_text
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from tests.contracts.venue import Mishap
from tests.support.binance_info import exchange_info
from tests.support.binance_words import FIRST_ALGO, Words, ms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from adapters.broker import BrokerEvent
    from adapters.paper import PaperBroker
    from adapters.paper.engine import Engine
    from adapters.paper.orders import PaperOrder

SECRET = "the-secret"
KEY = "the-key"
STOPS = {OrderType.STOP_MARKET, OrderType.STOP_LIMIT}
ROUTES = {
    ("POST", "order"): "place",
    ("POST", "algoOrder"): "place",
    ("DELETE", "order"): "cancel",
    ("DELETE", "batchOrders"): "cancel",
    ("DELETE", "algoOrder"): "cancel",
    ("GET", "order"): "find",
    ("GET", "algoOrder"): "find",
    ("GET", "openOrders"): "open_orders",
    ("GET", "myTrades"): "fills_since",
    ("GET", "userTrades"): "fills_since",
    ("GET", "account"): "holdings",
    ("GET", "ticker/24hr"): "quote",
}
"""What the broker contract calls the routes that can meet a mishap."""


class Refusal(Exception):  # noqa: N818 - Binance's way to say no
    def __init__(self, code: int, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.answer = web.json_response({"code": code, "msg": message}, status=status)


@dataclass(frozen=True, slots=True)
class Trouble:
    mishap: Mishap | None
    delay_s: float = 0.0


class BinanceFront(Words):
    """Serves the account of ``paper``, which may be exchanged for another session of it."""

    def __init__(self, paper: PaperBroker, kind: MarketKind, symbol: Symbol, lot: Decimal) -> None:
        self.paper = paper
        self.kind = kind
        self.clock = paper._clock  # noqa: SLF001 - one clock for both
        self.symbol = symbol
        self._info = exchange_info(symbol, lot)
        self._troubles: dict[str, deque[Trouble]] = defaultdict(deque)
        self._sockets: set[web.WebSocketResponse] = set()
        self._deaf_until: datetime | None = None
        self._tasks = TaskSupervisor()
        self._closing = asyncio.Event()
        self.requests: list[str] = []

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("GET", "/ws-api/v3", self._socket)
        app.router.add_route("GET", "/private/ws/{key}", self._socket)
        app.router.add_route("*", "/{api}/{version}/{name:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port = self._runner.addresses[0][1]
        self.hosts = Hosts(f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}")
        self.follow(self.paper)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await self.drop_sockets()
        await self._tasks.close(1)
        await self._runner.cleanup()

    def follow(self, paper: PaperBroker) -> None:
        """Tell what happens in this session of the account."""
        self.paper = paper
        self._tasks.spawn(self._publish(paper.events()), name="front events")

    def script(self, asked: str, mishap: Mishap | None, delay: timedelta = timedelta()) -> None:
        self._troubles[asked].append(Trouble(mishap, delay.total_seconds()))

    async def drop_sockets(self) -> None:
        for socket in tuple(self._sockets):
            await socket.close()

    def disconnect(self, gap: timedelta) -> None:
        self._deaf_until = self.clock.now() + gap
        self._tasks.spawn(self.drop_sockets(), name="front drops sockets")

    # The way of a request.

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        asked = ROUTES.get((request.method, name), "")
        self.requests.append(f"{request.method} {name}")
        queue = self._troubles[asked]
        trouble = queue.popleft() if queue else Trouble(None)
        if trouble.delay_s:
            await self.clock.sleep(trouble.delay_s)
        if trouble.mishap is Mishap.LOST_BEFORE:
            await self._closing.wait()
        if trouble.mishap is Mishap.RESET_BEFORE:
            return _cut(request)
        if trouble.mishap is Mishap.ERROR_BEFORE:
            return web.Response(status=403, text="<html>firewall</html>")
        if trouble.mishap is Mishap.RATE_LIMIT:
            refusal = {"code": -1003, "msg": "Too many requests"}
            return web.json_response(refusal, status=429, headers={"Retry-After": "1"})
        answer = await self._answer(request, name)
        if trouble.mishap is Mishap.LOST_AFTER:
            await self._closing.wait()
        if trouble.mishap is Mishap.RESET_AFTER:
            return _cut(request)
        if trouble.mishap is Mishap.ERROR_AFTER:
            return web.Response(status=502, text="<html>bad gateway</html>")
        return answer

    async def _answer(self, request: web.Request, name: str) -> web.StreamResponse:
        try:
            body = await self._handle(request, name)
        except Refusal as refusal:
            return refusal.answer
        return web.json_response(body, dumps=lambda each: orjson.dumps(each).decode())

    async def _handle(self, request: web.Request, name: str) -> object:
        query = request.rel_url.raw_query_string
        params = dict(request.query)
        if name in {"time", "exchangeInfo"}:
            return self._info if name == "exchangeInfo" else {"serverTime": ms(self.clock.now())}
        if name == "ticker/24hr":
            return self._ticker(Symbol(params["symbol"]))
        if request.headers.get("X-MBX-APIKEY") != KEY:
            raise Refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        if name == "listenKey":
            return {"listenKey": "listen"}
        self._check_signature(query, params)
        routes: dict[tuple[str, str], Callable[[dict[str, str]], Awaitable[object]]] = {
            ("POST", "order"): self._place,
            ("POST", "algoOrder"): self._place,
            ("DELETE", "order"): self._cancel,
            ("DELETE", "algoOrder"): self._cancel,
            ("DELETE", "batchOrders"): self._cancel_batch,
            ("GET", "order"): self._find,
            ("GET", "algoOrder"): self._find_algo,
            ("GET", "openOrders"): self._open,
            ("GET", "openAlgoOrders"): self._open_algos,
            ("GET", "allAlgoOrders"): self._all_algos,
            ("GET", "myTrades"): self._trades,
            ("GET", "userTrades"): self._trades,
            ("GET", "account"): self._account,
            ("GET", "accountConfig"): self._config,
        }
        return await routes[request.method, name](params)

    def _check_signature(self, query: str, params: dict[str, str]) -> None:
        payload, _, signature = query.partition("&signature=")
        expected = hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()
        if signature != expected:
            raise Refusal(-1022, "Signature for this request is not valid.")
        age = ms(self.clock.now()) - int(params["timestamp"])
        if age > int(params["recvWindow"]) or age <= -1000:
            raise Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")

    # What the account can be asked.

    async def _config(self, _: dict[str, str]) -> object:
        return {"dualSidePosition": False, "canTrade": True}

    async def _place(self, params: dict[str, str]) -> object:
        request = self._request(params)
        placed = await self.paper.exchange.place(request)
        if isinstance(placed, Refused):
            raise self._refusal(placed)
        if "algoType" in params:
            return self.algo_row(placed)
        row = self.row(placed)
        row["transactTime"] = row.pop("time")
        return row

    def _request(self, params: dict[str, str]) -> OrderRequest:
        price = params.get("price")
        stop = params.get("stopPrice", params.get("triggerPrice"))
        return OrderRequest(
            client_id=ChildId(params.get("newClientOrderId") or params["clientAlgoId"]),
            symbol=Symbol(params["symbol"]),
            side=Side(params["side"].lower()),
            order_type=TYPES[params["type"]],
            time_in_force=TimeInForce.GTC,
            quantity=Decimal(params["quantity"]),
            limit_price=None if price is None else Decimal(price),
            stop_price=None if stop is None else Decimal(stop),
        )

    def _refusal(self, refused: Refused) -> Refusal:
        spot = self.kind is MarketKind.SPOT
        match refused.code:
            case RefusalCode.DUPLICATE:
                return Refusal(-2010 if spot else -4116, "Duplicate order sent.")
            case RefusalCode.INSUFFICIENT_FUNDS | RefusalCode.INSUFFICIENT_HOLDINGS:
                return Refusal(
                    -2010 if spot else -2019,
                    "Account has insufficient balance for requested action.",
                )
            case _:
                return Refusal(-1013, f"Filter failure: {refused.message}")

    async def _cancel(self, params: dict[str, str]) -> object:
        (ended,) = await self.paper.exchange.cancel(lambda engine: [self._alive(engine, params)])
        if ended is None:
            raise Refusal(-2011, "Unknown order sent.")
        if "algoId" in params or "clientAlgoId" in params:
            return {"algoId": ended.sequence + FIRST_ALGO, "code": "200", "msg": "success"}
        return self.cancelled_row(ended)

    async def _cancel_batch(self, params: dict[str, str]) -> object:
        names = orjson.loads(params["origClientOrderIdList"])
        assert 1 <= len(names) <= 10
        ended = await self.paper.exchange.cancel(
            lambda engine: [self._alive(engine, {"origClientOrderId": name}) for name in names]
        )
        return [
            {"code": -2011, "msg": "Unknown order sent."}
            if order is None
            else self.cancelled_row(order)
            for order in ended
        ]

    def _alive(self, engine: Engine, params: dict[str, str]) -> PaperOrder | None:
        algo = "algoId" in params or "clientAlgoId" in params
        client = params.get("origClientOrderId", params.get("clientAlgoId"))
        if client is not None:
            order = engine.book.of_client(ChildId(client))
        elif algo:
            order = engine.book.get(int(params["algoId"]) - FIRST_ALGO)
        else:
            order = engine.book.get(int(params["orderId"]))
        if order is None or self.is_algo(order) is not algo:
            return None
        return order

    async def _find(self, params: dict[str, str]) -> object:
        order = await self._order(params.get("orderId"), params.get("origClientOrderId"))
        if order is None or self.is_algo(order):
            raise Refusal(-2013, "Order does not exist.")
        return self.row(order)

    async def _find_algo(self, params: dict[str, str]) -> object:
        number = params.get("algoId")
        number = None if number is None else str(int(number) - FIRST_ALGO)
        order = await self._order(number, params.get("clientAlgoId"))
        if order is None or order.order_type not in STOPS:
            raise Refusal(-2013, "Order does not exist.")
        return self.algo_row(order)

    async def _order(self, number: str | None, client: str | None) -> PaperOrder | None:
        if number is not None:
            return await self.paper.exchange.order_numbered(number, None)
        return await self.paper.exchange.order_of_client(ChildId(client or ""))

    async def _open(self, _: dict[str, str]) -> object:
        orders = await self.paper.exchange.open_orders()
        return [self.row(order) for order in orders if not self.is_algo(order)]

    async def _open_algos(self, _: dict[str, str]) -> object:
        orders = await self.paper.exchange.open_orders()
        return [self.algo_row(order) for order in orders if self.is_algo(order)]

    async def _all_algos(self, _: dict[str, str]) -> object:
        fills = await self.paper.exchange.fills_since(self.clock.now() - timedelta(days=1))
        orders = {fill.order.sequence: fill.order for fill in fills}
        orders |= {order.sequence: order for order in await self.paper.exchange.open_orders()}
        return [self.algo_row(each) for each in orders.values() if each.order_type in STOPS]

    async def _trades(self, params: dict[str, str]) -> object:
        fills = await self.paper.exchange.fills_since(self.clock.now() - timedelta(days=1))
        since = int(params.get("startTime", "0"))
        return [
            self.trade_row(fill)
            for fill in fills
            if fill.order.symbol == params["symbol"]
            and ms(fill.at) >= since
            and params.get("orderId", str(fill.order.sequence)) == str(fill.order.sequence)
            and fill.trade >= int(params.get("fromId", "0"))
        ]

    async def _account(self, _: dict[str, str]) -> object:
        held = await self.paper.exchange.holdings()
        (cash,) = held.cash.values()
        if self.kind is MarketKind.SPOT:
            coins = [
                (symbol.removesuffix("USDT"), held.positions[symbol]) for symbol in held.positions
            ]
            return {
                "balances": [
                    {"asset": asset, "free": to_text(amount), "locked": "0.00"}
                    for asset, amount in [("USDT", cash), *coins]
                ]
            }
        wallet, rows = cash, []
        for symbol, units in held.positions.items():
            cost = units * self.paper.exchange.quote(symbol).last
            wallet += cost  # everything is as if bought at the present price
            rows.append(
                {
                    "symbol": symbol,
                    "positionAmt": to_text(units),
                    "notional": to_text(cost),
                    "unrealizedProfit": "0.00000000",
                }
            )
        return {
            "assets": [{"asset": "USDT", "walletBalance": to_text(wallet)}],
            "positions": rows,
        }

    def _ticker(self, symbol: Symbol) -> object:
        if symbol != self.symbol:
            raise Refusal(-1121, "Invalid symbol.")
        quote = self.paper.exchange.quote(symbol)
        row = {"symbol": symbol, "lastPrice": to_text(quote.last), "openPrice": "100"}
        if self.kind is MarketKind.SPOT and quote.bid is not None and quote.ask is not None:
            row |= {"bidPrice": to_text(quote.bid), "askPrice": to_text(quote.ask)}
        return row

    # Events.

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self._deaf_until is not None and self.clock.now() < self._deaf_until:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if self.kind is MarketKind.FUTURES:
            self._sockets.add(socket)
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    continue
                asked = orjson.loads(message.data)
                self._sockets.add(socket)
                answer = {"id": asked["id"], "status": 200, "result": {"subscriptionId": 0}}
                await socket.send_str(orjson.dumps(answer).decode())
        finally:
            self._sockets.discard(socket)
        return socket

    async def _publish(self, events: Any) -> None:  # noqa: ANN401 - the paper stream's follower
        async for event in events:
            report = await self._report(event)
            if report is None:
                continue
            message = {"subscriptionId": 0, "event": {"e": "executionReport", **report}}
            if self.kind is MarketKind.FUTURES:
                message = {"e": "ORDER_TRADE_UPDATE", "o": report}
            for socket in tuple(self._sockets):
                await socket.send_str(orjson.dumps(message).decode())

    async def _report(self, event: BrokerEvent) -> dict[str, Any] | None:
        match event:
            case FillEvent(fill):
                order = await self.paper.exchange.order_numbered(fill.order_id, fill.market_day)
                assert order is not None
                return self.executed(order, fill)
            case OrderEvent(order) if order.state in {
                BrokerOrderState.FILLED,
                BrokerOrderState.PARTIALLY_FILLED,
            }:
                return None  # the fill's own report says it
            case OrderEvent(order):
                return self.changed(order)
            case _:
                return None


def _cut(request: web.Request) -> web.StreamResponse:
    """Break the connection off without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response(status=500)
