"""What the admin token opens: halting, resuming, previews."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from daemon.api.body import read_body
from daemon.api.decode import decode_json
from daemon.api.netting_preview import preview
from daemon.api.problems import WHOLE_BODY, BadInput, Problem
from daemon.api.respond import json_response
from daemon.execution.halts import Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from daemon.api.decode import Json
    from daemon.api.ports import AdminPort

SMALL_BODY_BYTES_MAX = 64 * 1024
PREVIEW_BYTES_MAX = 32 * 1024 * 1024
PREVIEW_SECONDS_MAX = 60.0
REASON_LENGTH_MAX = 200
_HALT_KEYS = ("scope", "name", "reason")

T = TypeVar("T")


class Admin:
    """Handlers of what a person asks for."""

    def __init__(self, port: AdminPort) -> None:
        self._port = port

    async def halt(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/halt``: stop new orders, of all or of one account, strategy or book."""
        scope, name, reason = self._halt_body(await _object(request))
        await self._port.halt(scope, name, reason)
        return json_response({"scope": scope.value, "name": name, "halted": True})

    async def resume(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/resume``: let new orders pass again; ``changed`` if there was a halt."""
        scope, name, reason = self._halt_body(await _object(request))
        changed = await self._port.resume(scope, name, reason)
        return json_response(
            {"scope": scope.value, "name": name, "halted": False, "changed": changed}
        )

    async def preview_netting(self, request: web.Request) -> web.StreamResponse:
        """``POST /api/netting/preview``: of the orders in the body, or else of the live ones."""
        body = await read_body(request, PREVIEW_BYTES_MAX, PREVIEW_SECONDS_MAX)
        document = await _aside(len(body), lambda: _decoded(body))
        if isinstance(document, dict) and document.get("orders") is None:
            return json_response(await self._port.preview_live_netting(document))
        return json_response(await _aside(len(body), lambda: preview(document)))

    def _halt_body(self, body: dict[str, Json]) -> tuple[Scope, str, str]:
        problems = [
            Problem(key, f"unknown key: there are {', '.join(_HALT_KEYS)}")
            for key in body
            if key not in _HALT_KEYS
        ]
        reason = body.get("reason", "by hand")
        if not (isinstance(reason, str) and reason.isprintable() and reason.strip()):
            problems.append(Problem("reason", "must be a text of printable characters"))
        elif len(reason) > REASON_LENGTH_MAX:
            problems.append(Problem("reason", f"must have at most {REASON_LENGTH_MAX} characters"))
        scope = _SCOPES.get(str(body.get("scope", Scope.ALL.value)))
        name = body.get("name", "")
        if scope is None:
            problems.append(Problem("scope", f"must be one of {', '.join(_SCOPES)}"))
        elif scope is Scope.ALL and name != "":
            problems.append(Problem("name", "must be left out: the scope is all"))
        elif scope is not Scope.ALL and name not in self._port.names(scope):
            problems.append(Problem("name", f"must be the name of a configured {scope.value}"))
        if problems:
            raise BadInput(problems)
        assert scope is not None  # or there would be a problem
        return scope, str(name), str(reason)


_SCOPES = {scope.value: scope for scope in Scope}


async def _object(request: web.Request) -> dict[str, Json]:
    document = _decoded(await read_body(request, SMALL_BODY_BYTES_MAX))
    if not isinstance(document, dict):
        raise BadInput([Problem(WHOLE_BODY, "must be a JSON object")])
    return document


def _decoded(body: bytes) -> Json:
    """Decode a body; one that is empty stands for an object without keys."""
    return decode_json(body) if body.strip() else {}


async def _aside(size: int, work: Callable[[], T]) -> T:
    """Run a calculation where it holds nobody up: a large one in a thread."""
    return work() if size <= SMALL_BODY_BYTES_MAX else await asyncio.to_thread(work)
