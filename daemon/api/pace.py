"""How many who listen are served without a burst: one after another, and none before its time."""

from __future__ import annotations

import asyncio


class Pace:
    """Tells callers how long to wait so that they come ``gap_s`` seconds apart."""

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s
        self._free_at = 0.0

    def delay_s(self) -> float:
        """Take the next turn; nothing is waited for while there is no crowd."""
        now = asyncio.get_running_loop().time()
        at = max(now, self._free_at)
        self._free_at = at + self._gap_s
        return at - now


async def waited(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event, at most so long; return whether it came."""
    if seconds > 0:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
    return event.is_set()
