"""Callers who open a TLS connection and say nothing take no room from those who do."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession

from daemon.api import server, tls
from daemon.api.app import serve
from daemon.config.service import HttpConfig
from tests.daemon.api.fakes import House
from tests.daemon.api.raw import PATIENCE_S, wire
from tests.support.certificates import self_signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from daemon.api.server import HttpServer

MOST = 4


@pytest.fixture(autouse=True)
def few_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "LEAST_CONNECTIONS", MOST)
    monkeypatch.setattr(server, "KEPT_FILES", 1 << 62)
    monkeypatch.setattr(tls, "HANDSHAKE_S", 3600.0)


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[HttpServer, ssl.SSLContext]]:
    files = self_signed(folder)
    here = await serve(House().app(), HttpConfig(host="localhost", port=0, tls=files))
    try:
        yield here, ssl.create_default_context(cafile=files.certificate)
    finally:
        await here.close()


async def test_who_begins_no_handshake_makes_room_for_who_does(tmp_path: Path) -> None:
    async with served(tmp_path) as (here, trusting):
        silent = [
            await asyncio.open_connection("localhost", urlsplit(here.url).port)
            for _ in range(3 * MOST)
        ]
        for _ in range(2):
            async with (
                ClientSession() as client,
                client.get(f"{here.url}/health", ssl=trusting) as answer,
            ):
                assert answer.status == 200
        async with asyncio.timeout(PATIENCE_S):
            for reader, _ in silent[: 2 * MOST]:
                assert await reader.read() == b""  # hung up on, the oldest first
        assert not silent[-1][0].at_eof()
        for _, writer in silent:
            writer.transport.abort()


async def test_a_stop_ends_handshakes_that_nobody_goes_on_with(tmp_path: Path) -> None:
    async with served(tmp_path) as (here, trusting):
        port = urlsplit(here.url).port
        assert port is not None
        async with wire("localhost", port) as silent:
            async with (
                ClientSession() as client,
                client.get(f"{here.url}/health", ssl=trusting) as answer,
            ):
                assert answer.status == 200
            await here.close()
            assert await silent.is_closed()


async def test_what_is_no_handshake_is_hung_up_on(tmp_path: Path) -> None:
    async with served(tmp_path) as (here, _):
        port = urlsplit(here.url).port
        assert port is not None
        async with wire("localhost", port) as line:
            line.send(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(PATIENCE_S):
                with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                    await line.answer()


async def test_who_goes_away_right_after_asking_leaves_no_word_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with served(tmp_path) as (here, trusting):
        port = urlsplit(here.url).port
        _, writer = await asyncio.open_connection("localhost", port, ssl=trusting)
        writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        writer.close()
        async with (
            asyncio.timeout(PATIENCE_S),
            ClientSession() as client,
            client.get(f"{here.url}/health", ssl=trusting) as answer,
        ):
            assert answer.status == 200
    assert not caplog.records
