"""``python -m tests.chaos --kills 500``: load, trouble, kill -9, restart, verify, and again.

Trials at paper exchanges and at the simulated Binance and KIS take turns, ``--jobs`` of them at a
time, each on a database of its own, until so many kills are counted. ``--json FILE`` keeps the
figures for programs.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
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
from tests.chaos.trial import Trial
from tests.chaos.troubles import may_mount, small_disk
from tests.chaos.venues import VenueHouse

if TYPE_CHECKING:
    from tests.chaos.houses import House
    from tests.chaos.trial import Result
    from tests.chaos.troubles import Trouble

PAPER, VENUES = "paper", "venues"
ROUNDS_A_DATABASE = 5
KILLS_A_ROUND = 4
"""At least: some die while they start, too. Then everything must come right."""
MORNING = datetime(2026, 11, 20, 10, tzinfo=ZoneInfo("Asia/Seoul"))
"""When trials begin: a Friday on which Seoul trades until 15:30."""


@dataclass(slots=True)
class Tally:
    """What all rounds came to."""

    wanted: int
    """Kills; as many as come, if so many rounds are wanted instead."""
    rounds: int | None = None
    results: list[Result] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def is_complete(self) -> bool:
        if self.rounds is not None:
            return len(self.results) >= self.rounds
        return self.kills >= self.wanted

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

    async def one_after_another() -> None:
        while not tally.is_complete and (not tally.faults or options.go_on):
            number = next(numbers)
            own, kind = folder / f"trial-{number}", houses[number % len(houses)]
            with small_disk(own / "data") if fill else nullcontext():
                own.mkdir(parents=True, exist_ok=True)
                await trial(own, options.seed + number, kind, tally, fill=fill)

    async with asyncio.TaskGroup() as group:
        for _ in range(options.jobs):
            group.create_task(one_after_another())
    return tally


async def trial(folder: Path, seed: int, kind: str, tally: Tally, *, fill: bool) -> None:
    """Play some rounds on one database."""
    clock = SystemClock()
    ahead = timedelta() if kind == PAPER else MORNING - clock.now()
    skew = Skew(folder / "clock", ahead)
    house: House = PaperHouse(seed) if kind == PAPER else VenueHouse(seed, skew)
    try:
        played = await Trial.open(folder, seed, clock, house, skew, fill=fill)
        for number in range(ROUNDS_A_DATABASE):
            if tally.is_complete:
                break
            tally.add(f"{kind}, seed {seed}", await played.round(number, KILLS_A_ROUND))
        tally.counts.update(played.counts())
    finally:
        await house.close()


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="nettingd-chaos-") as folder:
        fill = may_mount() and options.keep is None
        if not fill:
            sys.stderr.write("no full disks: that takes root, and a folder that is not kept\n")
        tally = asyncio.run(trials(options, options.keep or Path(folder), fill=fill))
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
    parser.add_argument("--jobs", type=int, default=2, help="trials at a time (default 2)")
    parser.add_argument("--seed", type=int, default=1, help="of the first trial")
    parser.add_argument("--keep", type=Path, help="folder for databases and logs, kept")
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--go-on", action="store_true", help="go on after a fault")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
