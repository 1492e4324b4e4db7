"""The unmodified ccxt and ccxt.pro clients, which we did not write, use the simulator."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from adapters.clock import SystemClock
from tests.simulators.binance import BinanceSimulator

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / "build/ccxt/bin/python"
CALLS = Path(__file__).with_name("ccxt_calls.py")
LIMIT_S = 50


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.skipif(not PYTHON.exists(), reason="`make ccxt` sets up ccxt's own environment")
class TestCcxt:
    loop_factory = asyncio.SelectorEventLoop

    @pytest.mark.parametrize("kind", [0, 1], ids=["hmac", "ed25519"])
    async def test_every_unified_call_reads_what_it_expects(self, kind: int) -> None:
        simulator = BinanceSimulator(SystemClock())
        urls = await simulator.start()
        key = simulator.keys("alice")[kind]
        child = await asyncio.create_subprocess_exec(
            PYTHON,
            CALLS,
            urls.rest,
            urls.ws_api,
            key.api_key,
            key.secret,
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
        assert "fetch_open_orders_ws, cancel_order_ws" in told.decode()
