"""Play simulated days: ``python -m tests.simulation --seed 7 --days 1000``.

Each day is a function of its seed. The first thing that is wrong ends a day; its story is printed
as a timeline, and the same seed plays it again.
"""

from __future__ import annotations

import argparse
import logging
import sys
from time import perf_counter

from tests.simulation.day import play


def main() -> int:
    options = _options()
    logging.getLogger().addHandler(logging.NullHandler())
    began = perf_counter()
    requests = kills = 0
    failed: list[int] = []
    for seed in range(options.seed, options.seed + options.days):
        outcome = play(seed)
        requests += outcome.requests
        kills += outcome.kills
        if outcome.wrong:
            failed.append(seed)
            sys.stdout.write(f"\nseed {seed}\n")
        if outcome.wrong or options.story:
            sys.stdout.write("\n".join([*outcome.story, ""]))
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{seed - options.seed + 1} of {options.days} days")
    seconds = perf_counter() - began
    sys.stdout.write(
        f"\n{options.days} days, {requests} webhooks, {kills} kills in {seconds:.1f} s "
        f"({seconds / options.days:.2f} s a day): "
        + (f"wrong: seeds {', '.join(map(str, failed))}\n" if failed else "nothing wrong\n")
    )
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first day (default 1)")
    parser.add_argument("--days", type=int, default=100, help="how many (default 100)")
    parser.add_argument("--story", action="store_true", help="tell every day, not only wrong ones")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
