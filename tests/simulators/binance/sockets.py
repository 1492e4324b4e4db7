"""The sockets: the WebSocket APIs, user events and market data, and what may befall them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from tests.simulators.binance.connection import Connection
from tests.simulators.binance.errors import ApiError
from tests.simulators.binance.faults import JSON_REPLIES, RETRY_AFTER_S, Fault, mutated
from tests.simulators.binance.futures_events import futures_events
from tests.simulators.binance.market_streams import MarketStreams
from tests.simulators.binance.orders import OrderEvent
from tests.simulators.binance.socket_api import FUTURES_METHODS, SPOT_METHODS, Asked, SocketApi
from tests.simulators.binance.user_events import spot_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from tests.simulators.binance.exchange import Exchange
    from tests.simulators.binance.orders import Event

GONE = "gone"
"""In place of a listenKey whose end was told."""


class Sockets:
    def __init__(self, exchange: Exchange, clock: Clock, tasks: TaskSupervisor) -> None:
        self._exchange = exchange
        self._clock = clock
        self._tasks = tasks
        self.connections: set[Connection] = set()
        self._away_until_ms = 0
        self._spot_api = SocketApi(exchange, SPOT_METHODS, is_spot=True)
        self._futures_api = SocketApi(exchange, FUTURES_METHODS, is_spot=False)
        self._spot_market = MarketStreams(exchange.spot)
        self._futures_market = MarketStreams(exchange.futures)
        self.ping_every_s: float | None = None
        """Connections are pinged so often, and broken off where no pong comes; None: never."""
        self.life_s: float | None = None
        """After so long a connection is closed; Binance's are after 24 hours."""

    # What tests do

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
        self._spot_market.tell(self.connections)
        self._futures_market.tell(self.connections)
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

    # What clients connect to

    async def spot_api(self, request: web.Request) -> web.StreamResponse:
        return await self._carry(request, self._spot_api)

    async def futures_api(self, request: web.Request) -> web.StreamResponse:
        return await self._carry(request, self._futures_api)

    async def futures_private(self, request: web.Request) -> web.StreamResponse:
        """Carry the events of the account whose listenKey is in the path or the query."""
        key = request.match_info.get("key") or request.query.get("listenKey", "")
        if self._exchange.listen_keys.account_of(key, self._exchange.now_ms()) is None:
            return web.Response(status=400, text="no such listenKey")
        return await self._carry(request, listen_key=key)

    async def spot_market(self, request: web.Request) -> web.StreamResponse:
        return await self._carry(request, market=self._spot_market)

    async def futures_market(self, request: web.Request) -> web.StreamResponse:
        return await self._carry(request, market=self._futures_market)

    async def _carry(
        self,
        request: web.Request,
        api: SocketApi | None = None,
        *,
        listen_key: str = "",
        market: MarketStreams | None = None,
    ) -> web.StreamResponse:
        if self._exchange.now_ms() < self._away_until_ms:
            return web.Response(status=503)
        socket = web.WebSocketResponse(heartbeat=self.ping_every_s)
        await socket.prepare(request)
        connection = Connection(socket, request.transport, listen_key=listen_key)
        if market is not None:
            connection.venue = market.venue
            connection.is_combined = "streams" in request.query
            named = request.match_info.get("stream") or request.query.get("streams", "")
            market.subscribe(connection, [each for each in named.split("/") if each])
        self.connections.add(connection)
        writer = self._tasks.spawn(connection.write(), name="socket writer")
        try:
            async with asyncio.timeout(self.life_s):
                async for message in socket:
                    if message.type is not WSMsgType.TEXT:
                        continue
                    if market is not None:
                        market.request(connection, message.data)
                    elif api is not None:
                        await self._request(connection, api, message.data, request.remote or "")
        except TimeoutError:
            await socket.close()
        finally:
            self.connections.discard(connection)
            writer.cancel()
        return socket

    async def _request(
        self, connection: Connection, api: SocketApi, text: str, address: str
    ) -> None:
        try:
            asked = Asked(text)
        except ApiError as error:
            connection.say({"id": None, "status": error.status, "error": error.body})
            return
        met = self._exchange.faults.meet(f"WS {asked.method}")
        if met is None:
            connection.say(api.reply(connection, asked, address))
            self.flush()
            return
        if met.delay_s and met.fault is not Fault.LATE:
            await self._clock.sleep(met.delay_s)
        if met.fault is Fault.LATE:
            late = self._later(met.delay_s, connection, api, asked, address)
            self._tasks.spawn(late, name="late acceptance")
        reply = None
        if met.fault is Fault.DELAY or met.fault.is_after:
            reply = api.reply(connection, asked, address)
            self.flush()
        self._spoil(connection, asked, met.fault, reply)

    def _spoil(
        self, connection: Connection, asked: Asked, fault: Fault, reply: dict[str, object] | None
    ) -> None:
        """Say instead of the true reply what a fault says; most break the connection."""
        if fault is Fault.DELAY:
            connection.say(reply)
        elif fault in JSON_REPLIES:
            connection.say(asked.refused(*JSON_REPLIES[fault]))
        elif fault in RETRY_AFTER_S:
            status = 418 if fault is Fault.BAN_418_BEFORE else 429
            until = self._exchange.now_ms() + RETRY_AFTER_S[fault] * 1000
            error = {"code": -1003, "msg": "Too many requests.", "data": {"retryAfter": until}}
            connection.say(asked.refused(status, error))
        elif fault is Fault.GARBAGE_200_AFTER:
            connection.say_text("<html><h1>Welcome</h1></html>")
        elif fault is Fault.MUTATED_AFTER:
            connection.say(mutated(reply, self._exchange.random))
        elif fault not in {Fault.SILENT_BEFORE, Fault.SILENT_AFTER}:
            connection.hang_up()

    async def _later(
        self, delay_s: float, connection: Connection, api: SocketApi, asked: Asked, address: str
    ) -> None:
        await self._clock.sleep(delay_s)
        api.reply(connection, asked, address)
        self.flush()
