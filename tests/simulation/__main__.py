"""Play simulated days: ``python -m tests.simulation --seed 7 --days 1000``.

Each day is a function of its seed. The first thing that is wrong ends a day; its story is printed
as a timeline, and the same seed plays it again. ``--mutants`` plays days on deliberately broken
code instead, until each mistake is noticed.
"""

from __future__ import annotations

import argparse
import sys
from time import perf_counter
from typing import TYPE_CHECKING

import pytest

from tests.simulation.features import Feature
from tests.simulation.happenings import ENOUGH_DAYS, Happening, never, table
from tests.simulation.mutants import MUTANTS
from tests.simulation.playing import PROCESSORS, play_each

if TYPE_CHECKING:
    from collections import Counter

MOST_DAYS_TO_NOTICE = 1000


def main() -> int:
    options = _options()
    return _mutants(options) if options.mutants else _days(options)


def _days(options: argparse.Namespace) -> int:
    seeds = range(options.seed, options.seed + options.days)
    began, spent = perf_counter(), 0.0
    days: list[Counter[Happening]] = []
    failed: list[int] = []
    for outcome, seconds in play_each(seeds, only=options.only, jobs=options.jobs):
        days.append(outcome.tally.times)
        spent += seconds
        if outcome.wrong:
            failed.append(outcome.seed)
            sys.stdout.write(f"\nseed {outcome.seed}\n")
        if outcome.wrong or options.story or options.days == 1:
            sys.stdout.write("\n".join([*outcome.story, ""]))
            sys.stdout.flush()
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{len(days)} of {options.days} days")
    missing = [] if len(days) < ENOUGH_DAYS or options.only is not None else never(days)
    sys.stdout.write("\n".join(["", *(table(days) if options.days > 1 else ()), *_said(missing)]))
    sys.stdout.write(
        f"{options.days} days: "
        + (f"wrong: seeds {', '.join(map(str, failed))}\n" if failed else "nothing wrong\n")
    )
    sys.stdout.flush()
    # Apart from the story, which is the same whenever it is told.
    lasted = perf_counter() - began
    sys.stderr.write(
        f"{lasted:.0f} s: {lasted / options.days:.2f} s a day,"
        f" {spent / options.days:.2f} s of a processor\n"
    )
    return 1 if failed or missing else 0


def _said(missing: list[Happening]) -> list[str]:
    return [*(f"never happened: {what}" for what in missing), ""]


def _mutants(options: argparse.Namespace) -> int:
    """Tell on which day each mistake is noticed; fail if one is not."""
    most, unnoticed = min(options.days, MOST_DAYS_TO_NOTICE), 0
    for mutant in MUTANTS:
        with pytest.MonkeyPatch.context() as patch:
            mutant(patch)
            days = play_each(range(options.seed, options.seed + most), only=options.only, jobs=1)
            noticed = next((outcome for outcome, _ in days if outcome.wrong), None)
        unnoticed += noticed is None
        day = "never" if noticed is None else f"day {noticed.seed - options.seed + 1}"
        why = "" if noticed is None else noticed.wrong[0]
        sys.stdout.write(f"{mutant.__name__}: {day} {why}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{len(MUTANTS)} mistakes, {unnoticed} unnoticed\n")
    return 1 if unnoticed else 0


def _features(text: str) -> frozenset[Feature]:
    return frozenset(Feature(name) for name in text.split(",") if name)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first day (default 1)")
    parser.add_argument("--days", type=int, default=100, help="how many (default 100)")
    parser.add_argument(
        "--jobs",
        type=int,
        default=PROCESSORS,
        help=f"how many at once (default {PROCESSORS}: all processors)",
    )
    parser.add_argument(
        "--only",
        type=_features,
        default=None,
        help=f"what days hold beside webhooks, '' for nothing: {', '.join(Feature)}",
    )
    parser.add_argument("--story", action="store_true", help="tell every day, not only wrong ones")
    parser.add_argument("--mutants", action="store_true", help="play on broken code")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
