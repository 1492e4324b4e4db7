"""Notices as they are raised: all of them, once, and nobody's slowness is kept in memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from daemon.api import stream
from daemon.signals import NoticeRaised
from tests.support.served import ADMIN, ADMIN_TOKEN, Served, served
from tests.support.world import THREE_BOOKS

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from aiohttp import ClientResponse

PATH = "/api/events/stream"


async def next_event(response: ClientResponse) -> dict[str, Any]:
    """Return the next event that is no comment."""
    event: dict[str, Any] = {}
    async with asyncio.timeout(60):
        while True:
            line = (await response.content.readline()).decode()
            if not line:
                return {"event": "end"}
            key, _, value = line.rstrip("\n").partition(": ")
            if key == "data":
                event["data"] = orjson.loads(value)
            elif key in {"id", "event"}:
                event[key] = value
            elif not line.strip() and event:
                return event


async def halted(here: Served, reason: str) -> None:
    await here.post("/api/halt", {"reason": reason})


async def test_a_notice_is_heard_as_the_list_tells_it(tmp_path: Path) -> None:
    async with served(tmp_path) as here, here.client.get(PATH, headers=ADMIN) as response:
        assert response.content_type == "text/event-stream"
        await halted(here, "odd fills")
        event = await next_event(response)
        (listed,) = (await here.get("/api/events"))["items"]
        assert event == {"event": "notice", "id": listed["id"], "data": listed}


async def test_koreans_hear_and_read_notices_in_korean(tmp_path: Path) -> None:
    text = f'{THREE_BOOKS}\n[daemon]\nlocale = "ko"\n'
    async with served(tmp_path, text) as here:
        async with here.client.get(PATH, headers=ADMIN) as response:
            await halted(here, "odd fills")
            event = await next_event(response)
        (listed,) = (await here.get("/api/events"))["items"]
        assert event["data"] == listed
        assert "중지, odd fills" in listed["text"]


async def test_who_has_logged_out_hears_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.01)
    async with served(tmp_path) as here:
        told = await (await here.client.post("/login", json={"token": ADMIN_TOKEN})).json()
        async with here.client.get(PATH) as response:
            await halted(here, "one")
            assert (await next_event(response))["data"]["params"]["reason"] == "one"
            csrf = {"X-CSRF-Token": told["csrf"]}
            assert (await here.client.post("/logout", headers=csrf)).status == 200
            assert (await next_event(response)) == {"event": "end"}


async def test_who_comes_back_hears_what_was_missed_and_nothing_twice(tmp_path: Path) -> None:
    async with served(tmp_path) as here:
        async with here.client.get(PATH, headers=ADMIN) as response:
            await halted(here, "one")
            first = await next_event(response)
        await halted(here, "two")
        headers = {**ADMIN, "Last-Event-ID": first["id"]}
        async with here.client.get(PATH, headers=headers) as response:
            await halted(here, "three")
            told = [(await next_event(response))["data"]["params"]["reason"] for _ in range(2)]
        assert told == ["two", "three"]


async def test_who_missed_too_much_is_told_to_read_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "REPLAYED_MAX", 1)
    async with served(tmp_path) as here:
        for reason in ("one", "two"):
            await halted(here, reason)
        headers = {**ADMIN, "Last-Event-ID": "0"}
        async with here.client.get(PATH, headers=headers) as response:
            assert (await next_event(response))["event"] == "resync"
            assert (await next_event(response))["event"] == "end"


async def test_a_reader_that_does_not_keep_up_is_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "WAITING_MAX", 2)
    async with served(tmp_path) as here, here.client.get(PATH, headers=ADMIN) as response:
        at = here.day.clock.now()
        here.day.engine.bus.deliver(
            [NoticeRaised("info", "resumed", "", None, None, str(n), at, {}) for n in range(4)]
        )
        assert (await next_event(response))["event"] == "resync"
        assert (await next_event(response))["event"] == "end"
    assert here.stream.readers == 0


async def test_what_comes_close_together_is_heard_whole_and_in_order(tmp_path: Path) -> None:
    async with served(tmp_path) as here, here.client.get(PATH, headers=ADMIN) as response:
        for number in range(3):
            await halted(here, str(number))
        told = [(await next_event(response))["data"]["params"]["reason"] for _ in range(3)]
        assert told == ["0", "1", "2"]


async def test_there_is_room_for_so_many_readers_and_bad_ids_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "READERS_MAX", 0)
    async with served(tmp_path) as here:
        assert (await here.get(PATH, status=429))["code"] == "too_many_readers"
        response = await here.client.get(PATH, headers={**ADMIN, "Last-Event-ID": "a b"})
        assert response.status == 400


async def test_the_end_of_the_daemon_ends_every_stream(tmp_path: Path) -> None:
    async with served(tmp_path) as here, here.client.get(PATH, headers=ADMIN) as response:
        await asyncio.sleep(0.01)
        here.stream.close()
        assert (await next_event(response))["event"] == "end"


async def test_a_heartbeat_shows_that_both_ends_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.01)
    async with served(tmp_path) as here, here.client.get(PATH, headers=ADMIN) as response:
        lines = [await response.content.readline() for _ in range(4)]
        assert b": still here\n" in lines
