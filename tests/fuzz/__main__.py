"""Ten thousand malformed webhooks: ``python -m tests.fuzz``.

Without ``--url`` a daemon is started for it, with a database of its own. Each malformed request
must be answered with a 4xx and a reason, good ones must be served meanwhile, and the daemon's
memory must not grow. Ends with 1 if any of that is not so.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from secrets import token_urlsafe
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from daemon.cli.process import DaemonProcess
from daemon.cli.table import table
from tests.fuzz.attacks import PATH, Attack, Forge
from tests.fuzz.siege import NO_ANSWER, Outcome, Siege

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

GROWTH_MAX_MB = 8.0
"""What caches and buffers may still add; a leak of a few kilobytes a request would be more."""
REHEARSAL = 2_000
"""Attacks before memory is looked at: 48 bodies of a megabyte at once need their buffers, which
the allocator then keeps for the next ones."""
SLOW_SHARE = 100

_CONFIG = """
[daemon]
data_dir = "{folder}/data"

[http]
port = 0

[accounts.main]
broker = "paper"
market = "24/7"

[strategies.{name}]
token = {{ file = "{folder}/token" }}

[books.main]
strategy = "{name}"
account = "main"
capital = "1000"
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A running daemon; ``pid`` if its memory can be looked at."""

    url: str
    strategy: str
    token: str
    pid: int | None


@asynccontextmanager
async def _target(options: argparse.Namespace) -> AsyncIterator[Target]:
    if options.url is not None:
        yield Target(options.url, options.strategy, options.token, options.pid)
        return
    with tempfile.TemporaryDirectory(prefix="nettingd-fuzz-") as name:
        folder, token = Path(name), token_urlsafe(32)
        (folder / "token").write_text(token, encoding="utf-8")
        config = folder / "config.toml"
        config.write_text(_CONFIG.format(folder=folder, name=options.strategy), encoding="utf-8")
        daemon = DaemonProcess(config)
        await daemon.start()
        try:
            yield Target(daemon.url, options.strategy, token, daemon.pid)
        finally:
            await daemon.stop()


def _memory_mb(pid: int | None) -> float | None:
    """Resident memory of a process."""
    if pid is None:
        return None
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def _good_request(target: Target) -> bytes:
    """Cancelling all orders of a strategy that has none: it changes nothing and is stored."""
    order = {
        "group_name": target.strategy,
        "token": target.token,
        "order_type": "CANCEL_ALL_ORDER",
    }
    body = orjson.dumps(order)
    lines = [f"POST {PATH} HTTP/1.1", "Host: x", "Connection: close"]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


async def _besiege(target: Target, attacks: list[Attack]) -> Outcome:
    url = urlsplit(target.url)
    assert url.hostname is not None
    siege = Siege(url.hostname, url.port or 80, _good_request(target))
    return await siege.run(attacks)


async def run(options: argparse.Namespace) -> int:
    """Attack, print what came of it, and return the exit code."""
    async with _target(options) as target:
        forge = Forge(Random(options.seed), target.strategy, target.token)
        begin = _memory_mb(target.pid)
        await _besiege(target, list(forge.attacks(REHEARSAL, slow=0)))
        before = _memory_mb(target.pid)
        slow = options.count // SLOW_SHARE
        outcome = await _besiege(target, list(forge.attacks(options.count, slow=slow)))
        after = _memory_mb(target.pid)
    faults = outcome.faults()
    if begin is not None and before is not None and after is not None:
        if after - before > GROWTH_MAX_MB:
            faults.append(f"memory grew from {before:.1f} to {after:.1f} MB")
        sys.stdout.write(
            f"memory: {begin:.1f} MB idle, {before:.1f} MB after {REHEARSAL:,} attacks, "
            f"{after:.1f} MB after {options.count:,} more\n\n"
        )
    sys.stdout.write(_table(outcome))
    sys.stdout.writelines(f"fault: {fault}\n" for fault in faults)
    return int(bool(faults))


def _table(outcome: Outcome) -> str:
    statuses = sorted({status for counts in outcome.answers.values() for status in counts})
    rows = [
        [kind, str(counts.total()), *(str(counts[status] or "") for status in statuses)]
        for kind, counts in sorted(outcome.answers.items())
    ]
    total = sum((counts.total() for counts in outcome.answers.values()), 0)
    sums = [sum(counts[status] for counts in outcome.answers.values()) for status in statuses]
    rows.append(["all", str(total), *map(str, sums)])
    taken = sorted(outcome.good_s)
    good = f"{len(taken)} good requests meanwhile, answered {dict(outcome.good)}: " + ", ".join(
        f"{name} {taken[min(len(taken) - 1, len(taken) * share // 100)] * 1000:.1f} ms"
        for name, share in (("p50", 50), ("p99", 99), ("longest", 100))
    )
    names = [f">{'no answer' if status == NO_ANSWER else status}" for status in statuses]
    return f"{table(('malformed', '>sent', *names), rows)}\n{good}\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--url", help="a running daemon; left out, one is started")
    parser.add_argument("--strategy", default="fuzz", help="a strategy of that daemon")
    parser.add_argument("--token", help="the strategy's token, with --url")
    parser.add_argument("--pid", type=int, help="the daemon's process, with --url")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if (options.url is None) is not (options.token is None):
        parser.error("--url and --token go together")
    return asyncio.run(run(options))


if __name__ == "__main__":
    sys.exit(main())
