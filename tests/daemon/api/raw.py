"""HTTP byte by byte, for what no client library would send."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it came."""

    version: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The code of a problem."""
        return str(orjson.loads(self.body)["code"])


class Wire:
    """An open connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self, *, without_body: bool = False) -> Answer:
        """Read one answer; the rest of what came stays for the next."""
        async with asyncio.timeout(PATIENCE_S):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.splitlines()
            version, status, _ = f"{first} ".split(" ", 2)
            pairs = (line.split(": ", 1) for line in lines if line)
            headers = {name.title(): value for name, value in pairs}
            length = 0 if without_body else int(headers.get("Content-Length", "0"))
            body = await self._reader.readexactly(length)
        return Answer(version, int(status), headers, body)

    async def is_closed(self) -> bool:
        """Wait for the other end to close; False if it says something instead."""
        async with asyncio.timeout(PATIENCE_S):
            return await self._reader.read(1) == b""


@asynccontextmanager
async def wire(host: str, port: int) -> AsyncIterator[Wire]:
    """Open a connection, and close it."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


def post(body: bytes, *headers: str, path: str = "/api/webhook", version: str = "1.1") -> bytes:
    """Write a POST request."""
    lines = [
        f"POST {path} HTTP/{version}",
        "Host: localhost",
        f"Content-Length: {len(body)}",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1") + body
