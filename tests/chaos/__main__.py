"""``python -m tests.chaos --rounds 200``: load, kill -9, restart, verify, again and again."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path

from adapters.clock import SystemClock
from daemon.cli.table import table
from tests.chaos.trial import Result, Trial

ROUNDS_A_DATABASE = 10


async def rounds(number: int, seed: int, folder: Path) -> tuple[list[Result], Counter[str]]:
    """Play rounds, each few on a new database; say at once what went wrong."""
    clock = SystemClock()
    results: list[Result] = []
    counts: Counter[str] = Counter()
    trial: Trial | None = None
    for each in range(number):
        if trial is None or each % ROUNDS_A_DATABASE == 0:
            if trial is not None:
                counts.update(trial.counts())
            own = folder / f"from-{each}"
            own.mkdir(parents=True)
            trial = Trial(own, seed + each, clock)
        result = await trial.round(each)
        results.append(result)
        sys.stderr.write(
            f"round {each}: {result.sent} sent, {result.unanswered} of them again, "
            f"settled in {result.settled_s:.1f} s, {len(result.faults)} faults\n"
        )
        sys.stderr.writelines(f"  {fault}\n" for fault in result.faults[:20])
    if trial is not None:
        counts.update(trial.counts())
    return results, counts


def summary(results: list[Result], counts: Counter[str]) -> str:
    """Lay out the figures."""
    ready = sorted(seconds for result in results for seconds in result.ready_s)
    rows = [
        ("rounds", str(len(results))),
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


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for databases and logs, kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nettingd-chaos-") as folder:
        playing = rounds(options.rounds, options.seed, options.keep or Path(folder))
        results, counts = asyncio.run(playing)
    sys.stdout.write(summary(results, counts))
    return int(any(result.faults for result in results))


if __name__ == "__main__":
    sys.exit(main())
