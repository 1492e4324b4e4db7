"""A year of trading days for ten bots: ``python -m tests.year [--seed N]``."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from datetime import date
from pathlib import Path
from time import perf_counter

from tests.year.story import live, real_sessions

FIRST, LAST = date(2026, 1, 2), date(2026, 12, 31)
AROUND = date(2025, 8, 1), date(2027, 3, 31)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    seed = parser.parse_args().seed
    logging.disable(logging.ERROR)
    sessions = real_sessions(*AROUND)
    begun = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        tally = live(Path(folder), sessions, first=FIRST, last=LAST, downs=20, seed=seed)
    seconds = perf_counter() - begun
    jobs = ", ".join(f"{name} {count}" for name, count in sorted(tally.runs.items()))
    sys.stdout.write(
        f"{FIRST} to {LAST}, seed {seed}: {seconds:.0f} s\n"
        f"{tally.evenings} evenings, books equal the broker on each; "
        f"every invariant checked {tally.audits} times\n"
        f"{tally.orders} orders, {tally.fills} fills, {tally.crossed} pairs crossed, "
        f"{tally.splits} splits\n"
        f"runs, each once and at its time: {jobs}\n"
    )


if __name__ == "__main__":
    main()
