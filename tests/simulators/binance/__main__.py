"""``python -m tests.simulators.binance --port N``: the simulator as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from adapters.clock import SystemClock
from tests.simulators.binance.accounts import AccountSeed
from tests.simulators.binance.simulator import BinanceSimulator


async def serve(port: int, seed: int, accounts: list[str]) -> None:
    simulator = BinanceSimulator(
        SystemClock(), seed=seed, accounts=[AccountSeed(name=name) for name in accounts]
    )
    urls = await simulator.start(port)
    lines = [f"REST {urls.rest}", f"WebSocket API {urls.ws_api}"]
    for name in accounts:
        for key in simulator.keys(name):
            secret = key.secret.replace("\n", "\\n")
            lines.append(f"{name} {key.kind} key {key.api_key} secret {secret}")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    await stop.wait()
    await simulator.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators.binance")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--seed", type=int, default=1, help="of the keys")
    parser.add_argument("--account", action="append", help="name; alice and bob unless given")
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(given.port, given.seed, given.account or ["alice", "bob"]))


if __name__ == "__main__":
    main()
