"""What a venue asked for is kept by the next process too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.clock import LoopClock
from adapters.virtual_time import VirtualTimeLoop
from tests.simulators.binance import Fault
from tests.support.bots import bots, exchange
from tests.support.world import START

if TYPE_CHECKING:
    from pathlib import Path

loop_factory = VirtualTimeLoop

ONE = {"a": ("alpha", "main")}
HOST = "https://venue.example"


async def test_a_ban_outlives_the_process_that_was_told(tmp_path: Path) -> None:
    clock = LoopClock(START)
    async with exchange(clock, ONE) as binance:
        faults = binance.simulator.faults
        faults.retry_after_s = 60
        async with bots(tmp_path, ONE, binance, clock) as here:
            faults.script("POST /api/v3/order", Fault.BAN_418_BEFORE)
            await here.signal("alpha", order_type="MARKET", symbol="BTCUSDT", side="buy", qty="1")
            await here.day.pass_time(1)
        async with bots(tmp_path, ONE, binance, clock, seed=2) as here:
            assert here.day.accounts()[0].problem is not None
            await here.day.pass_time(70)
            assert here.day.accounts()[0].problem is None
        assert faults.impatient == 0


async def test_a_shorter_silence_never_cuts_a_longer_one(tmp_path: Path) -> None:
    clock = LoopClock(START)
    async with exchange(clock, ONE) as binance, bots(tmp_path, ONE, binance, clock) as here:
        silence = here.day.engine._silence  # noqa: SLF001 - what the accounts' gates tell it
        silence.told(HOST, 30.0)
        silence.told(HOST, 10.0)
        assert silence.left_s(HOST) == 30.0
        await here.day.pass_time(31)
        assert silence.left_s(HOST) == 0.0
        assert silence.left_s("https://elsewhere.example") == 0.0
