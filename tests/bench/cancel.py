"""How long it takes to end the orders of many accounts: ``python -m tests.bench.cancel``.

The venue answers a cancel after 50 ms, has no limits and runs in a process of its own. Orders
begin to be cancelled as in the daemon, where each is stored before: as many at a time as share a
commit. The baseline is a pool of ten threads that cancel each account's orders one after the
other. Then ten times as many accounts: how long the event loop stood still at most, and what
memory it took; and an account whose venue never answers, beside a hundred others.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from time import thread_time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvloop

from adapters.binance.account import BinanceSettings
from adapters.binance.broker import BinanceBroker
from adapters.binance.hosts import MarketKind
from adapters.binance.hub import Hub
from adapters.binance.signing import read_keys
from adapters.broker import CancelConfirmed
from adapters.clock import SystemClock
from adapters.fields import to_ms
from adapters.http import Hosts
from adapters.sqlite.group_commit import MOST_IN_A_BATCH
from adapters.tasks import TaskSupervisor
from algorithms.domain import ChildId
from daemon.execution.broker_calls import BrokerCalls
from daemon.service.process import spare_the_collector
from tests.adapters.binance.rows import placed_row
from tests.adapters.binance.test_routes import LIMIT, sent
from tests.support.scripted_binance import EXCHANGE_INFO, Says, ScriptedBinance

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from adapters.broker import CancelOutcome

ACCOUNTS = 100
MANY_ACCOUNTS = 1000
ORDERS = 10
LATENCY_S = 0.05
THREADS = 10
WARM_ROUNDS = 3
OPENED_AT_ONCE = 50
PREFIX = "/fapi/v1/"
NO_ANSWER_S = 600.0
NO_LIMIT = 1_000_000_000
LAG_EVERY_S = 0.002


def script(venue: ScriptedBinance, *, cancel_after_s: float) -> None:
    """Have the venue answer what futures accounts ask."""
    ended = placed_row(status="CANCELED")
    endless = [{**limit, "limit": NO_LIMIT} for limit in EXCHANGE_INFO["rateLimits"]]
    venue.says("GET", f"{PREFIX}exchangeInfo", Says({**EXCHANGE_INFO, "rateLimits": endless}))
    venue.says("GET", "/fapi/v3/account", Says({"assets": [], "positions": []}))
    venue.says("GET", f"{PREFIX}accountConfig", Says({"dualSidePosition": False}))
    venue.says("POST", f"{PREFIX}listenKey", Says({"listenKey": "key"}))
    venue.says("GET", f"{PREFIX}time", Says({"serverTime": to_ms(SystemClock().now())}))
    venue.says("DELETE", f"{PREFIX}batchOrders", Says([ended] * ORDERS, delay_s=cancel_after_s))
    venue.says("DELETE", f"{PREFIX}order", Says(ended, delay_s=cancel_after_s))


async def serve() -> None:
    """Be two venues until standard input ends; the second one never answers a cancel."""
    async with ScriptedBinance() as prompt, ScriptedBinance() as dead:
        script(prompt, cancel_after_s=LATENCY_S)
        script(dead, cancel_after_s=NO_ANSWER_S)
        sys.stdout.write(f"{prompt.hosts.rest} {dead.hosts.rest}\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


@asynccontextmanager
async def venues() -> AsyncIterator[tuple[Hosts, Hosts]]:
    """Run the venues in a process of their own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.cancel", "--serve"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    prompt, dead = (await process.stdout.readline()).decode().split()
    yield Hosts(prompt, prompt.replace("http", "ws")), Hosts(dead, dead.replace("http", "ws"))
    process.stdin.close()
    await process.wait()


@dataclass(slots=True)
class Lag:
    """How long the event loop stood still at most, by the clock and by its own work.

    They differ where other processes of a busy machine had the processor meanwhile.
    """

    worst_s: float = 0.0
    worst_work_s: float = 0.0

    async def watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, worked = loop.time() + LAG_EVERY_S, thread_time()
            await asyncio.sleep(LAG_EVERY_S)
            self.worst_s = max(self.worst_s, loop.time() - due)
            self.worst_work_s = max(self.worst_work_s, thread_time() - worked)

    def __str__(self) -> str:
        return (
            f"the loop stood still for {self.worst_s * 1000:.0f} ms at most "
            f"({self.worst_work_s * 1000:.0f} ms of work)"
        )


async def opened(hub: Hub, hosts: Hosts, accounts: int) -> list[BinanceBroker]:
    """Open so many accounts, some at a time."""
    keys = read_keys("key", "secret")
    brokers = [
        BinanceBroker(
            BinanceSettings(
                account=f"a{number}",
                kind=MarketKind.FUTURES,
                currency="USDT",
                hosts=hosts,
                keys=keys,
            ),
            hub,
        )
        for number in range(accounts)
    ]
    for start in range(0, accounts, OPENED_AT_ONCE):
        await asyncio.gather(*(each.open() for each in brokers[start : start + OPENED_AT_ONCE]))
    return brokers


