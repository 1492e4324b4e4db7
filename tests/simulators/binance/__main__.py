"""``python -m tests.simulators.binance --port N``: the simulator as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from adapters.clock import SystemClock
from tests.simulators.binance.accounts import AccountSeed
from tests.simulators.binance.certificates import make_certificate
from tests.simulators.binance.faults import Fault
from tests.simulators.binance.simulator import BinanceSimulator

PING_EVERY_S = 20.0
LIFE_S = 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """``authority`` is the file that clients under TLS shall trust."""

    port: int
    tls_port: int | None
    authority: Path
    seed: int
    accounts: list[str]
    faults: list[tuple[str, Fault]]
    """Each spoils the next call of its route."""


async def serve(wanted: Wanted) -> None:
    clock = SystemClock()
    seeds = [AccountSeed(name=name) for name in wanted.accounts]
    simulator = BinanceSimulator(clock, seed=wanted.seed, accounts=seeds)
    simulator.sockets.ping_every_s = PING_EVERY_S
    simulator.sockets.life_s = LIFE_S
    for route, fault in wanted.faults:
        simulator.faults.script(route, fault)
    urls = await simulator.start(wanted.port)
    lines = [f"REST {urls.rest}", f"WebSocket {urls.socket}"]
    if wanted.tls_port is not None:
        certificate = make_certificate(clock.now())
        secure = await simulator.start(wanted.tls_port, tls=certificate.server)
        wanted.authority.write_text(certificate.authority)
        lines.append(f"TLS {secure.rest} authority {wanted.authority}")
    for name in wanted.accounts:
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


def read_fault(text: str) -> tuple[str, Fault]:
    """Read ``ROUTE=FAULT``."""
    route, _, name = text.rpartition("=")
    if not route or name not in list(Fault):
        raise argparse.ArgumentTypeError(f"ROUTE=FAULT, with a FAULT of {', '.join(Fault)}")
    return route, Fault(name)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators.binance")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--tls-port", type=int, help="serve TLS here as well; 0 takes a free one")
    parser.add_argument(
        "--authority",
        type=Path,
        default=Path("binance-authority.pem"),
        help="where to write what clients under TLS shall trust",
    )
    parser.add_argument("--seed", type=int, default=1, help="of the keys")
    parser.add_argument("--account", action="append", help="name; alice and bob unless given")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        type=read_fault,
        metavar="ROUTE=FAULT",
        help='what the next call of a route meets, like "POST /api/v3/order=drop_after"',
    )
    given = parser.parse_args()
    accounts = given.account or ["alice", "bob"]
    wanted = Wanted(given.port, given.tls_port, given.authority, given.seed, accounts, given.fault)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(wanted))


if __name__ == "__main__":
    main()
