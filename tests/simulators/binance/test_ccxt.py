"""The unmodified ccxt and ccxt.pro clients, which we did not write, use the simulator."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import sys
from pathlib import Path

import pytest

from adapters.clock import SystemClock
from tests.simulators.binance import BinanceSimulator
from tests.simulators.binance.certificates import make_certificate

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 150


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.skipif(
    importlib.util.find_spec("ccxt") is None,
    reason="ccxt is not installed; `make ccxt` runs this in an environment that has it",
)
class TestCcxt:
    """In a process of its own: ccxt.pro changes aiohttp for the whole process."""

    loop_factory = asyncio.SelectorEventLoop

    @pytest.mark.parametrize("tls", [False, True], ids=["its URLs replaced", "its URLs untouched"])
    async def test_every_unified_call_reads_what_it_expects(
        self,
        tmp_path: Path,
        tls: bool,  # noqa: FBT001
    ) -> None:
        clock = SystemClock()
        simulator = BinanceSimulator(clock)
        authority = ""
        context = None
        if tls:
            certificate = make_certificate(clock.now())
            context = certificate.server
            file = tmp_path / "authority.pem"
            file.write_text(certificate.authority)
            authority = str(file)
        urls = await simulator.start(tls=context)
        key = simulator.keys("alice")[tls]  # an Ed25519 key is the second
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.simulators.binance.ccxt_client"),
            *(urls.rest, urls.socket, authority, key.api_key, key.secret),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(LIMIT_S):
                told, _ = await child.communicate()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
            await simulator.close()
        assert child.returncode == 0, told.decode()
        assert "of BTC/USDT:USDT" in told.decode()
