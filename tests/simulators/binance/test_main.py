"""The simulator as a process."""

from __future__ import annotations

import asyncio
import signal
import ssl
import sys
from typing import TYPE_CHECKING

import aiohttp
import pytest

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_S = 15


@pytest.mark.slow
class TestProcess:
    loop_factory = asyncio.SelectorEventLoop

    async def test_it_prints_its_address_and_keys_and_ends_when_told(self, tmp_path: Path) -> None:
        authority = tmp_path / "authority.pem"
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.simulators.binance", "--account", "carol"),
            *("--tls-port", "0", "--authority", str(authority)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert child.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            lines = [(await child.stdout.readline()).decode().split() for _ in range(5)]
            assert [line[0] for line in lines] == ["REST", "WebSocket", "TLS", "carol", "carol"]
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{lines[0][1]}/api/v3/ping") as answer,
            ):
                assert await answer.json() == {}
            trusted = ssl.create_default_context(cafile=authority)
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{lines[2][1]}/fapi/v1/ping", ssl=trusted) as answer,
            ):
                assert await answer.json() == {}
            child.send_signal(signal.SIGTERM)
            assert await child.wait() == 0
