"""The style sheet, the scripts and the icon: read once, kept by browsers as long as they are."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from daemon.api.errors import ErrorCode, Refused
from daemon.api.lean import SECURITY_HEADERS
from daemon.api.operation import Access, Answer, Operation, Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).with_name("static")
TYPES: Mapping[str, str] = {
    "nettingd.css": "text/css",
    "nettingd.js": "text/javascript",
    "targets.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_FOR_EVER = "public, max-age=31536000, immutable"


@cache
def content(name: str) -> bytes:
    """Return a file of the page."""
    return (FOLDER / name).read_bytes()


@cache
def version(name: str) -> str:
    """Return what changes when the file does; it stands in its address."""
    return hashlib.sha256(content(name)).hexdigest()[:12]


def address(name: str) -> str:
    """Return where a browser finds a file."""
    return f"/static/{name}?v={version(name)}"


def operations() -> list[Operation]:
    """Return what can be asked here."""
    return [
        Operation(
            method="GET",
            path="/static/{name}",
            summary="Style sheet, scripts and icon of the pages.",
            handler=serve,
            access=Access.ANYBODY,
            in_path=(Parameter("name", f"One of {', '.join(TYPES)}."),),
            query=(Parameter("v", "Which version; it keeps browsers from asking again."),),
            answers={200: Answer("The file.", media=tuple(TYPES.values()))},
            codes=frozenset({ErrorCode.NOT_FOUND}),
            asks_database=False,
        )
    ]


async def serve(request: web.Request) -> web.StreamResponse:
    """Answer with a file."""
    name = request.match_info["name"]
    if name not in TYPES:
        raise Refused(ErrorCode.NOT_FOUND, "there is no such file")
    headers = {**SECURITY_HEADERS, hdrs.CONTENT_TYPE: f"{TYPES[name]}; charset=utf-8"}
    if request.query.get("v") == version(name):
        headers[hdrs.CACHE_CONTROL] = _FOR_EVER
    return web.Response(body=content(name), headers=headers)
