"""Open pages are sent what has changed: soon, once, and however many there are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson

from daemon.api.respond import too_slow
from daemon.web import changes, site
from tests.support.served import ADMIN, ADMIN_TOKEN, Served, served

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from aiohttp import ClientResponse

STREAM = {"Accept": "text/event-stream"}


async def next_line(response: ClientResponse, seconds: float = 60) -> str:
    """Return the next line that is not empty; empty at the end."""
    async with asyncio.timeout(seconds):
        while True:
            line = (await response.content.readline()).decode()
            if line.strip() or not line:
                return line.strip()


async def next_part(response: ClientResponse) -> str:
    """Return the next main part of the page."""
    while (line := await next_line(response)) != "event: part":
        assert line.startswith(":"), line
    html: str = orjson.loads((await next_line(response)).removeprefix("data: "))
    return html


async def halt(here: Served, reason: str) -> None:
    await here.post("/api/halt", {"reason": reason})


async def test_an_open_page_is_sent_its_part_at_once_and_again_when_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "EVERY_S", 0.05)
    monkeypatch.setattr(site, "KEPT_S", 0.05)
    async with (
        served(tmp_path) as here,
        here.client.get("/log", headers={**ADMIN, **STREAM}) as response,
    ):
        assert response.content_type == "text/event-stream"
        assert "<h1>Log</h1>" in await next_part(response)
        for number in range(5):
            await halt(here, f"halt {number}")
        while "halt 4" not in (part := await next_part(response)):
            assert "halt" in part, "nothing is sent that is not new"
        assert "<html" not in part


async def test_what_changed_elsewhere_is_sent_to_nobody_who_does_not_see_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "EVERY_S", 0.01)
    monkeypatch.setattr(changes, "HEARTBEAT_S", 0.2)
    monkeypatch.setattr(site, "KEPT_S", 0.01)
    headers = {**ADMIN, **STREAM}
    async with (
        served(tmp_path) as here,
        here.client.get("/netting", headers=headers) as response,
    ):
        assert "<h1>Netting</h1>" in await next_part(response)
        await halt(here, "odd fills")
        assert await next_line(response) == ": still here"


async def test_a_log_out_ends_what_the_session_had_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "HEARTBEAT_S", 0.01)
    async with served(tmp_path) as here:
        told = await (await here.client.post("/login", json={"token": ADMIN_TOKEN})).json()
        async with here.client.get("/log", headers=STREAM) as response:
            assert "<h1>Log</h1>" in await next_part(response)
            csrf = {"X-CSRF-Token": told["csrf"]}
            assert (await here.client.post("/logout", headers=csrf)).status == 200
            while (line := await next_line(response)) != "event: ended":
                assert line == ": still here"
            assert [await next_line(response) for _ in range(2)] == ["data: {}", ""]
        assert (await here.client.get("/log", headers=STREAM)).status == 401


async def test_a_page_that_cannot_be_made_is_refused_or_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slow(*_: object) -> str:
        raise too_slow()

    monkeypatch.setattr(changes, "EVERY_S", 0.01)
    headers = {**ADMIN, **STREAM}
    async with served(tmp_path) as here:
        refused = await here.client.get("/orders/nothing", headers=headers)
        assert (refused.status, refused.content_type) == (404, "application/problem+json")
        async with here.client.get("/log", headers=headers) as response:
            assert "<h1>Log</h1>" in await next_part(response)
            monkeypatch.setattr(site, "render_in_steps", slow)
            await halt(here, "odd fills")
            assert await next_line(response) == "", "the page asks again, and is told why"


async def test_a_quiet_stream_shows_that_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "HEARTBEAT_S", 0.01)
    headers = {**ADMIN, **STREAM}
    async with served(tmp_path) as here:
        async with here.client.get("/log", headers=headers) as response:
            await next_part(response)
            assert await next_line(response) == ": still here"
        async with here.client.get("/ask/halt?scope=all", headers=headers) as response:
            assert await next_line(response) == ": parts"
            assert await next_line(response) == ": still here", "a question stays as it was asked"


async def test_more_than_it_can_serve_are_told_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "READERS_MAX", 1)
    headers = {**ADMIN, **STREAM}
    async with served(tmp_path) as here, here.client.get("/log", headers=headers) as first:
        await next_part(first)
        second = await here.client.get("/log", headers=headers)
        assert (second.status, second.headers["Retry-After"]) == (429, "5")
