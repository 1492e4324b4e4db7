"""How long pages take, and what open pages cost webhooks: ``python -m tests.bench.pages``.

First a book of 100 books, 1,000 live orders, 100,000 fills and as many notices in a database file:
each page is asked for over HTTP, with one client. ``cold`` is a look while the sums are made, which
a daemon does beside everything else right after its start; ``first`` the first look once they are
made; ``next`` the median of those that follow. A time with ``cpu`` is what the process worked
meanwhile, which others on the machine do not lengthen.

Then the webhooks of ``tests.bench.webhook`` with and without 200 open pages, which are sent their
main part whenever it has changed, in processes of their own, in turns. What counts is the median of
the rounds' ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_urlsafe
from statistics import median
from time import perf_counter, process_time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import orjson
import uvloop
from aiohttp import ClientSession, ClientTimeout, TCPConnector, hdrs
from aiohttp.test_utils import TestClient, TestServer

from adapters.sqlite.driver import ThreadedDriver
from adapters.tasks import TaskSupervisor
from daemon.api.operation import STREAM
from daemon.api.views import Lists
from daemon.calendars import Calendars, compute_here
from daemon.cli.table import table
from daemon.config import load_config
from daemon.execution.persistence import Persistence
from daemon.market import Market
from daemon.setup import Current, setup_of
from daemon.signals import SignalBus
from daemon.storage.store import open_store
from daemon.web.menu import MENU
from daemon.web.page import Sources
from daemon.web.site import Site
from tests.bench.listing import fill
from tests.bench.load import Measured, Plan
from tests.bench.servers import PATH
from tests.bench.webhook import DAEMON, body, load, server
from tests.daemon.api.fakes import ADMIN, House
from tests.support.world import START

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from adapters.sqlite.driver import SqliteDriver
    from daemon.engine import Engine
    from daemon.storage.store import SqliteStore

AnyClient = TestClient[Any, Any]

BOOKS, LIVE, FILLS = 100, 1_000, 100_000
LOOKS = 15
FIRST_S_MAX = 0.2
BROWSERS = 200
ROUNDS = 3
SECONDS = 5.0


class Look(NamedTuple):
    """One look at a page. ``cpu_ms``: what this process worked meanwhile, the client included."""

    ms: float
    cpu_ms: float
    size: int


@dataclass(frozen=True, slots=True)
class Row:
    """One page. Times in milliseconds; ``size`` in bytes."""

    path: str
    cold_ms: float
    cold_cpu_ms: float
    first_ms: float
    first_cpu_ms: float
    next_ms: float
    size: int


@dataclass(frozen=True, slots=True)
class Round:
    """Webhooks without open pages, and with them. ``looks``: how many parts those were sent."""

    alone: Measured
    watched: Measured
    looks: int


async def pages(folder: Path) -> list[Row]:
    """Ask for each page some times, each from a server that nobody has asked before."""
    database, file = folder / "books.db", folder / "config.toml"
    file.write_text(fill(database, BOOKS, LIVE, FILLS))
    current = Current(setup_of(load_config(file, {}), START))
    driver = await ThreadedDriver.open(database, read_only=True)
    store = await open_store(database, ThreadedDriver.open, SignalBus().deliver)
    tasks = TaskSupervisor()
    rows = []
    try:
        for path in MENU:
            house = House()
            lists = Lists(driver, current)
            sources = _sources(house, lists, driver, current, store, tasks)
            site = Site(sources, SignalBus())
            house.more = [lists, site]
            async with _client(house) as client:
                summing = tasks.spawn(site.run(), name="sums")
                cold = await _look(client, path)
                while not await site.totals.follow(sources):
                    pass
            summing.cancel()
            async with _client(house) as client:
                rows.append(await _row(client, path, cold))
    finally:
        await tasks.close(1)
        await driver.close()
        await store.close()
    return rows


@asynccontextmanager
async def _client(house: House) -> AsyncIterator[AnyClient]:
    async with TestClient(TestServer(house.app())) as client:
        await client.get("/login")  # loads the templates
        yield client


async def _row(client: AnyClient, path: str, cold: Look) -> Row:
    first = await _look(client, path)
    times = [(await _look(client, path)).ms for _ in range(LOOKS)]
    return Row(path, cold.ms, cold.cpu_ms, first.ms, first.cpu_ms, median(times), first.size)


async def _look(client: AnyClient, path: str) -> Look:
    began, worked = perf_counter(), process_time()
    async with client.get(path, headers=ADMIN) as response:
        html = await response.read()
    assert response.status == 200, html
    took, cpu = perf_counter() - began, process_time() - worked
    return Look(took * 1000, cpu * 1000, len(html))


def _sources(
    house: House,
    lists: Lists,
    driver: SqliteDriver,
    current: Current,
    store: SqliteStore,
    tasks: TaskSupervisor,
) -> Sources:
    """Everything a page asks of an engine, without the engine: the database is what takes time."""
    services = SimpleNamespace(
        current=current,
        registry=current.registry,
        brokers={},
        market=Market(house.clock, {}, tasks),
        clock=house.clock,
        persistence=Persistence(store, house.clock),
    )
    calendars = Calendars(store, house.clock, {}, compute_here)
    engine = SimpleNamespace(
        config=current.setup.config,
        registry=current.registry,
        accounts={},
        services=services,
        calendars=calendars,
    )
    return Sources(
        engine=cast("Engine", engine),
        admin=house.admin,  # type: ignore[arg-type] # asked for questions only
        lists=lists,
        reader=driver,
        readiness=house.readiness,
        sessions=house.sessions,
        clock=house.clock,
    )


async def _watch(url: str, token: str, browsers: int) -> None:
    """Be so many open pages until killed; print how often they were sent something."""
    headers = {"Authorization": f"Bearer {token}"}
    looks = 0

    async def browse(session: ClientSession) -> None:
        nonlocal looks
        async with session.get(f"{url}/", headers={hdrs.ACCEPT: STREAM}) as events:
            assert events.status == 200, await events.text()
            async for line in events.content:
                looks += line.startswith(b"event: part")

    async with (
        ClientSession(
            headers=headers,
            connector=TCPConnector(limit=0),
            timeout=ClientTimeout(total=None, sock_read=30),
        ) as session,
        asyncio.TaskGroup() as group,
    ):
        watching = [group.create_task(browse(session)) for _ in range(browsers)]
        await asyncio.sleep(1)
        sys.stdout.write("watching\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        sys.stdout.write(f"{looks}\n")
        for each in watching:
            each.cancel()


@contextmanager
def _browsers(url: str, token: str, number: int, looked: list[int]) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.bench.pages", "--watch", url, "--browsers", str(number)]
    with subprocess.Popen(  # noqa: S603 - our own
        [*command, "--token", token], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if process.stdout.readline() != "watching\n":
            sys.exit("the browsers did not come up")
        yield
        process.stdin.write("end\n")
        process.stdin.flush()
        looked.append(int(process.stdout.readline()))


def _round(options: argparse.Namespace) -> Round:
    with tempfile.TemporaryDirectory(prefix="nettingd-bench-") as name:
        folder = Path(name)
        token = token_urlsafe(32)
        (folder / "token").write_text(token, encoding="utf-8")
        with server(DAEMON, folder) as (host, port):
            plan = Plan(
                host=host,
                port=port,
                path=PATH,
                bodies=(body(token, 0),),
                connections=options.connections,
                warm_up_s=1.0,
                seconds=options.seconds,
            )
            admin = (folder / "data" / "admin.token").read_text().strip()
            looked: list[int] = []
            alone = load(plan)
            with _browsers(f"http://{host}:{port}", admin, options.browsers, looked):
                watched = load(plan)
            return Round(alone, watched, looked[0])


def main(words: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a first page takes longer than it may."""
    parser = argparse.ArgumentParser(description="pages, and what they cost webhooks")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--browsers", type=int, default=BROWSERS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--watch", help=argparse.SUPPRESS)
    parser.add_argument("--token", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.watch:
        uvloop.run(_watch(options.watch, options.token, options.browsers))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(pages(Path(folder)))
    rounds = [_round(options) for _ in range(options.rounds)]
    if options.json:
        figures = {"pages": list(map(asdict, rows)), "webhooks": list(map(asdict, rounds))}
        sys.stdout.write(orjson.dumps(figures).decode() + "\n")
    else:
        _print(rows, rounds, options.browsers)
    return int(any(row.first_ms > FIRST_S_MAX * 1000 for row in rows))


def _print(rows: Sequence[Row], rounds: Sequence[Round], browsers: int) -> None:
    cells = [
        (
            row.path,
            f"{row.cold_ms:.1f}",
            f"{row.cold_cpu_ms:.1f}",
            f"{row.first_ms:.1f}",
            f"{row.first_cpu_ms:.1f}",
            f"{row.next_ms:.1f}",
            f"{row.size:,}",
        )
        for row in rows
    ]
    titles = ("page", ">cold ms", ">cpu", ">first ms", ">cpu", ">next ms", ">bytes")
    sys.stdout.write(table(titles, cells))
    if not rounds:
        return
    sys.stdout.write(f"\nwebhooks without and with {browsers} open pages\n")
    lines = [
        (
            f"{each.alone.requests_a_second:,.0f}",
            f"{each.watched.requests_a_second:,.0f}",
            f"{each.alone.p99_ms:.1f}",
            f"{each.watched.p99_ms:.1f}",
            f"{each.looks:,}",
        )
        for each in rounds
    ]
    heads = (">per s", ">per s, watched", ">p99 ms", ">p99 ms, watched", ">looks")
    sys.stdout.write(table(heads, lines))
    ratio = median(each.watched.requests_a_second / each.alone.requests_a_second for each in rounds)
    sys.stdout.write(f"the median of the ratios: {ratio:.2f}\n")


if __name__ == "__main__":
    raise SystemExit(main())
