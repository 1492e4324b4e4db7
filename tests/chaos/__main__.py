"""``python -m tests.chaos --kills 500``: load, trouble, kill -9, restart, verify, and again.

Trials at paper exchanges and at the simulated Binance and KIS take turns, each on a database of its
own, until so many kills are counted. ``--jobs`` of them are loaded and killed at a time, while
others wait until all is well again. ``--json FILE`` keeps the figures for programs.

Disks, processes and folders go with the trials, also when those are interrupted or killed.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import orjson

from adapters.clock import SystemClock
from daemon.cli.table import table
from tests.chaos.houses import PaperHouse
from tests.chaos.skewed import Skew
from tests.chaos.traces import folder_for_trials, mount_apart
from tests.chaos.trial import Trial
from tests.chaos.troubles import small_disk
from tests.chaos.venues import VenueHouse
from tests.support.compiled import keep_compiled

if TYPE_CHECKING:
    from tests.chaos.houses import House
    from tests.chaos.trial import Result
    from tests.chaos.troubles import Trouble

PAPER, VENUES = "paper", "venues"
INTERRUPTED = 130
ROUNDS_A_DATABASE = 5
KILLS_A_ROUND = 4
"""At least: some die while they start, too. Then everything must come right."""
TRIALS_A_JOB = 3
"""A round waits for its unknown orders about twice as long as it loads and kills."""
MORNING = datetime(2026, 11, 20, 10, tzinfo=ZoneInfo("Asia/Seoul"))
"""When trials begin: a Friday on which Seoul trades until 15:30."""


@dataclass(slots=True)
class Tally:
    """What all rounds came to."""

    wanted: int
    """Kills; as many as come, if so many rounds are wanted instead."""
    rounds: int | None = None
    playing: int = 0
    """Rounds that are not over; each will kill so often at least."""
    results: list[Result] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def is_complete(self) -> bool:
        """Whether there is as much as is wanted, once the rounds are over that are played now."""
        if self.rounds is not None:
            return len(self.results) + self.playing >= self.rounds
        return self.kills + self.playing * KILLS_A_ROUND >= self.wanted

    @property
    def kills(self) -> int:
        return sum(result.kills for result in self.results)

    @property
    def faults(self) -> int:
        return sum(len(result.faults) for result in self.results)

    def add(self, house: str, result: Result) -> None:
        """Count a round, and say at once what went wrong in it."""
        self.results.append(result)
        troubles = ", ".join(each.value for each in result.troubles)
        sys.stderr.write(
            f"{self.kills} kills; {house}, round {result.number}: {troubles}; "
            f"{result.sent} sent, {result.unanswered} of them again, settled in "
            f"{result.settled_s:.1f} s, {len(result.faults)} faults\n"
        )
        sys.stderr.writelines(f"  {fault}\n" for fault in result.faults[:20])

    def rows(self) -> list[tuple[str, str]]:
        """Lay out the figures."""
        ready = sorted(seconds for result in self.results for seconds in result.ready_s)
        troubles = sum((result.troubles for result in self.results), Counter())
        sent = sum(result.sent for result in self.results)
        again = sum(result.unanswered for result in self.results)
        return [
            ("kills", str(self.kills)),
            ("rounds", str(len(self.results))),
            *((f"lives: {each.value}", str(times)) for each, times in sorted_by_name(troubles)),
            ("webhooks sent", str(sent)),
            ("without an answer at the kill", str(again)),
            *((name.replace("_", " "), str(number)) for name, number in self.counts.items()),
            ("ready after a kill, median s", f"{ready[len(ready) // 2]:.2f}"),
            ("ready after a kill, longest s", f"{ready[-1]:.2f}"),
            ("longest until all had outcomes, s", f"{max(r.settled_s for r in self.results):.1f}"),
            ("faults", str(self.faults)),
        ]


def sorted_by_name(troubles: Counter[Trouble]) -> list[tuple[Trouble, int]]:
    return sorted(troubles.items(), key=lambda each: each[0].value)


async def trials(options: argparse.Namespace, folder: Path, *, fill: bool) -> Tally:
    """Play trials, some at a time, until there have been as many kills as wanted."""
    tally = Tally(options.kills, options.rounds)
    houses = [PAPER, VENUES] if options.house == "all" else [options.house]
    numbers = count()
    turns = asyncio.Semaphore(options.jobs)

    async def one_after_another() -> None:
        while not tally.is_complete and (not tally.faults or options.go_on):
            number = next(numbers)
            own, kind = folder / f"trial-{number}", houses[number % len(houses)]
            with small_disk(own / "data") if fill else nullcontext():
                own.mkdir(parents=True, exist_ok=True)
                await trial(own, options.seed + number, kind, tally, turns, fill=fill)

    async with asyncio.TaskGroup() as group:
        for _ in range(options.jobs * TRIALS_A_JOB):
            group.create_task(one_after_another())
    return tally


async def trial(
    folder: Path, seed: int, kind: str, tally: Tally, turns: asyncio.Semaphore, *, fill: bool
) -> None:
    """Play some rounds on one database; ``turns``: who may load and kill."""
    clock = SystemClock()
    ahead = timedelta() if kind == PAPER else MORNING - clock.now()
    skew = Skew(folder / "clock", ahead)
    house: House = PaperHouse(seed) if kind == PAPER else VenueHouse(seed, skew)
    try:
        async with turns:
            played = await Trial.open(folder, seed, clock, house, skew, fill=fill)
        rounds = 0
        while rounds < ROUNDS_A_DATABASE and not tally.is_complete:
            tally.playing += 1
            result = await played.round(rounds, turns, KILLS_A_ROUND)
            tally.playing -= 1
            tally.add(f"{kind}, seed {seed}", result)
            rounds += 1
        if rounds:
            tally.counts.update(played.counts())
    finally:
        await house.close()


async def until_told_to_stop(options: argparse.Namespace, folder: Path, *, fill: bool) -> Tally:
    """Play trials; a signal ends them in order. Raises CancelledError then."""
    playing = asyncio.current_task()
    assert playing is not None  # this one
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(each, playing.cancel)
    return await trials(options, folder, fill=fill)


def main() -> int:
    options = _options()
    with folder_for_trials() as folder:
        keep_compiled(folder / "compiled")
        fill = options.keep is None and mount_apart()
        if not fill:
            sys.stderr.write("no full disks: that takes root, and a folder that is not kept\n")
        try:
            tally = asyncio.run(until_told_to_stop(options, options.keep or folder, fill=fill))
        except asyncio.CancelledError:
            sys.stderr.write("interrupted: nothing is left behind\n")
            return INTERRUPTED
    rows = tally.rows()
    sys.stdout.write(table(("figure", ">value"), rows))
    if options.json:
        options.json.write_bytes(orjson.dumps(dict(rows), option=orjson.OPT_INDENT_2) + b"\n")
    return int(bool(tally.faults))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=24, help="how many in all (default 24)")
    parser.add_argument("--rounds", type=int, help="how many rounds, of some kills each, instead")
    parser.add_argument("--house", choices=(PAPER, VENUES, "all"), default="all")
    parser.add_argument("--jobs", type=int, default=2, help="loaded at a time (default 2)")
    parser.add_argument("--seed", type=int, default=1, help="of the first trial")
    parser.add_argument("--keep", type=Path, help="folder for databases and logs, kept")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--go-on", action="store_true", help="go on after a fault")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
