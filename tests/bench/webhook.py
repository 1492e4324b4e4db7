"""How many webhooks a second, and how long each takes: ``python -m tests.bench.webhook``.

TWAP orders with ids of their own, from 64 connections, with everything on: authentication,
validation, idempotency, the order stored on disk before the answer. Beside the daemon run a bare
server and a daemon that commits each request by itself; and ``unlike`` is the daemon with orders
of which no two are alike in size, price, slices and minutes, so that nothing remembered helps.
Client and server have a process each. The servers take turns, and what counts is the median of the
rounds' ratios: other work on the machine then hits all of them. ``--json`` writes the figures for
programs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_urlsafe
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson

from tests.bench.load import ID_MARK, Measured, Plan
from tests.bench.servers import PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BARE, DAEMON, UNLIKE, ONE_COMMIT = "bare", "daemon", "unlike", "one-commit"
ROUNDS = 5
CONNECTIONS = 64
WARM_UP_S = 1.0
SECONDS = 4.0
START_S, STOP_S = 15, 15
UNLIKE_BODIES = 20_000
"""More than the daemon remembers."""

_CONFIG = """
[daemon]
data_dir = "{folder}/data"
log_level = "warning"

[http]
port = 0

[accounts.main]
broker = "paper"
market = "24/7"

[accounts.main.paper]
prices = {{ BTCUSDT = "100000" }}

[strategies.bench]
token = {{ file = "{folder}/token" }}

[books.bench]
strategy = "bench"
account = "main"
capital = "1000000000000"
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One server, measured once."""

    server: str
    round: int
    measured: Measured


@dataclass(frozen=True, slots=True)
class Comparison:
    """Medians of a server's rounds, and of their ratios to the bare server's."""

    server: str
    requests_a_second: float
    p50_ms: float
    p99_ms: float
    of_bare: float
    p99_of_bare: float


@contextmanager
def server(kind: str, folder: Path) -> Iterator[tuple[str, int]]:
    """Start a server with an empty database; stop it at the end."""
    config = folder / "config.toml"
    config.write_text(_CONFIG.format(folder=folder), encoding="utf-8")
    command = [sys.executable, "-m", "tests.bench.servers", kind, str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        try:
            assert process.stdout is not None  # it is a pipe
            line = process.stdout.readline()
            if not line:
                sys.exit(f"the server {kind!r} did not start")
            url = urlsplit(line.rsplit(maxsplit=1)[-1])
            assert url.hostname is not None
            assert url.port is not None
            yield url.hostname, url.port
        finally:
            process.terminate()
            process.wait(STOP_S)


def _measure(kind: str, options: argparse.Namespace) -> Measured:
    with tempfile.TemporaryDirectory(prefix="nettingd-bench-") as name:
        folder = Path(name)
        token = token_urlsafe(32)
        (folder / "token").write_text(token, encoding="utf-8")
        number = UNLIKE_BODIES if kind == UNLIKE else 1
        with server(DAEMON if kind == UNLIKE else kind, folder) as (host, port):
            plan = Plan(
                host=host,
                port=port,
                path=PATH,
                bodies=tuple(body(token, each) for each in range(number)),
                connections=options.connections,
                warm_up_s=WARM_UP_S,
                seconds=options.seconds,
            )
            return load(plan)


def body(token: str, number: int) -> str:
    """One order; those of different numbers differ in all that may differ from signal to signal."""
    order = {
        "group_name": "bench",
        "token": token,
        "order_type": "TWAP",
        "symbol": "BTC/USDT",
        "side": "buy",
        "qty": f"0.{number % 1000 + 100}",
        "price": str(100_000 + number),
        "slices": number % 40 + 10,
        "minutes": 1440 - number % 700,
        "id": ID_MARK,
    }
    return orjson.dumps(order).decode()


def load(plan: Plan) -> Measured:
    command = [sys.executable, "-m", "tests.bench.load"]
    done = subprocess.run(  # noqa: S603 - our own
        command, input=orjson.dumps(asdict(plan)), stdout=subprocess.PIPE, check=True
    )
    measured = Measured(**orjson.loads(done.stdout))
    if measured.statuses.keys() != {"200"}:
        sys.exit(f"not every answer was 200: {measured.statuses}")
    return measured


def run(options: argparse.Namespace, report: Callable[[Run], None]) -> list[Run]:
    """Measure every server in every round. ``report`` gets each run at once."""
    runs = []
    for number in range(1, options.rounds + 1):
        for kind in (BARE, DAEMON, UNLIKE, ONE_COMMIT):
            done = Run(kind, number, _measure(kind, options))
            report(done)
            runs.append(done)
    return runs


def compare(runs: Sequence[Run]) -> list[Comparison]:
    """Set every server against the bare one, round by round."""
    bare = {run.round: run.measured for run in runs if run.server == BARE}
    rows = []
    for kind in dict.fromkeys(run.server for run in runs):
        own = [run for run in runs if run.server == kind]
        rows.append(
            Comparison(
                kind,
                median(run.measured.requests_a_second for run in own),
                median(run.measured.p50_ms for run in own),
                median(run.measured.p99_ms for run in own),
                median(
                    run.measured.requests_a_second / bare[run.round].requests_a_second
                    for run in own
                ),
                median(run.measured.p99_ms / bare[run.round].p99_ms for run in own),
            )
        )
    return rows


def main(arguments: Sequence[str] = ()) -> dict[str, object]:
    """Print a line for each run as it is made, then the medians; return them all."""
    parser = argparse.ArgumentParser(description="requests a second of the webhook")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each run")
    parser.add_argument("--connections", type=int, default=CONNECTIONS)
    parser.add_argument("--json", action="store_true", help="write JSON only")
    options = parser.parse_args(arguments)
    report = (lambda _: None) if options.json else _print_run
    if not options.json:
        sys.stdout.write(f"{'webhooks':12} {'round':>6} {'per s':>9} {'p50 ms':>8} {'p99 ms':>8}\n")
    runs = run(options, report)
    rows = compare(runs)
    figures: dict[str, object] = {
        "webhook": {
            "connections": options.connections,
            "medians": [asdict(row) for row in rows],
            "runs": [asdict(each) for each in runs],
        }
    }
    if options.json:
        sys.stdout.buffer.write(orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        _print_medians(rows)
    return figures


def _print_run(run: Run) -> None:
    got = run.measured
    sys.stdout.write(
        f"{run.server:12} {run.round:>6} {got.requests_a_second:>9,.0f} "
        f"{got.p50_ms:>8.2f} {got.p99_ms:>8.2f}\n"
    )
    sys.stdout.flush()


def _print_medians(rows: Sequence[Comparison]) -> None:
    head = (
        f"{'medians':12} {'of bare':>8} {'per s':>9} {'p50 ms':>8} {'p99 ms':>8} {'p99/bare':>9}\n"
    )
    sys.stdout.write(f"\n{head}")
    for row in rows:
        sys.stdout.write(
            f"{row.server:12} {row.of_bare:>8.2f} {row.requests_a_second:>9,.0f} "
            f"{row.p50_ms:>8.2f} {row.p99_ms:>8.2f} {row.p99_of_bare:>9.2f}\n"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
