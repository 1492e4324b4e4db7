"""How long a TWAP tick takes to plan and to store: ``python -m tests.bench.twap``.

A thousand books with ten open orders each wait for the twap job. Measured is from the job's
transaction until every slice is stored, in a file with ``synchronous=FULL``, in the running
engine; nothing is sent meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import tempfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import uvloop

from adapters.clock import SystemClock
from adapters.sqlite.driver import ThreadedDriver
from adapters.tasks import TaskSupervisor
from algorithms.domain import AccountName, Kind, OrderType, Symbol
from algorithms.instruments import default_instrument
from daemon.config import load_config
from daemon.engine import Engine
from daemon.execution.rule_intake import RuleIntake, RuleTerms
from daemon.jobs.schedule import ApSchedule
from daemon.jobs.twap import begin_slices
from daemon.rules.rule import Wish
from daemon.service.process import calm_the_collector, spare_the_collector
from daemon.storage.rows import to_us

if TYPE_CHECKING:
    from daemon.storage.tx import Tx

BOOKS, ORDERS_OF_A_BOOK, TICKS = 1000, 10, 5
MAIN = AccountName("main")
SYMBOLS = tuple(Symbol(f"S{number}") for number in range(ORDERS_OF_A_BOOK))
SLICES = 20


def config(folder: Path) -> str:
    prices = ", ".join(f'{symbol} = "100"' for symbol in SYMBOLS)
    head = (
        f'[daemon]\ndata_dir = "{folder}/data"\n[accounts.main]\nmarket = "XNYS"\n'
        f'commission_percent = "0.25"\npaper = {{ prices = {{ {prices} }} }}\n'
    )
    books = (
        f'[strategies.b{number}]\n[books.b{number}]\nstrategy = "b{number}"\naccount = "main"\n'
        f'capital = "100000"\n'
        for number in range(BOOKS)
    )
    return head + "".join(books)


async def engine_in(folder: Path) -> Engine:
    """Start an engine that plans and sends nothing."""
    path = folder / "config.toml"
    path.write_text(config(folder))
    engine = Engine(
        load_config(path, {}),
        clock=SystemClock(),
        open_driver=ThreadedDriver.open,
        tasks=TaskSupervisor(),
        schedule=ApSchedule(),
        commands_of=lambda _: (),
    )
    await engine.start()
    runtime = engine.accounts[MAIN]
    await runtime.tried.wait()
    assert runtime.worker is not None, runtime.problem
    runtime.worker.stop()
    return engine


async def place_orders(engine: Engine) -> None:
    """Let the rule of every book order each symbol for cash."""
    services = engine.services
    intake = RuleIntake(
        engine.current, services.halts, services.orders, engine.approvals, services.ids
    )
    wish = Wish(kind=Kind.BUY, cash=Decimal(9000), order_type=OrderType.TWAP)
    now = SystemClock().now()

    def place(tx: Tx) -> None:
        for book in engine.registry.books.values():
            for symbol in SYMBOLS:
                terms = RuleTerms(
                    instrument=default_instrument(symbol, "XNYS", "USD"),
                    price=Decimal(100),
                    slices_left=SLICES,
                    request_id="rule:bench",
                )
                assert intake.place(tx, book, symbol, wish, terms, now) is not None

    await engine.store.write(place)


async def tick(engine: Engine) -> tuple[float, float]:
    """Begin a slice of every order; return how long it takes until all are stored.

    In seconds: of the wall clock, and of this process's work, which others cannot slow down.
    """
    wanted = BOOKS * ORDERS_OF_A_BOOK
    now = SystemClock().now()
    begun, worked = perf_counter(), process_time()
    await engine.store.write(
        lambda tx: begin_slices(tx, MAIN, since=now - timedelta(days=1), left=SLICES, now=now)
    )
    while await _due(engine):  # noqa: ASYNC110 - the database is what is watched
        await asyncio.sleep(0.02)
    seconds, work = perf_counter() - begun, process_time() - worked
    rows = await engine.store.read(
        lambda view: view.fetch("live_children_of_account", account=MAIN)
    )
    assert len(rows) == wanted, f"{len(rows)} slices of {wanted}"
    return seconds, work


async def _due(engine: Engine) -> bool:
    now = to_us(SystemClock().now())
    row = await engine.store.read(lambda view: view.fetch_one("symbols_due", account=MAIN, now=now))
    return row is not None


async def measure() -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        engine = await engine_in(Path(folder))
        try:
            await place_orders(engine)
            await asyncio.sleep(1)
            spare_the_collector()
            return await tick(engine)
        finally:
            await engine.stop()


def main() -> None:
    logging.disable(logging.ERROR)
    calm_the_collector()  # as ``nettingd run`` does
    ticks: list[tuple[float, float]] = []
    for _ in range(TICKS):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            ticks.append(runner.run(measure()))
    seconds, work = median(each for each, _ in ticks), median(each for _, each in ticks)
    shown = ", ".join(f"{each:.2f}" for each in sorted(each for each, _ in ticks))
    sys.stdout.write(
        f"twap tick: {BOOKS} books, {BOOKS * ORDERS_OF_A_BOOK} orders planned and stored in "
        f"{seconds:.2f} s (of {len(ticks)}: {shown}), {work:.2f} s of the processor's time\n"
    )


if __name__ == "__main__":
    main()
