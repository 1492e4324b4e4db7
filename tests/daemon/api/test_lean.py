"""The lean answer says what aiohttp's would, in one write, whatever the connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from daemon.api.lean import SECURITY_HEADERS, LeanResponse
from daemon.api.respond import json_response
from tests.daemon.api.raw import PATIENCE_S, wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BODY = b'{"said":"\xc3\xa9"}'


@pytest.fixture
async def address() -> AsyncIterator[tuple[str, int]]:
    """A server that answers leanly, and at /usual as aiohttp does."""

    async def lean(request: web.Request) -> web.StreamResponse:
        size = int(request.query.get("size", "0"))
        return LeanResponse(b"x" * size or BODY, int(request.query.get("status", "200")))

    async def usual(_: web.Request) -> web.StreamResponse:
        return json_response({"said": "é"})

    app = web.Application()
    app.router.add_get("/lean", lean)
    app.router.add_get("/usual", usual)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield host, port
    finally:
        await runner.cleanup()


def get(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: x", *headers, "", ""]
    return "\r\n".join(lines).encode()


async def test_it_has_the_headers_of_a_usual_answer(address: tuple[str, int]) -> None:
    async with wire(*address) as line:
        line.send(get("/lean"))
        lean = await line.answer()
        line.send(get("/usual"))
        usual = await line.answer()
    assert (lean.version, lean.status, lean.body) == ("HTTP/1.1", 200, BODY)
    assert lean.headers.keys() == usual.headers.keys()
    assert {**lean.headers, "Date": ""} == {**usual.headers, "Date": ""}
    assert SECURITY_HEADERS.items() <= lean.headers.items()


async def test_a_connection_is_kept_for_the_next_request(address: tuple[str, int]) -> None:
    async with wire(*address) as line:
        for status in (200, 207, 422, 502):
            line.send(get(f"/lean?status={status}"))
            answer = await line.answer()
            assert (answer.status, answer.body) == (status, BODY)
            assert "Connection" not in answer.headers


async def test_pipelined_requests_are_answered_in_their_order(address: tuple[str, int]) -> None:
    async with wire(*address) as line:
        line.send(b"".join(get(f"/lean?size={size}") for size in range(1, 51)))
        sizes = [len((await line.answer()).body) for _ in range(50)]
    assert sizes == list(range(1, 51))


async def test_who_asks_to_close_is_answered_and_closed(address: tuple[str, int]) -> None:
    async with wire(*address) as line:
        line.send(get("/lean", "Connection: close"))
        answer = await line.answer()
        assert answer.body == BODY
        assert answer.headers["Connection"] == "close"
        assert await line.is_closed()


async def test_http_1_0_is_answered_in_its_own_version(address: tuple[str, int]) -> None:
    async with wire(*address) as line:
        line.send(get("/lean", version="1.0"))
        answer = await line.answer()
        assert (answer.version, answer.body) == ("HTTP/1.0", BODY)
        assert await line.is_closed()
    async with wire(*address) as line:
        line.send(get("/lean", "Connection: keep-alive", version="1.0") * 2)
        for _ in range(2):
            answer = await line.answer()
            assert answer.headers["Connection"] == "keep-alive"
            assert answer.body == BODY


async def test_head_gets_the_head_alone(address: tuple[str, int]) -> None:
    async with wire(*address) as line:
        line.send(get("/lean", method="HEAD"))
        head = await line.answer(without_body=True)
        assert head.headers["Content-Length"] == str(len(BODY))
        line.send(get("/lean"))
        assert (await line.answer()).body == BODY


async def test_a_caller_that_is_gone_disturbs_nobody(address: tuple[str, int]) -> None:
    for _ in range(5):
        async with wire(*address) as line:
            line.send(get("/lean"))
    async with wire(*address) as line:
        line.send(get("/lean"))
        assert (await line.answer()).status == 200


async def test_a_caller_that_reads_nothing_is_not_answered_for_ever(
    address: tuple[str, int],
) -> None:
    served = 0

    async def feed(line_writer: asyncio.StreamWriter) -> None:
        nonlocal served
        while True:
            line_writer.write(get("/lean?size=200000"))
            await line_writer.drain()
            served += 1

    async with wire(*address) as line:
        # The server's answers fill the buffers of both ends; then it stops reading requests.
        feeding = asyncio.wait_for(feed(line.writer), PATIENCE_S / 10)
        with pytest.raises(TimeoutError):
            await feeding
    assert served
