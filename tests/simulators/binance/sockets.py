"""The WebSocket API and the streams of user events."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson
from aiohttp import WSMsgType, web

from tests.simulators.binance.accounts import check_signed
from tests.simulators.binance.errors import ApiError, missing
from tests.simulators.binance.faults import Fault
from tests.simulators.binance.futures_events import futures_events
from tests.simulators.binance.orders import OrderEvent
from tests.simulators.binance.user_events import spot_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from tests.simulators.binance.exchange import Exchange
    from tests.simulators.binance.orders import Event

LONGEST_QUEUE = 10_000
"""Messages that wait for a slow reader before its connection is closed."""

GONE = "gone"
"""In place of a listenKey whose end was told."""

SPOT_METHODS = {
    "ping": "GET /api/v3/ping",
    "time": "GET /api/v3/time",
    "exchangeInfo": "GET /api/v3/exchangeInfo",
    "depth": "GET /api/v3/depth",
    "ticker.24hr": "GET /api/v3/ticker/24hr",
    "ticker.price": "GET /api/v3/ticker/price",
    "ticker.book": "GET /api/v3/ticker/bookTicker",
    "klines": "GET /api/v3/klines",
    "trades.recent": "GET /api/v3/trades",
    "order.place": "POST /api/v3/order",
    "order.test": "POST /api/v3/order/test",
    "order.status": "GET /api/v3/order",
    "order.cancel": "DELETE /api/v3/order",
    "order.cancelReplace": "POST /api/v3/order/cancelReplace",
    "openOrders.status": "GET /api/v3/openOrders",
    "openOrders.cancelAll": "DELETE /api/v3/openOrders",
    "allOrders": "GET /api/v3/allOrders",
    "myTrades": "GET /api/v3/myTrades",
    "account.status": "GET /api/v3/account",
    "account.rateLimits.orders": "GET /api/v3/rateLimit/order",
}


@dataclass(eq=False, slots=True)
class Connection:
    """One socket: what waits to be written, and whose events it carries."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    queue: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(LONGEST_QUEUE))
    accounts: dict[int, str] = field(default_factory=dict)
    next_subscription: int = 0
    logged_on: str = ""
    listen_key: str = ""

    def say(self, message: object) -> None:
        try:
            self.queue.put_nowait(orjson.dumps(message))
        except asyncio.QueueFull:
            self.hang_up()

    def hang_up(self) -> None:
        if self.transport is not None:
            self.transport.abort()


def signed_text(params: dict[str, str]) -> bytes:
    """Return what a WebSocket request signs: its parameters by name, without the signature."""
    return "&".join(
        f"{name}={value}" for name, value in sorted(params.items()) if name != "signature"
    ).encode()


