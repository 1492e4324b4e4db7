"""A body is read up to a size and a time; what breaks off or dawdles gets its answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from daemon.api.body import read_body
from daemon.api.respond import answering
from tests.daemon.api.raw import Answer, post, wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LIMIT = 1000


@pytest.fixture
async def address() -> AsyncIterator[tuple[str, int]]:
    """A server that answers with the length of the body it read."""

    async def measure(request: web.Request) -> web.StreamResponse:
        body = await read_body(request, LIMIT, 0.1)
        return web.json_response({"code": "read", "length": len(body)})

    app = web.Application()
    app.router.add_post("/", answering(measure))
    runner = web.AppRunner(app, access_log=None, lingering_time=0.1, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        host, port = runner.addresses[0][:2]
        yield host, port
    finally:
        await runner.cleanup()


async def answer_to(address: tuple[str, int], *parts: bytes) -> Answer:
    async with wire(*address) as line:
        for part in parts:
            line.send(part)
            await asyncio.sleep(0)
        return await line.answer()


def head(*headers: str) -> bytes:
    return "\r\n".join(["POST / HTTP/1.1", "Host: x", *headers, "", ""]).encode()


CHUNKED = head("Transfer-Encoding: chunked")


async def test_a_body_may_come_in_parts(address: tuple[str, int]) -> None:
    whole = post(b"x" * LIMIT, path="/")
    assert (await answer_to(address, whole)).status == 200
    assert (await answer_to(address, whole[:70], whole[70:500], whole[500:])).status == 200
    chunks = b"3e8\r\n" + b"x" * LIMIT + b"\r\n0\r\n\r\n"
    assert (await answer_to(address, CHUNKED, chunks)).status == 200


async def test_a_body_that_says_it_is_too_large_is_not_waited_for(
    address: tuple[str, int],
) -> None:
    answer = await answer_to(address, head("Content-Length: 1000000000"))
    assert (answer.status, answer.code) == (413, "body_too_large")


async def test_a_body_that_turns_out_too_large_is_refused(address: tuple[str, int]) -> None:
    chunk = b"1f4\r\n" + b"x" * 500 + b"\r\n"
    for parts in ((CHUNKED + chunk * 3 + b"0\r\n\r\n",), (CHUNKED, chunk, chunk, chunk)):
        answer = await answer_to(address, *parts)
        assert (answer.status, answer.code) == (413, "body_too_large")
    answer = await answer_to(address, post(b"x" * (LIMIT + 1), path="/"))
    assert (answer.status, answer.code) == (413, "body_too_large")


async def test_a_body_that_dawdles_is_given_up(address: tuple[str, int]) -> None:
    answer = await answer_to(address, head("Content-Length: 10"), b"12345")
    assert (answer.status, answer.code) == (408, "body_too_slow")


async def test_chunks_that_are_none_are_bad_http(address: tuple[str, int]) -> None:
    answer = await answer_to(address, CHUNKED, b"zz\r\nhello\r\n")
    assert answer.status == 400


async def test_no_body_is_an_empty_one(address: tuple[str, int]) -> None:
    assert (await answer_to(address, head("Content-Length: 0"))).status == 200
    assert (await answer_to(address, head())).status == 200


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("Content-Type: application/json", 200),
        ("Content-Type: text/plain;charset=utf-16", 200),
        ("Content-Type: ", 200),
        ("Content-Encoding: gzip", 415),
        ("Content-Encoding: identity", 415),
    ],
)
async def test_a_body_of_any_type_is_read_but_none_that_is_encoded(
    address: tuple[str, int], header: str, status: int
) -> None:
    assert (await answer_to(address, post(b"{}", header, path="/"))).status == status
