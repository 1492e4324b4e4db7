"""The simulator as a process."""

from __future__ import annotations

import asyncio
import signal
import ssl
import sys
from argparse import ArgumentTypeError
from typing import TYPE_CHECKING

import aiohttp
import pytest

from tests.simulators.binance.__main__ import read_fault

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_S = 120


@pytest.mark.slow
class TestProcess:
    loop_factory = asyncio.SelectorEventLoop

    async def test_it_prints_its_address_and_keys_and_ends_when_told(self, tmp_path: Path) -> None:
        authority = tmp_path / "authority.pem"
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.simulators.binance", "--account", "carol"),
            *("--tls-port", "0", "--authority", str(authority)),
            *("--fault", "GET /api/v3/time=firewall_403_before"),
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
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{lines[0][1]}/api/v3/time") as answer,
            ):
                assert answer.status == 403
            trusted = ssl.create_default_context(cafile=authority)
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{lines[2][1]}/fapi/v1/ping", ssl=trusted) as answer,
            ):
                assert await answer.json() == {}
            child.send_signal(signal.SIGTERM)
            assert await child.wait() == 0


@pytest.mark.parametrize("text", ["drop_after", "POST /x=", "POST /x=explode", "=drop_after"])
def test_a_fault_that_is_none_is_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(ArgumentTypeError, match="drop_before, drop_after"):
        read_fault(text)
