"""The Bot API over HTTP, with its limits and with faults to script."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from aiohttp import web

from tests.simulators.telegram.chats import Chats, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from adapters.clock import Clock

TOKEN = "123456:a-token-of-no-worth"
ME = {"id": 123456, "is_bot": True, "first_name": "Desk", "username": "desk_bot"}
FETCHED_MAX = 100


class Fault(StrEnum):
    """What a call meets. The names say whether it was carried out."""

    TOO_MANY_BEFORE = "too_many_before"
    BAD_GATEWAY_BEFORE = "bad_gateway_before"
    DROP_BEFORE = "drop_before"
    DROP_AFTER = "drop_after"
    GARBAGE_AFTER = "garbage_after"
    BARE_REFUSAL_BEFORE = "bare_refusal_before"
    SILENT_BEFORE = "silent_before"


@dataclass(frozen=True, slots=True)
class Call:
    """A call that arrived."""

    method: str
    given: Mapping[str, str]


class TelegramSimulator:
    """``chats`` is its inside; ``calls`` are all that came; ``blocked`` shuts everybody out."""

    def __init__(self, clock: Clock, *, retry_after: int = 1) -> None:
        self.chats = Chats(clock)
        self.calls: list[Call] = []
        self.blocked = False
        self.url = ""
        self._retry_after = retry_after
        self._faults: dict[str, deque[Fault]] = {}
        self._poll = 0
        self._runner: web.AppRunner | None = None

    def next_meets(self, method: str, *faults: Fault) -> None:
        """Let the next calls of a method meet these, one each."""
        self._faults.setdefault(method, deque()).extend(faults)

    def count(self, method: str) -> int:
        """Return how often a method was called."""
        return sum(call.method == method for call in self.calls)

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None  # entered
        self._poll += 1  # ends the open poll
        self.chats.news.set()
        await self._runner.cleanup()

    async def _call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        given = dict(request.query)
        given.update(parse_qsl(await request.text()))  # bots send a form with GET, too
        self.calls.append(Call(method, given))
        faults = self._faults.get(method)
        fault = faults.popleft() if faults else None
        if fault is not None and not fault.endswith("_after"):
            return await self._fail(request, fault)
        try:
            if self.blocked or request.match_info["token"] != TOKEN:
                raise RefusedError(401, "Unauthorized")  # noqa: TRY301 - as the methods do
            result = await self._do(method, given)
        except RefusedError as error:
            return _refusal(error)
        if fault is not None:
            return await self._fail(request, fault)
        return web.json_response({"ok": True, "result": result})

    async def _do(self, method: str, given: Mapping[str, str]) -> Any:  # noqa: ANN401 - JSON
        if method == "getUpdates":
            return await self._updates(given)
        methods: dict[str, Callable[[Mapping[str, str]], object]] = {
            "sendMessage": self.chats.send,
            "editMessageText": self.chats.edit,
            "answerCallbackQuery": self.chats.answer,
            "getChat": self.chats.describe,
            "getMe": lambda _: ME,
            "setMyCommands": lambda _: True,
        }
        if method not in methods:
            raise RefusedError(404, "Not Found")
        return methods[method](given)

    async def _updates(self, given: Mapping[str, str]) -> list[dict[str, Any]]:
        """Forget what lies before the offset; wait for news if there is none."""
        self._poll += 1
        mine = self._poll
        self.chats.news.set()  # whoever waits already is told off
        offset = int(given.get("offset", "0"))
        self.chats.updates[:] = [u for u in self.chats.updates if u["update_id"] >= offset]
        try:
            async with asyncio.timeout(float(given.get("timeout", "0"))):
                while not self.chats.updates and self._poll == mine:
                    self.chats.news.clear()
                    await self.chats.news.wait()
        except TimeoutError:
            return []
        if self._poll != mine:
            raise RefusedError(409, "Conflict: terminated by other getUpdates request")
        return self.chats.updates[:FETCHED_MAX]

    async def _fail(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        match fault:
            case Fault.TOO_MANY_BEFORE:
                wait = self._retry_after
                text = f"Too Many Requests: retry after {wait}"
                return _refusal(RefusedError(429, text, retry_after=wait))
            case Fault.BAD_GATEWAY_BEFORE:
                return web.Response(status=502, text="<html>502 Bad Gateway</html>")
            case Fault.GARBAGE_AFTER:
                return web.Response(text="{", content_type="application/json")
            case Fault.BARE_REFUSAL_BEFORE:
                return web.json_response({"ok": False})
            case Fault.SILENT_BEFORE:
                await asyncio.sleep(60)
            case Fault.DROP_BEFORE | Fault.DROP_AFTER:
                assert request.transport is not None  # connected
                request.transport.close()
        return web.Response(status=500)


def _refusal(error: RefusedError) -> web.Response:
    body: dict[str, Any] = {
        "ok": False,
        "error_code": error.code,
        "description": error.description,
    }
    if error.parameters:
        body["parameters"] = error.parameters
    return web.json_response(body, status=error.code)
