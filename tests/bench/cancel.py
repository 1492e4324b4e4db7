"""How long it takes to end the orders of many accounts: ``python -m tests.bench.cancel``.

The venue answers a cancel after 50 ms and has no limits; it runs in the same process. The baseline
is a pool of ten threads that cancel each account's orders one after the other.
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPConnection
from urllib.parse import urlsplit

from adapters.binance.account import BinanceSettings
from adapters.binance.broker import BinanceBroker
from adapters.binance.fields import to_ms
from adapters.binance.hosts import Hosts, MarketKind
from adapters.binance.hub import Hub
from adapters.binance.signing import read_keys
from adapters.broker import CancelConfirmed
from adapters.clock import SystemClock
from algorithms.domain import ChildId
from daemon.execution.broker_calls import BrokerCalls
from tests.adapters.binance.rows import placed_row
from tests.adapters.binance.test_routes import LIMIT, sent
from tests.support.scripted_binance import Says, ScriptedBinance

ACCOUNTS = 100
ORDERS = 10
LATENCY_S = 0.05
THREADS = 10
WARM_ROUNDS = 3
PREFIX = "/fapi/v1/"


def script(venue: ScriptedBinance, clock: SystemClock) -> None:
    """Have the venue answer what futures accounts ask."""
    ended = placed_row(status="CANCELED")
    venue.says("GET", "/fapi/v3/account", Says({"assets": [], "positions": []}))
    venue.says("GET", f"{PREFIX}accountConfig", Says({"dualSidePosition": False}))
    venue.says("POST", f"{PREFIX}listenKey", Says({"listenKey": "key"}))
    venue.says("GET", f"{PREFIX}time", Says({"serverTime": to_ms(clock.now())}))
    venue.says("DELETE", f"{PREFIX}batchOrders", Says([ended] * ORDERS, delay_s=LATENCY_S))
    venue.says("DELETE", f"{PREFIX}order", Says(ended, delay_s=LATENCY_S))


async def fan_out(hosts: Hosts, clock: SystemClock) -> float:
    """Return the seconds that the best warm round takes."""
    hub, loop = Hub(clock), asyncio.get_running_loop()
    keys = read_keys("key", "secret")
    brokers = []
    for number in range(ACCOUNTS):
        settings = BinanceSettings(
            account=f"a{number}",
            kind=MarketKind.FUTURES,
            currency="USDT",
            hosts=hosts,
            keys=keys,
        )
        brokers.append(BinanceBroker(settings, hub))
        await brokers[-1].open()
    orders = [sent(replace(LIMIT, client_id=ChildId(f"x-{number}"))) for number in range(ORDERS)]
    calls = [BrokerCalls(broker) for broker in brokers]
    rounds = []
    for _ in range(1 + WARM_ROUNDS):
        begun = loop.time()
        outcomes = await asyncio.gather(*(each.cancel(order) for each in calls for order in orders))
        rounds.append(loop.time() - begun)
        assert all(isinstance(outcome, CancelConfirmed) for outcome in outcomes)
    await asyncio.gather(*(broker.close() for broker in brokers))
    await hub.close()
    return min(rounds[1:])


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


async def main() -> None:
    clock = SystemClock()
    async with ScriptedBinance() as venue:
        script(venue, clock)
        ours = await fan_out(venue.hosts, clock)
        theirs = await baseline(venue.hosts)
    sys.stdout.write(
        f"{ACCOUNTS} accounts x {ORDERS} orders at {LATENCY_S * 1000:.0f} ms: "
        f"{ours * 1000:.0f} ms ({ours / LATENCY_S:.1f} x latency); "
        f"{THREADS} threads: {theirs:.2f} s ({theirs / ours:.0f} x as long)\n"
    )


if __name__ == "__main__":
    asyncio.run(main())
