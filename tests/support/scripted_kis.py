"""A server that answers as a test says: KIS's replies, one by one, and its socket."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import orjson
from aiohttp import WSMsgType, web

from adapters.http import Hosts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from adapters.kis.operations import Operation

TOKEN = "eyJ0eXAiOiJKV1Qi.eyJzdWIiOiJ0b2tlbiJ9.c2ln"
TOKEN_BODY = {
    "access_token": TOKEN,
    "access_token_token_expired": "2026-11-21 09:12:44",
    "token_type": "Bearer",
    "expires_in": 86400,
}
IV = "z8x3c5v1b7n2m4k9"
KEY = "q7w2e9r4t1y8u3i6o5p0a2s7d4f9g1h6"


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived. ``params``: its query, or its body."""

    tr_id: str
    path: str
    params: dict[str, str]
    headers: Mapping[str, str]
    at: float


@dataclass(frozen=True, slots=True)
class Says:
    """What to answer. ``cut`` breaks the connection off in the middle of the body."""

    body: object = None
    status: int = 200
    tr_cont: str = ""
    raw: bytes | None = None
    cut: bool = False
    delay_s: float = 0.0


def good(**fields: object) -> Says:
    """Answer with success and these fields."""
    return Says({**fields, "rt_cd": "0", "msg_cd": "KIOK0510", "msg1": "조회 완료      "})


def bad(code: str, message: str = "", *, result: str = "1", status: int = 200) -> Says:
    """Answer with a code that is no success."""
    return Says({"rt_cd": result, "msg_cd": code, "msg1": message.ljust(80)}, status)


def sent(number: str, *, branch: str = "91264", clock: str = "101502") -> Says:
    """Answer as to an order that was taken."""
    output = {"KRX_FWDG_ORD_ORGNO": branch, "ODNO": number, "ORD_TMD": clock}
    return Says({"rt_cd": "0", "msg_cd": "APBK0013", "msg1": "(sent)", "output": output})


class ScriptedKis:
    """Answers each operation id with what it was told to, the last answer for ever."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.heard: list[str] = []
        self.encrypt = "Y"
        self.refuse: dict[str, Any] | None = None
        self._answers: dict[str, deque[Says]] = defaultdict(deque)
        self._runner: web.AppRunner | None = None
        self._arrived = asyncio.Event()
        self.hosts = Hosts("", "")

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("GET", "/tryitout", self._socket)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        address = self._runner.addresses[0]
        self.hosts = Hosts(f"http://127.0.0.1:{address[1]}", f"ws://127.0.0.1:{address[1]}")
        self.says("/oauth2/tokenP", Says(TOKEN_BODY))
        self.says("/oauth2/Approval", Says({"approval_key": "5f0c1a9e"}))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        for socket in self.sockets:
            await socket.close()
        await self._runner.cleanup()

    def says(self, operation: str | Operation, *answers: Says) -> None:
        """Answer an operation from now on with these, one after the other."""
        names = [operation] if isinstance(operation, str) else _names(operation)
        for name in names:
            self._answers[name] = deque(answers)

    def asked(self, operation: str | Operation) -> list[Seen]:
        names = [operation] if isinstance(operation, str) else _names(operation)
        return [one for one in self.seen if one.tr_id in names]

    async def tell(self, frame: str) -> None:
        """Push a frame over the newest socket."""
        await self.sockets[-1].send_str(frame)

    async def connected(self, count: int) -> None:
        """Wait until so many sockets have been opened since the start."""
        while len(self.sockets) < count:
            self._arrived.clear()
            await self._arrived.wait()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        name = request.headers.get("tr_id", request.path)
        params = dict(request.query) if request.method == "GET" else await request.json()
        now = asyncio.get_running_loop().time()
        self.seen.append(Seen(name, request.path, params, request.headers, now))
        answers = self._answers[name]
        if not answers:
            says = bad("OPSQ0002", f"{name} is not scripted")
        else:
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
        return web.Response(body=raw, status=says.status, headers={"tr_cont": says.tr_cont})

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        self._arrived.set()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                self.heard.append(message.data)
                asked = orjson.loads(message.data)
                if "body" in asked:
                    await socket.send_str(orjson.dumps(self._ack(asked)).decode())
        return socket

    def _ack(self, asked: dict[str, Any]) -> dict[str, Any]:
        wanted = asked["body"]["input"]
        header = {"tr_id": wanted["tr_id"], "tr_key": wanted["tr_key"], "encrypt": self.encrypt}
        if self.refuse is not None:
            return {"header": header, "body": self.refuse}
        body = {
            "rt_cd": "0",
            "msg_cd": "OPSP0000",
            "msg1": "SUBSCRIBE SUCCESS",
            "output": {"iv": IV, "key": KEY},
        }
        return {"header": header, "body": body}


def _names(operation: Operation) -> list[str]:
    return [name for name in (operation.value.real, operation.value.paper) if name]
