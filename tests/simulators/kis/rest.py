"""The REST side: requests as bytes, replies with headers, and everything that can go wrong."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

import orjson
from aiohttp import web

from tests.simulators.kis.faults import Fault
from tests.simulators.kis.host import Reply, Request
from tests.simulators.kis.refusals import TEXTS, gateway, padded

if TYPE_CHECKING:
    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from tests.simulators.kis.faults import Met
    from tests.simulators.kis.host import Host

JSON = "application/json; charset=utf-8"
PAGE = "<html><body><h1>502 Bad Gateway</h1></body></html>"
LISTS = ("output", "output1")
ANSWERED = frozenset(
    {
        Fault.DELAY,
        Fault.SLOW,
        Fault.NOTICE_FIRST,
        Fault.REJECT_LATE,
        Fault.DATA_CHANGED,
        Fault.NOTHING,
    }
)


class CutShortError(Exception):
    """An answer breaks off in its middle, for who asks without a network."""


class Flush(Protocol):
    """Sends what notices have to tell."""

    def __call__(self, *, at_once: bool = False) -> None: ...


class Rest:
    def __init__(self, host: Host, clock: Clock, tasks: TaskSupervisor, flush: Flush) -> None:
        self._host = host
        self._clock = clock
        self._tasks = tasks
        self._flush = flush
        self.closing = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        seen = Request(
            request.method,
            request.path,
            {name.lower(): value for name, value in request.headers.items()},
            dict(request.query),
            await request.read(),
        )
        if self._host.switches.down:
            return _hang_up(request)
        if self._host.switches.latency_s:
            await self._clock.sleep(self._host.switches.latency_s)
        met = self._host.faults.meet(self._host.operation(seen))
        if met is None:
            reply = self._host.perform(seen)
            self._flush()
            return _response(reply)
        return await self._with_fault(request, seen, met)

    async def _with_fault(
        self, request: web.Request, seen: Request, met: Met
    ) -> web.StreamResponse:
        if met.fault in ANSWERED:
            return _response(await self._answered(seen, met))
        if met.fault is Fault.LATE:
            self._tasks.spawn(self._later(seen, met), name="late acceptance")
            return _hang_up(request)
        if met.delay_s:
            await self._clock.sleep(met.delay_s)
        return await self._broken(request, seen, met)

    async def _answered(self, seen: Request, met: Met) -> Reply:
        """Carry the request out and return its answer, but at another time or with a flaw."""
        if met.fault is Fault.SLOW:
            await self._clock.sleep(met.delay_s)
        reply = self._perform(seen, met)
        if met.fault in {Fault.DELAY, Fault.NOTICE_FIRST}:
            await self._clock.sleep(met.delay_s)
        return _emptied(reply) if met.fault is Fault.NOTHING else reply

    async def _broken(self, request: web.Request, seen: Request, met: Met) -> web.StreamResponse:
        """Carry the request out or not, and answer something of the fault's own."""
        reply = self._perform(seen, met) if met.fault.is_after else None
        if met.fault in {Fault.SILENCE_BEFORE, Fault.SILENCE_AFTER}:
            await self.closing.wait()
            return _hang_up(request)
        match met.fault:
            case Fault.DROP_BEFORE | Fault.DROP_AFTER:
                return _hang_up(request)
            case Fault.TRUNCATE_AFTER if reply is not None:
                return await _truncated(request, _response(reply))
            case Fault.HTML_BEFORE | Fault.HTML_AFTER:
                return web.Response(status=502, text=PAGE, content_type="text/html")
            case Fault.EMPTY_BEFORE | Fault.EMPTY_AFTER:
                return web.Response(status=200)
            case _:
                return _response(_misleading(met))

    def _perform(self, seen: Request, met: Met) -> Reply:
        reply = self._host.perform(seen, met)
        self._flush(at_once=met.fault is Fault.NOTICE_FIRST)
        return reply

    async def _later(self, seen: Request, met: Met) -> None:
        await self._clock.sleep(met.delay_s)
        self._perform(seen, met)


def _misleading(met: Met) -> Reply:
    """Answer with a gateway error, or with a success that has no order number."""
    if met.fault in {Fault.GATEWAY_BEFORE, Fault.GATEWAY_AFTER}:
        no = gateway(met.code)
        return Reply(no.status, no.body)
    text = padded(TEXTS["IGW00009"])
    return Reply(200, {"rt_cd": "0", "msg_cd": "IGW00009", "msg1": text})


def _emptied(reply: Reply) -> Reply:
    body = {name: _blank(value) if name in LISTS else value for name, value in reply.body.items()}
    headers = {name: value for name, value in reply.headers.items() if name != "tr_cont"}
    return Reply(reply.status, body, headers)


def _blank(value: object) -> object:
    return dict.fromkeys(value, "") if isinstance(value, dict) else []


def _response(reply: Reply) -> web.Response:
    return web.Response(
        status=reply.status,
        body=orjson.dumps(reply.body),
        headers={"content-type": JSON, **reply.headers},
    )


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _truncated(request: web.Request, whole: web.Response) -> web.StreamResponse:
    if not isinstance(request, web.Request):
        raise CutShortError
    body = whole.body
    assert isinstance(body, bytes)
    response = web.StreamResponse(headers={"content-type": JSON})
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
