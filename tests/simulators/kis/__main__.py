"""``python -m tests.simulators.kis --port N``: the simulator as a process of its own.

``--at 2026-11-20T10:15`` begins at another time, as markets are closed on most nights and
weekends. ``--clock FILE`` lets another program live at that time, too:
``python -m tests.chaos.skewed FILE daemon run --config config.toml``.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

from adapters.clock import SystemClock
from tests.chaos.skewed import Skew
from tests.simulators.kis.hours import KST
from tests.simulators.kis.services import Profile
from tests.simulators.kis.simulator import KisSimulator


class AheadClock(SystemClock):
    """The system's clock, so much ahead of it (or behind)."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        return super().now() + self._ahead


def moment(text: str) -> datetime:
    """Read a time; one without a zone is Seoul's."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        what = f"{text!r} is no time such as 2026-11-20T10:15"
        raise argparse.ArgumentTypeError(what) from None
    return read if read.tzinfo is not None else read.replace(tzinfo=KST)


async def serve(port: int, profile: Profile, seed: int, walk_s: float, *, ahead: timedelta) -> None:
    simulator = KisSimulator(AheadClock(ahead), profile, seed=seed, walk_s=walk_s)
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
    parser.add_argument(
        "--at", type=moment, help="when it begins, in Seoul unless a zone is given (default: now)"
    )
    parser.add_argument("--clock", type=Path, help="the file to write for tests.chaos.skewed")
    given = parser.parse_args()
    ahead = timedelta() if given.at is None else given.at - SystemClock().now()
    if given.clock is not None:
        Skew(given.clock, ahead)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(given.port, given.profile, given.seed, given.walk, ahead=ahead))


if __name__ == "__main__":
    main()
