"""Play days: ``python -m tests.kis_days --seed 1 --seeds 1000``. Prints what was wrong.

``--what kills`` kills the daemon fifty times a seed, between sending an order and its answer.
``--what paper`` plays three paper accounts at one request a second.
``--what weeks`` plays days of both markets in which clocks change or one of them is closed.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from time import perf_counter
from typing import TYPE_CHECKING

from tests.kis_days.crowd import play_crowd
from tests.kis_days.day import FULL, SHORT, play
from tests.kis_days.kills import play_kills
from tests.kis_days.weeks import play_weeks

if TYPE_CHECKING:
    from collections.abc import Callable

KILLS = 50
WHOLE_DAY = timedelta(hours=6)
AN_HOUR = timedelta(hours=1)


class Played:
    """What came of one seed: sums to add up, its story, and what was wrong."""

    def __init__(self, sums: dict[str, int], story: list[str], wrong: list[str]) -> None:
        self.sums = sums
        self.story = story
        self.wrong = wrong


def _day(seed: int, options: argparse.Namespace) -> Played:
    length = SHORT if options.short else FULL
    outcome = play(seed, hostile=not options.friendly, length=length)
    sums = {"orders": outcome.orders, "faults": outcome.faults, "kills": outcome.kills}
    return Played(sums, outcome.story, outcome.wrong)


def _kills(seed: int, options: argparse.Namespace) -> Played:
    tally = play_kills(seed, KILLS // 5 if options.short else KILLS)
    sums = {"kills": tally.kills, "found": tally.found, "absent": tally.absent}
    return Played(sums, tally.story, tally.wrong)


def _paper(seed: int, options: argparse.Namespace) -> Played:
    measured = play_crowd(seed, AN_HOUR if options.short else WHOLE_DAY)
    sums = {
        "orders": measured.orders,
        "requests": measured.asked,
        "throttled": measured.throttled,
    }
    story = [f"the slowest cancel left after {measured.slowest_cancel_s:.2f} s"]
    return Played(sums, story, measured.wrong)


def _weeks(seed: int, options: argparse.Namespace) -> Played:
    lived = play_weeks(seed, lives=8 if options.short else None)
    sums = {"orders": lived.orders, "lives": lived.lives, "judgements": lived.judgements}
    return Played(sums, lived.story, lived.wrong)


TRIALS: dict[str, Callable[[int, argparse.Namespace], Played]] = {
    "days": _day,
    "kills": _kills,
    "paper": _paper,
    "weeks": _weeks,
}


def main() -> int:
    options = _options()
    logging.getLogger().addHandler(logging.NullHandler())
    began, sums, failed = perf_counter(), Counter[str](), list[int]()
    with suppress(KeyboardInterrupt):  # what was played until then is told
        for seed in range(options.seed, options.seed + options.seeds):
            played = TRIALS[options.what](seed, options)
            sums.update(played.sums, seeds=1)
            if played.wrong:
                failed.append(seed)
            if played.wrong or options.story:
                wrong = (f"WRONG {what}" for what in played.wrong)
                sys.stdout.write("\n".join([f"seed {seed}", *played.story, *wrong, ""]))
                sys.stdout.flush()
    told = ", ".join(f"{count} {name}" for name, count in sums.items())
    sys.stdout.write(
        f"{told} in {perf_counter() - began:.0f} s: "
        + (f"wrong: seeds {', '.join(map(str, failed))}\n" if failed else "nothing wrong\n")
    )
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.kis_days", description=__doc__)
    parser.add_argument("--what", choices=sorted(TRIALS), default="days")
    parser.add_argument("--seed", type=int, default=1, help="the first (default 1)")
    parser.add_argument("--seeds", type=int, default=100, help="how many (default 100)")
    parser.add_argument("--short", action="store_true", help="a part of each only")
    parser.add_argument("--friendly", action="store_true", help="days on which nothing fails")
    parser.add_argument("--story", action="store_true", help="tell all, not only what was wrong")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
