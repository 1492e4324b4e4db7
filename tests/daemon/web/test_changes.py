"""Open pages hear that something was stored: soon, once, and however many there are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from daemon.web import changes
from tests.support.served import ADMIN, served

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from aiohttp import ClientResponse

PATH = "/api/events/changes"


async def next_line(response: ClientResponse, seconds: float = 5) -> str:
    async with asyncio.timeout(seconds):
        while True:
            line = (await response.content.readline()).decode().strip()
            if line:
                return line


async def test_many_commits_are_one_event_and_the_next_one_comes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "EVERY_S", 0.05)
    async with served(tmp_path) as here, here.client.get(PATH, headers=ADMIN) as response:
        assert response.content_type == "text/event-stream"
        assert await next_line(response) == ": changes"
        for number in range(5):
            await here.post("/api/halt", {"reason": f"halt {number}"})
        assert await next_line(response) == "event: changed"
        assert await next_line(response) == "data: {}"
        await here.post("/api/resume", {})
        assert await next_line(response) == "event: changed"


async def test_a_quiet_stream_shows_that_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "HEARTBEAT_S", 0.01)
    async with served(tmp_path) as here, here.client.get(PATH, headers=ADMIN) as response:
        assert await next_line(response) == ": changes"
        assert await next_line(response) == ": still here"


async def test_more_than_it_can_serve_are_told_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "READERS_MAX", 1)
    async with served(tmp_path) as here, here.client.get(PATH, headers=ADMIN) as first:
        await next_line(first)
        second = await here.client.get(PATH, headers=ADMIN)
        assert (second.status, second.headers["Retry-After"]) == (429, "5")
