"""One socket: what waits to be written, and whose events it carries."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from aiohttp import web

    from tests.simulators.binance.venue import Venue

LONGEST_QUEUE = 10_000
"""Messages that wait for a slow reader before its connection is closed."""


@dataclass(eq=False, slots=True)
class Connection:
    """What it is for: the WebSocket API, one ``listen_key``, or the market data of ``venue``."""

    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    queue: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(LONGEST_QUEUE))
    accounts: dict[int, str] = field(default_factory=dict)
    """Subscriptions to user events, by number."""
    next_subscription: int = 0
    logged_on: str = ""
    """The API key of the session."""
    listen_key: str = ""
    venue: Venue | None = None
    streams: set[str] = field(default_factory=set)
    is_combined: bool = False
    """Whether market data comes with the name of its stream."""

    def say(self, message: object) -> None:
        self.say_text(orjson.dumps(message).decode())

    def say_text(self, text: str) -> None:
        try:
            self.queue.put_nowait(text)
        except asyncio.QueueFull:
            self.hang_up()

    def hang_up(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    async def write(self) -> None:
        """Write what there is to say, as long as somebody listens."""
        while True:
            text = await self.queue.get()
            try:
                await self.socket.send_str(text)
            except ConnectionError:
                return
