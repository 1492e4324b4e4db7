"""kill -9 while a request is on its way to Binance: the next process asks, and never repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapters.binance.hosts import MarketKind
from adapters.clock import LoopClock
from tests.binance_faults.process import Process
from tests.simulators.binance import Fault
from tests.support.bots import bots, exchange
from tests.support.world import START, started

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from tests.support.bots import Bots
    from tests.support.simulated import SimulatedBinance

ONE = {"a": ("alpha", "main")}
ROUTES = {
    MarketKind.SPOT: ("POST /api/v3/order", "DELETE /api/v3/order"),
    MarketKind.FUTURES: ("POST /fapi/v1/order", "DELETE /fapi/v1/*rder*"),
}
FATES = [
    (Fault.DELAY, 1.0, True),
    (Fault.SILENT_AFTER, 0.0, True),
    (Fault.SILENT_BEFORE, 0.0, False),
    (Fault.LATE, 3.0, True),
    (Fault.LATE, 9.0, False),
]
"""What becomes of the request under way, after how long, and whether it is carried out."""


async def killed_while(
    folder: Path,
    clock: LoopClock,
    binance: SimulatedBinance,
    asked: Callable[[Bots], Coroutine[object, object, object]],
) -> None:
    """Run a daemon, have something asked of it, and kill it half a second later."""
    process = Process()
    with process.begins():
        running = bots(folder, ONE, binance, clock, seed=1, life=process)
        here = await running.__aenter__()
    asking = started(asked(here))
    await clock.sleep(0.5)
    hub = here.day.engine._hub  # noqa: SLF001 - what the kernel closes
    await process.kill()
    assert hub is not None
    await hub.session.close()
    asking.cancel()
    await running.__aexit__(None, None, None)


@pytest.mark.parametrize(("fault", "delay_s", "arrives"), FATES)
@pytest.mark.parametrize("kind", MarketKind)
async def test_an_order_on_its_way_when_the_process_dies_is_there_once_or_not_at_all(
    tmp_path: Path,
    kind: MarketKind,
    fault: Fault,
    delay_s: float,
    arrives: bool,  # noqa: FBT001 - the fact itself
) -> None:
    clock = LoopClock(START)
    async with exchange(clock, ONE, kind) as binance:
        binance.simulator.faults.script(ROUTES[kind][0], fault, delay_s=delay_s)
        await killed_while(tmp_path, clock, binance, lambda here: here.rest("alpha"))
        async with bots(tmp_path, ONE, binance, clock, seed=2) as here:
            await here.day.pass_time(60)
            (child,) = await here.day.rows("all_children")
            there = [order.draft.client_id for order in binance.orders("main")]
            assert there == ([child["id"]] if arrives else [])
            assert child["state"] == ("open" if arrives else "rejected")
            assert await here.day.check() == ()


@pytest.mark.parametrize("fault", [Fault.DELAY, Fault.SILENT_AFTER, Fault.SILENT_BEFORE])
@pytest.mark.parametrize("kind", MarketKind)
async def test_a_cancel_on_its_way_when_the_process_dies_is_carried_out(
    tmp_path: Path, kind: MarketKind, fault: Fault
) -> None:
    async def asked(here: Bots) -> None:
        await here.rest("alpha", 2)
        here.binance.simulator.faults.script(ROUTES[kind][1], fault, times=2, delay_s=1.0)
        await here.cancel_all("alpha")

    clock = LoopClock(START)
    async with exchange(clock, ONE, kind) as binance:
        await killed_while(tmp_path, clock, binance, asked)
        async with bots(tmp_path, ONE, binance, clock, seed=2) as here:
            await here.day.pass_time(60)
            assert here.open() == []
            assert {row["state"] for row in await here.day.rows("all_children")} == {"cancelled"}
            assert await here.day.rows("unfinished_requests") == []
            assert await here.day.check() == ()