class Sockets:
    def __init__(self, exchange: Exchange, clock: Clock, tasks: TaskSupervisor) -> None:
        self._exchange = exchange
        self._clock = clock
        self._tasks = tasks
        self.connections: set[Connection] = set()
        self._away_until_ms = 0

    # -- what tests do -------------------------------------------------------------------

    def drop_all(self) -> None:
        """Break every connection off without a word."""
        for connection in list(self.connections):
            connection.hang_up()

    def announce_shutdown(self) -> None:
        """Say that this server ends: clients should connect to another."""
        for connection in self.connections:
            connection.say({"event": {"e": "serverShutdown", "E": self._exchange.now_ms()}})

    def terminate_subscriptions(self) -> None:
        """End every user subscription, but not its connection."""
        for connection in self.connections:
            for number in connection.accounts:
                event = {"e": "eventStreamTerminated", "E": self._exchange.now_ms()}
                connection.say({"subscriptionId": number, "event": event})
            connection.accounts.clear()

    def expire_listen_keys(self) -> None:
        """Let every listenKey be over; the sockets stay open and say nothing more."""
        self._exchange.listen_keys.expire(self._exchange.now_ms())
        self.tell_expired_keys()

    def tell_expired_keys(self) -> None:
        """Say on each socket whose listenKey is over that it is."""
        now = self._exchange.now_ms()
        for connection in self.connections:
            key = connection.listen_key
            if key and self._exchange.listen_keys.is_expired(key, now):
                connection.say({"e": "listenKeyExpired", "E": now, "listenKey": key})
                connection.listen_key = GONE

    def go_away(self, seconds: float) -> None:
        """Break every connection off, and take no new one for so long."""
        self._away_until_ms = self._exchange.now_ms() + int(seconds * 1000)
        self.drop_all()

    def flush(self) -> None:
        """Tell what happened on the venues since the last flush."""
        for venue, tell in (
            (self._exchange.spot, self._tell_spot),
            (self._exchange.futures, self._tell_futures),
        ):
            events, venue.outbox[:] = list(venue.outbox), []
            for event in events:
                if not self._is_late(event):
                    tell(event)
                else:
                    late = self._tell_later(event, tell)
                    self._tasks.spawn(late, name="a trade that is told late")

    def _is_late(self, event: Event) -> bool:
        faults = self._exchange.faults
        if not faults.late_trades or not isinstance(event, OrderEvent) or event.trade is None:
            return False
        faults.late_trades -= 1
        return True

    async def _tell_later(self, event: Event, tell: Callable[[Event], None]) -> None:
        await self._clock.sleep(self._exchange.faults.late_s)
        tell(event)

    def _tell_spot(self, event: Event) -> None:
        if self._exchange.faults.stalled:
            return
        wire = spot_event(event, self._exchange.spot)
        for connection in list(self.connections):
            for number, account in connection.accounts.items():
                if account == event.account:
                    for _ in range(2 if self._exchange.faults.duplicates else 1):
                        connection.say({"subscriptionId": number, "event": wire})

    def _tell_futures(self, event: Event) -> None:
        exchange = self._exchange
        if exchange.faults.stalled:
            return
        messages = futures_events(event, exchange.futures)
        if exchange.faults.duplicates:
            messages *= 2
        for connection in list(self.connections):
            key = connection.listen_key
            if key and exchange.listen_keys.account_of(key, exchange.now_ms()) == event.account:
                for message in messages:
                    connection.say(message)

    async def futures_private(self, request: web.Request) -> web.StreamResponse:
        """Carry the events of the account whose listenKey is in the path or the query."""
        key = request.match_info.get("key") or request.query.get("listenKey", "")
        if self._exchange.listen_keys.account_of(key, self._exchange.now_ms()) is None:
            return web.Response(status=400, text="no such listenKey")
        return await self._carry(request, key)

    # -- the spot WebSocket API ----------------------------------------------------------

    async def spot_api(self, request: web.Request) -> web.StreamResponse:
        return await self._carry(request, "")

    async def _carry(self, request: web.Request, listen_key: str) -> web.StreamResponse:
        if self._exchange.now_ms() < self._away_until_ms:
            return web.Response(status=503)
        socket = web.WebSocketResponse(heartbeat=None)
        await socket.prepare(request)
        connection = Connection(socket, request.transport, listen_key=listen_key)
        self.connections.add(connection)
        writer = self._tasks.spawn(_write(connection), name="socket writer")
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT and not listen_key:
                    await self._request(connection, message.data, request.remote or "")
        finally:
            self.connections.discard(connection)
            writer.cancel()
        return socket

    async def _request(self, connection: Connection, text: str, address: str) -> None:
        try:
            asked = orjson.loads(text)
        except orjson.JSONDecodeError:
            connection.say(_refused(None, ApiError(-1135, "Invalid JSON Request")))
            return
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            connection.say(_refused(None, missing("method")))
            return
        number, method = asked.get("id"), asked["method"]
        params = {name: _text(value) for name, value in (asked.get("params") or {}).items()}
        met = self._exchange.faults.meet(f"WS {method}")
        if met is not None and met.delay_s:
            await self._clock.sleep(met.delay_s)
        if met is not None and met.fault is Fault.DROP_BEFORE:
            connection.hang_up()
            return
        reply = self._reply(connection, number, method, params, address)
        if met is not None and met.fault is Fault.DROP_AFTER:
            self.flush()
            connection.hang_up()
            return
        if met is not None and met.fault is Fault.TIMEOUT_408_AFTER:
            reply = {"id": number, "status": 408, "error": {"code": -1007, "msg": "Timeout."}}
        connection.say(reply)
        self.flush()

    def _reply(
        self,
        connection: Connection,
        number: object,
        method: str,
        params: dict[str, str],
        address: str,
    ) -> dict[str, object]:
        try:
            if method in SPOT_METHODS:
                result = self._exchange.perform(
                    SPOT_METHODS[method],
                    params,
                    address=address,
                    api_key=params.get("apiKey"),
                    payload=signed_text(params),
                )
            else:
                result = self._session(connection, method, params, address)
        except ApiError as error:
            return _refused(number, error)
        return {"id": number, "status": 200, "result": result, "rateLimits": []}

    def _session(
        self, connection: Connection, method: str, params: dict[str, str], address: str
    ) -> object:
        exchange = self._exchange
        exchange.spot_limits.take_weight(address, 2, exchange.now_ms())
        if method in {"userDataStream.subscribe.signature", "session.logon"}:
            key = exchange.keys.get(params.get("apiKey"))
            check_signed(key, signed_text(params), params, exchange.now_ms())
            if method == "session.logon":
                if key.kind != "ed25519":
                    raise ApiError(-4056, "HMAC_SHA256 API key is not supported.")
                connection.logged_on = key.account
                return {"apiKey": key.api_key, "authorizedSince": exchange.now_ms()}
            return _subscribe(connection, key.account)
        if method == "userDataStream.subscribe":
            if not connection.logged_on:
                raise ApiError(-1194, "Session is not authenticated.", status=401)
            return _subscribe(connection, connection.logged_on)
        if method == "userDataStream.unsubscribe":
            return _unsubscribe(connection, params.get("subscriptionId"))
        raise ApiError(-1136, f"Unknown method {method}")


def _subscribe(connection: Connection, account: str) -> object:
    if account in connection.accounts.values():
        raise ApiError(-2035, "Subscription already active for this account.")
    number = connection.next_subscription
    connection.next_subscription += 1
    connection.accounts[number] = account
    return {"subscriptionId": number}


def _unsubscribe(connection: Connection, number: str | None) -> object:
    if number is None:
        connection.accounts.clear()
    elif not number.isdecimal() or connection.accounts.pop(int(number), None) is None:
        raise ApiError(-2036, "Subscription not active.")
    return {}


def _refused(number: object, error: ApiError) -> dict[str, object]:
    return {"id": number, "status": error.status, "error": error.body}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


async def _write(connection: Connection) -> None:
    while True:
        message = await connection.queue.get()
        try:
            await connection.socket.send_str(message.decode())
        except ConnectionError:
            return
