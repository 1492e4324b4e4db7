"""``python -m tests.simulators.kis --port N``: the simulator as a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from adapters.clock import SystemClock
from tests.simulators.kis.services import Profile
from tests.simulators.kis.simulator import KisSimulator


async def serve(port: int, profile: Profile, seed: int, walk_s: float) -> None:
    simulator = KisSimulator(SystemClock(), profile, seed=seed, walk_s=walk_s)
    urls = await simulator.start(port)
    lines = [f"REST {urls.rest}", f"websocket {urls.ws}", f"profile {profile}"]
    for name, account in simulator.host.seeds.items():
        key = simulator.key(name)
        lines.append(
            f"{name} account {account.number[:8]}-{account.number[8:]} hts {account.hts_id}"
            f" appkey {key.app_key} appsecret {key.app_secret}"
        )
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    await stop.wait()
    await simulator.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators.kis")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--profile", choices=list(Profile), default=Profile.REAL, type=Profile)
    parser.add_argument("--seed", type=int, default=1, help="of keys, prices and delays")
    parser.add_argument(
        "--walk", type=float, default=1.0, help="seconds between moves of the market; 0: it stands"
    )
    given = parser.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(given.port, given.profile, given.seed, given.walk))


if __name__ == "__main__":
    main()
