"""Every fault once at every kind of request, and every fault of the streams, in short stories.

Two bots rest orders in one account. One places, is filled and cancels while a fault is met; then
everything is calm, and the judge looks.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.binance.hosts import MarketKind
from adapters.clock import LoopClock
from adapters.tasks import TaskSupervisor
from tests.binance_faults.hour import CALM_S, MEMORY, STREAM_FAULTS, harm_streams
from tests.binance_faults.judge import resting, wrong_at_the_exchange, wrong_in_the_books
from tests.simulators.binance import Fault
from tests.support.bots import bots, exchange
from tests.support.loops import in_virtual_time
from tests.support.world import START

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.support.bots import Bots

BOOKS = {"alpha_main": ("alpha", "main"), "beta_main": ("beta", "main")}
ACCOUNTS = ("main",)
BTC = "BTCUSDT"
REQUESTS = {
    "place": "POST */*rder",
    "cancel": "DELETE */*rder*",
    "query": "GET */*rder",
    "trades": "GET */*Trades",
}
STREAM = "stream"


@dataclass(frozen=True, slots=True)
class Cell:
    """One fault at one kind of request; of the stream's faults, one of them."""

    kind: MarketKind
    asked: str
    fault: str
    times: int

    def __str__(self) -> str:
        return f"{self.kind} {self.asked} {self.fault} x{self.times}"


def cells() -> Iterator[Cell]:
    """Return every cell of the matrix."""
    for kind in MarketKind:
        for asked in REQUESTS:
            for fault in Fault:
                for times in (1, 3):
                    yield Cell(kind, asked, fault.value, times)
        for harm in STREAM_FAULTS:
            yield Cell(kind, STREAM, harm, 1)


async def _story(cell: Cell, folder: Path) -> list[str]:
    clock = LoopClock(START)
    wanted: dict[str, list[datetime]] = defaultdict(list)
    async with (
        exchange(clock, BOOKS, cell.kind) as binance,
        bots(folder, BOOKS, binance, clock) as here,
    ):
        await here.rest("beta", 2)
        await here.rest("alpha", 1)
        faults, clients = binance.simulator.faults, TaskSupervisor()
        faults.retry_after_s = 3
        if cell.asked == STREAM:
            harm_streams(binance.simulator, cell.kind, cell.fault, random.Random(cell.fault))
        else:
            route = REQUESTS[cell.asked]
            faults.script(route, Fault(cell.fault), times=cell.times, delay_s=2.0)
        clients.spawn(_trade(here, wanted), name="alpha")
        await clock.sleep(60)
        faults.calm()
        await clock.sleep(CALM_S)
        await clients.close(0)
        wrong = await wrong_in_the_books(here.day, binance, ACCOUNTS)
        wrong += wrong_at_the_exchange(binance, ACCOUNTS, wanted)
        if resting(binance, ACCOUNTS) != Counter(beta=2):
            wrong.append(f"in the end {dict(resting(binance, ACCOUNTS))} rest")
        return wrong


async def _trade(here: Bots, wanted: dict[str, list[datetime]]) -> None:
    """Place an order that rests and one that fills; end what rests."""
    await here.rest("alpha", 1)
    await here.signal("alpha", order_type="MARKET", symbol=BTC, side="buy", qty="0.1")
    here.binance.simulator.set_price(BTC, Decimal(49_000))
    await here.day.pass_time(1)
    wanted["alpha"].append(here.day.clock.now())
    await here.cancel_all("alpha")
    await here.day.pass_time(30)
    await here.cancel_all("alpha")


def play_cell(cell: Cell) -> list[str]:
    """Tell what went wrong in one cell; nothing should."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        return in_virtual_time(_story(cell, Path(folder)))