async def fan_out(hosts: Hosts, accounts: int, rounds: int) -> tuple[float, Lag]:
    """Return the seconds that the best warm round takes, and how the loop fared in it."""
    hub, loop, tasks = Hub(SystemClock()), asyncio.get_running_loop(), TaskSupervisor()
    brokers = await opened(hub, hosts, accounts)
    calls = [BrokerCalls(broker, SystemClock()) for broker in brokers]
    spare_the_collector()  # as the daemon does when it has started
    measured = []
    for _ in range(1 + rounds):
        lag = Lag()
        watching = tasks.spawn(lag.watch(), name="lag")
        begun = loop.time()
        await cancel_all(calls)
        measured.append((loop.time() - begun, lag))
        watching.cancel()
    await asyncio.gather(*(broker.close() for broker in brokers))
    await tasks.close(1)
    await hub.close()
    return min(measured[1:], key=lambda each: each[0])


async def cancel_all(calls: Sequence[BrokerCalls]) -> None:
    """Cancel each account's orders, as many in one turn of the loop as one commit lets go."""
    orders = [sent(replace(LIMIT, client_id=ChildId(f"x-{number}"))) for number in range(ORDERS)]
    under_way: list[asyncio.Future[list[CancelOutcome]]] = []
    together = MOST_IN_A_BATCH // ORDERS
    for start in range(0, len(calls), together):
        under_way += [
            asyncio.gather(*(each.cancel(order) for order in orders))
            for each in calls[start : start + together]
        ]
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*under_way)
    assert all(isinstance(outcome, CancelConfirmed) for each in outcomes for outcome in each)


async def beside_a_dead_one(hosts: Hosts, dead: Hosts) -> float:
    """Return the seconds that a hundred accounts take while another one never answers."""
    hub, loop, tasks = Hub(SystemClock()), asyncio.get_running_loop(), TaskSupervisor()
    brokers = await opened(hub, hosts, ACCOUNTS)
    (silent,) = await opened(hub, dead, 1)
    calls = [BrokerCalls(broker, SystemClock()) for broker in brokers]
    await cancel_all(calls)
    hanging = tasks.spawn(cancel_all([BrokerCalls(silent, SystemClock())]), name="nobody answers")
    begun = loop.time()
    await cancel_all(calls)
    took = loop.time() - begun
    assert not hanging.done()
    hanging.cancel()
    await asyncio.gather(*(broker.close() for broker in (*brokers, silent)))
    await tasks.close(1)
    await hub.close()
    return took


def one_by_one(address: str) -> None:
    """Cancel an account's orders one after the other over one connection."""
    connection = HTTPConnection(address, timeout=10)
    for _ in range(ORDERS):
        connection.request("DELETE", f"{PREFIX}order?orderId=7")
        connection.getresponse().read()
    connection.close()


async def baseline(hosts: Hosts) -> float:
    """Return the seconds that the pool of threads takes."""
    loop = asyncio.get_running_loop()
    address = urlsplit(hosts.rest).netloc
    with ThreadPoolExecutor(THREADS) as pool:
        begun = loop.time()
        work = [loop.run_in_executor(pool, one_by_one, address) for _ in range(ACCOUNTS)]
        await asyncio.gather(*work)
        return loop.time() - begun


def memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@dataclass(frozen=True, slots=True)
class FanOut:
    """What all of it came to; times in seconds."""

    ours: float
    lag: Lag
    threads: float
    beside_dead: float
    many: float
    many_lag: Lag
    many_mb: float


async def measure() -> FanOut:
    """Measure a hundred accounts, the threads, the dead account, and a thousand accounts."""
    async with venues() as (prompt, dead):
        ours, lag = await fan_out(prompt, ACCOUNTS, WARM_ROUNDS)
        threads = await baseline(prompt)
        beside = await beside_a_dead_one(prompt, dead)
        before = memory_mb()
        many, many_lag = await fan_out(prompt, MANY_ACCOUNTS, WARM_ROUNDS)
        return FanOut(ours, lag, threads, beside, many, many_lag, memory_mb() - before)


async def main() -> None:
    got = await measure()
    sys.stdout.write(
        f"{ACCOUNTS} accounts x {ORDERS} orders at {LATENCY_S * 1000:.0f} ms: "
        f"{got.ours * 1000:.0f} ms ({got.ours / LATENCY_S:.1f} x latency), {got.lag}; "
        f"{THREADS} threads: {got.threads:.2f} s ({got.threads / got.ours:.0f} x as long)\n"
        f"beside an account that nobody answers: {got.beside_dead * 1000:.0f} ms\n"
        f"{MANY_ACCOUNTS} accounts x {ORDERS} orders: {got.many * 1000:.0f} ms, {got.many_lag}, "
        f"{got.many_mb:.0f} MB more memory\n"
    )


if __name__ == "__main__":
    uvloop.run(serve() if "--serve" in sys.argv else main())
