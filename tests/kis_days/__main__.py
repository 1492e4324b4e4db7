"""Play days: ``python -m tests.kis_days --seed 1 --seeds 1000``. Prints what was wrong."""

from __future__ import annotations

import argparse
import logging
import sys
from time import perf_counter

from tests.kis_days.day import play


def main() -> int:
    options = _options()
    logging.getLogger().addHandler(logging.NullHandler())
    began = perf_counter()
    orders = faults = kills = 0
    failed: list[int] = []
    for seed in range(options.seed, options.seed + options.seeds):
        outcome = play(seed, hostile=not options.friendly)
        orders += outcome.orders
        faults += outcome.faults
        kills += outcome.kills
        if outcome.wrong:
            failed.append(seed)
        if outcome.wrong or options.story:
            lines = [f"seed {seed}", *outcome.story, *(f"WRONG {what}" for what in outcome.wrong)]
            sys.stdout.write("\n".join([*lines, ""]))
            sys.stdout.flush()
    seconds = perf_counter() - began
    sys.stdout.write(
        f"{options.seeds} days, {orders} orders, {faults} faults, {kills} kills in "
        f"{seconds:.0f} s: "
        + (f"wrong: seeds {', '.join(map(str, failed))}\n" if failed else "nothing wrong\n")
    )
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.kis_days", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first day (default 1)")
    parser.add_argument("--seeds", type=int, default=100, help="how many (default 100)")
    parser.add_argument("--friendly", action="store_true", help="nothing fails")
    parser.add_argument("--story", action="store_true", help="tell every day")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
