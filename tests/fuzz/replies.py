"""Brokers that answer nonsense: ``python -m tests.fuzz.replies --seeds 200``.

Days of bots at the simulated Binance and KIS, in which nothing fails but that answers arrive
spoiled: a value left out, of another type, too large, another order's number, half a body, bytes
turned round. Each is an answer that the simulator has just given, changed on its way. By the
evening every order must be in the books as the broker has it, nothing may have been sent twice or
cancelled for another, and nobody may have crashed.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING, Any

import orjson
import pytest

import adapters.binance.wire
import adapters.kis.wire
from adapters.binance.hosts import MarketKind
from adapters.http import Answer, exchanged
from tests.binance_faults.hour import Hour
from tests.kis_days.day import SHORT, Day
from tests.simulators.binance.faults import mutated
from tests.support.loops import in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.http import Lost, NotSent
    from tests.kis_days.house import House
    from tests.support.bots import Bots
    from tests.support.world import World

KIS = "kis"
VENUES = (*MarketKind, KIS)
SPOILED = 0.06
"""Of all answers; with more nothing is ever done."""
BYTES_SPOILED = 0.2
"""Of the spoiled ones."""


class Spoiler:
    """Changes answers on their way from a broker's simulator to its adapter."""

    def __init__(self, seed: int) -> None:
        self._dice = Random(seed)
        self.on = True
        self.spoiled = 0

    def spoil(self, answer: Answer | NotSent | Lost) -> Answer | NotSent | Lost:
        """Return the answer, or now and then another one."""
        if not self.on or not isinstance(answer, Answer) or self._dice.random() > SPOILED:
            return answer
        self.spoiled += 1
        return replace(answer, body=self._other(answer.body))

    def _other(self, body: bytes) -> bytes:
        dice = self._dice
        if dice.random() > BYTES_SPOILED:
            try:
                return orjson.dumps(mutated(orjson.loads(body), dice))
            except (orjson.JSONDecodeError, TypeError):
                pass
        place = dice.randrange(len(body) + 1)
        return dice.choice(
            (body[:place], body[:place] + dice.randbytes(4) + body[place + 4 :], body + body, b"")
        )

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Sit between the adapters and the network."""

        async def spoiled(*words: Any, **more: Any) -> Answer | NotSent | Lost:  # noqa: ANN401
            return self.spoil(await exchanged(*words, **more))

        with pytest.MonkeyPatch.context() as patch:
            for wire in (adapters.binance.wire, adapters.kis.wire):
                patch.setattr(wire, "exchanged", spoiled)
            yield


class SpoiledHour(Hour):
    """An hour at Binance."""

    spoiler: Spoiler

    async def _evening(self, here: Bots) -> None:
        self.spoiler.on = False
        await super()._evening(here)


class SpoiledDay(Day):
    """A day at KIS."""

    spoiler: Spoiler

    async def _evening(self, here: House, day: World) -> None:
        self.spoiler.on = False
        await super()._evening(here, day)
        self.spoiler.on = True


def play(seed: int, venue: str) -> tuple[list[str], list[str], Spoiler]:
    """Play one seed; return its story, what was wrong, and how much was spoiled."""
    spoiler = Spoiler(seed)
    with tempfile.TemporaryDirectory() as folder, spoiler.at_work():
        if venue == KIS:
            day = SpoiledDay(seed, Path(folder), SHORT, hostile=False)
            day.spoiler = spoiler
            told = in_virtual_time(day.play())
            return told.story, told.wrong, spoiler
        hour = SpoiledHour(seed, Path(folder), MarketKind(venue), hostile=False)
        hour.spoiler = spoiler
        outcome = in_virtual_time(hour.play())
        return outcome.story, outcome.wrong, spoiler


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.replies", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="of the first (default 1)")
    parser.add_argument("--seeds", type=int, default=30, help="of each venue (default 30)")
    parser.add_argument("--venue", choices=VENUES, action="append", help="all unless given")
    parser.add_argument("--story", action="store_true", help="tell every one")
    options = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())
    failed = 0
    for venue in options.venue or VENUES:
        began, spoiled, wrong_seeds = perf_counter(), 0, []
        for seed in range(options.seed, options.seed + options.seeds):
            story, wrong, spoiler = play(seed, venue)
            spoiled += spoiler.spoiled
            if wrong:
                wrong_seeds.append(seed)
            if wrong or options.story:
                lines = [f"{venue}, seed {seed}", *story, *(f"WRONG {each}" for each in wrong)]
                sys.stdout.write("\n".join([*lines, ""]))
        failed += len(wrong_seeds)
        sys.stdout.write(
            f"{venue}: {options.seeds} seeds, {spoiled} answers spoiled in "
            f"{perf_counter() - began:.0f} s: "
            + (f"wrong: {wrong_seeds}\n" if wrong_seeds else "nothing wrong\n")
        )
        sys.stdout.flush()
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
