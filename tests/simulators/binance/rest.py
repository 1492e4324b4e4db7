"""The REST side: requests as bytes, replies with headers, and everything that can go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from tests.simulators.binance.errors import ApiError
from tests.simulators.binance.faults import (
    JSON_REPLIES,
    RETRY_AFTER_S,
    Fault,
    Met,
    mutated,
)
from tests.simulators.binance.limits import MINUTE_MS, TEN_SECONDS_MS, TooManyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from tests.simulators.binance.exchange import Exchange

HTML_REPLIES = {
    Fault.BAD_GATEWAY_502_AFTER: (502, "<html><h1>502 Bad Gateway</h1></html>"),
    Fault.GATEWAY_TIMEOUT_504_AFTER: (504, "<html><h1>504 Gateway Time-out</h1></html>"),
    Fault.FIREWALL_403_BEFORE: (403, "<html><h1>403 Forbidden</h1></html>"),
    Fault.GARBAGE_200_AFTER: (200, "<html><h1>Welcome</h1></html>"),
    Fault.EMPTY_200_AFTER: (200, ""),
}
TOO_MANY_ORDERS = b"-1015"
"""Asks one account to wait, not its address."""
SILENCE_S = 1.0
"""How often a silent reply looks whether anybody still waits for it."""


def split_signature(query: str, body: str) -> str:
    """Return what was signed: query and body as they travelled, without the signature."""
    parts = []
    for part in (query, body):
        kept = [pair for pair in part.split("&") if not pair.startswith("signature=")]
        parts.append("&".join(kept))
    return "".join(parts)


class Rest:
    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        tasks: TaskSupervisor,
        flush: Callable[[], None],
    ) -> None:
        self._exchange = exchange
        self._clock = clock
        self._tasks = tasks
        self._flush = flush
        self._quiet: dict[str, tuple[int, int]] = {}
        """By address: when it was told to be silent, and until when."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        name = f"{request.method} {request.path}"
        self._watch(request.remote or "")
        query = request.raw_path.partition("?")[2]
        body = await request.text()
        params = dict(parse_qsl(body, keep_blank_values=True))
        params.update(parse_qsl(query, keep_blank_values=True))
        params = {_plain_name(key): value for key, value in params.items()}

        def perform() -> web.Response:
            return self._perform(request, name, params, split_signature(query, body))

        met = self._exchange.faults.meet(name)
        if met is None:
            response = perform()
            self._asks_for_quiet(request, response)
            return await self._send(request, response)
        broken = await self._with_fault(request, met, perform)
        self._asks_for_quiet(request, broken)
        return broken

    def _watch(self, address: str) -> None:
        """Count who asks again before the time that was told; what was on its way may."""
        told = self._quiet.get(address)
        if told is not None and told[0] < self._exchange.now_ms() < told[1]:
            self._exchange.faults.impatient += 1

    def _asks_for_quiet(self, request: web.Request, response: web.StreamResponse) -> None:
        """Remember what a client that still listens is told."""
        seconds = response.headers.get("Retry-After")
        is_heard = request.transport is not None and not request.transport.is_closing()
        if seconds is None or not is_heard or TOO_MANY_ORDERS in getattr(response, "body", b""):
            return
        now = self._exchange.now_ms()
        self._quiet[request.remote or ""] = now, now + int(seconds) * 1000

    async def _with_fault(
        self, request: web.Request, met: Met, perform: Callable[[], web.Response]
    ) -> web.StreamResponse:
        fault = met.fault
        if met.delay_s and fault is not Fault.LATE:
            await self._clock.sleep(met.delay_s)
        if fault is Fault.DELAY:
            return await self._send(request, perform())
        if fault is Fault.LATE:
            self._tasks.spawn(self._later(met.delay_s, perform), name="late acceptance")
            return _hang_up(request)
        response = perform() if fault.is_after else None
        if response is not None:
            self._flush()
        if fault in {Fault.SILENT_BEFORE, Fault.SILENT_AFTER}:
            await self._until_gone(request)
        if response is None or fault not in {Fault.TRUNCATE_AFTER, Fault.MUTATED_AFTER}:
            return self._broken(request, fault)
        if fault is Fault.TRUNCATE_AFTER:
            return await _truncated(request, response)
        assert isinstance(response.body, bytes)  # written by _json
        response.body = orjson.dumps(mutated(orjson.loads(response.body), self._exchange.random))
        return response

    def _broken(self, request: web.Request, fault: Fault) -> web.Response:
        """Return the reply of a fault that replies something of its own, or nothing."""
        if fault in {Fault.SILENT_BEFORE, Fault.SILENT_AFTER, Fault.DROP_BEFORE, Fault.DROP_AFTER}:
            return _hang_up(request)
        if fault in JSON_REPLIES:
            status, body = JSON_REPLIES[fault]
            return _json(status, body)
        if fault in HTML_REPLIES:
            status, page = HTML_REPLIES[fault]
            return web.Response(status=status, text=page, content_type="text/html")
        retry = self._exchange.faults.retry_after_s or RETRY_AFTER_S[fault]
        until = self._exchange.now_ms() + retry * 1000
        if fault is Fault.BAN_418_BEFORE:
            for limits in self._exchange.all_limits():
                limits.ban(request.remote or "", until)
            text = f"Way too much request weight used; IP banned until {until}."
            return _json(418, {"code": -1003, "msg": text}, {"Retry-After": str(retry)})
        text = "Too many requests; current limit is 2400 requests per minute."
        return _json(429, {"code": -1003, "msg": text}, {"Retry-After": str(retry)})

    async def _until_gone(self, request: web.Request) -> None:
        """Say nothing until the client has given up."""
        while request.transport is not None and not request.transport.is_closing():
            await self._clock.sleep(SILENCE_S)

    async def _later(self, delay_s: float, perform: Callable[[], web.Response]) -> None:
        await self._clock.sleep(delay_s)
        perform()
        self._flush()

    def _perform(
        self, request: web.Request, name: str, params: dict[str, str], payload: str
    ) -> web.Response:
        exchange, address = self._exchange, request.remote or ""
        api_key = request.headers.get("X-MBX-APIKEY")
        headers: dict[str, str] = {}
        try:
            status, answer = (
                200,
                exchange.perform(
                    name, params, address=address, api_key=api_key, payload=payload.encode()
                ),
            )
        except ApiError as error:
            status, answer = error.status, error.body
            if isinstance(error, TooManyError):
                headers["Retry-After"] = str(error.retry_after_s)
        headers |= self._usage(name, address, api_key)
        return _json(status, answer, headers)

    def _usage(self, name: str, address: str, api_key: str | None) -> dict[str, str]:
        exchange, now = self._exchange, self._exchange.now_ms()
        limits = exchange.limits_of(name)
        headers = {"X-MBX-USED-WEIGHT-1M": str(limits.weight_used(address, now))}
        route = exchange.routes.get(name)
        if route is not None and any(route.orders) and api_key:
            try:
                used = limits.orders_used(exchange.keys.get(api_key).account, now)
            except ApiError:
                return headers
            headers["X-MBX-ORDER-COUNT-10S"] = str(used[TEN_SECONDS_MS])
            headers["X-MBX-ORDER-COUNT-1M"] = str(used[MINUTE_MS])
        return headers

    async def _send(self, request: web.Request, response: web.Response) -> web.StreamResponse:
        """Write the reply, and the user events after or before it."""
        order = self._exchange.faults.event_order
        if order == "before" or (order == "random" and self._exchange.random.random() < 0.5):
            self._flush()
        try:
            await response.prepare(request)
            await response.write_eof()
        finally:
            self._flush()
        return response


def _json(status: int, body: object, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        status=status, body=orjson.dumps(body), content_type="application/json", headers=headers
    )


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _truncated(request: web.Request, whole: web.Response) -> web.StreamResponse:
    body = whole.body
    assert isinstance(body, bytes)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


def _plain_name(name: str) -> str:
    """Return the usual spelling of the two lists that clients also write in lower case."""
    return {
        "orderidlist": "orderIdList",
        "origclientorderidlist": "origClientOrderIdList",
    }.get(name, name)
