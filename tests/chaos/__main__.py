"""``python -m tests.chaos --rounds 200``: load, trouble, kill -9, restart, verify, and again."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

from adapters.clock import SystemClock
from daemon.cli.table import table
from tests.chaos.trial import Result, Trial
from tests.chaos.troubles import Trouble, may_mount, small_disk

ROUNDS_A_DATABASE = 10


async def rounds(
    number: int, seed: int, folder: Path, *, fill: bool
) -> tuple[list[Result], Counter[str]]:
    """Play rounds, each few on a new database; say at once what went wrong.

    ``fill``: each database has a small disk of its own, which gets full now and then.
    """
    clock = SystemClock()
    results: list[Result] = []
    counts: Counter[str] = Counter()
    for first in range(0, number, ROUNDS_A_DATABASE):
        own = folder / f"from-{first}"
        with small_disk(own / "data") if fill else nullcontext():
            own.mkdir(parents=True, exist_ok=True)
            trial = Trial(own, seed + first, clock, fill=fill)
            for each in range(first, min(first + ROUNDS_A_DATABASE, number)):
                results.append(await trial.round(each))
                _report(results[-1])
            counts.update(trial.counts())
    return results, counts


def _report(result: Result) -> None:
    sys.stderr.write(
        f"round {result.number}: {result.trouble.value}, {result.sent} sent, {result.unanswered} "
        f"of them again, settled in {result.settled_s:.1f} s, {len(result.faults)} faults\n"
    )
    sys.stderr.writelines(f"  {fault}\n" for fault in result.faults[:20])


def summary(results: list[Result], counts: Counter[str]) -> str:
    """Lay out the figures."""
    ready = sorted(seconds for result in results for seconds in result.ready_s)
    rows = [
        ("rounds", str(len(results))),
        *((f"rounds: {kind.value}", str(number)) for kind, number in _troubles(results)),
        ("kills", str(sum(result.kills for result in results))),
        ("webhooks sent", str(sum(result.sent for result in results))),
        ("without an answer at the kill", str(sum(result.unanswered for result in results))),
        *((name.replace("_", " "), str(number)) for name, number in counts.items()),
        ("ready after a kill, median s", f"{ready[len(ready) // 2]:.2f}"),
        ("ready after a kill, longest s", f"{ready[-1]:.2f}"),
        ("longest until all had outcomes, s", f"{max(r.settled_s for r in results):.1f}"),
        ("faults", str(sum(len(result.faults) for result in results))),
    ]
    return table(("figure", ">value"), rows)


def _troubles(results: list[Result]) -> list[tuple[Trouble, int]]:
    return sorted(Counter(each.trouble for each in results).items(), key=lambda each: each[0].value)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for databases and logs, kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nettingd-chaos-") as folder:
        fill = may_mount() and options.keep is None
        if not fill:
            sys.stderr.write("no full disks: that takes root, and a folder that is not kept\n")
        playing = rounds(options.rounds, options.seed, options.keep or Path(folder), fill=fill)
        results, counts = asyncio.run(playing)
    sys.stdout.write(summary(results, counts))
    return int(any(result.faults for result in results))


if __name__ == "__main__":
    sys.exit(main())
