"""Plays simulated days, each in a folder of its own and under virtual time."""

from __future__ import annotations

import gc
import logging
import os
import signal
import tempfile
import traceback
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

from tests.simulation.day import Day
from tests.simulation.features import features_of
from tests.support.loops import in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from tests.simulation.features import Feature
    from tests.simulation.outcome import Outcome

MEMORY = Path("/dev/shm")  # noqa: S108 - a disk in memory, where there is one
PROCESSORS = len(os.sched_getaffinity(0))
MOST_S = 60.0
A_FEW = 8
"""Days that a process of several gets at once."""


def play_each(
    seeds: Iterable[int], *, only: AbstractSet[Feature] | None = None, jobs: int = PROCESSORS
) -> Iterator[tuple[Outcome, float]]:
    """Play days in so many processes; hand each out in its turn, with its processor seconds.

    ``only``: what they hold, where that is not for their seeds to say.
    """
    timed = partial(_timed, only=only)
    if jobs == 1:
        _be_silent()
        yield from map(timed, seeds)
        return
    with ProcessPoolExecutor(jobs, initializer=_be_silent) as pool:
        yield from pool.map(timed, seeds, chunksize=A_FEW)


def _be_silent() -> None:
    """Leave what the daemon logs to the days, which listen to it."""
    logging.getLogger().addHandler(logging.NullHandler())


def _timed(seed: int, only: AbstractSet[Feature] | None) -> tuple[Outcome, float]:
    began = process_time()
    outcome = play(seed, features_of(seed) if only is None else only)
    return outcome, process_time() - began


class EndlessDayError(KeyboardInterrupt):
    """A day goes on for ever at one moment. No task may take it for a failure of its own."""


def play(seed: int, features: AbstractSet[Feature] = frozenset()) -> Outcome:
    """Play the day of a seed, in a folder of its own."""
    place = str(MEMORY) if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        day = Day(seed, Path(folder), features)
        root = logging.getLogger()
        root.addHandler(day.errors)
        try:
            with _all_kept(), _ends():
                return in_virtual_time(day.play())
        except (Exception, EndlessDayError) as error:  # noqa: BLE001 - is told with its seed; other days go on
            day.outcome.story += traceback.format_exc().splitlines()
            day.outcome.wrong.append(f"the day broke off: {error!r}")
            return day.outcome
        finally:
            root.removeHandler(day.errors)
            day.close()


@contextmanager
def _ends() -> Iterator[None]:
    """Break off a day that takes a hundred times what others take: something runs in a circle."""

    def break_off(*_: object) -> None:
        raise EndlessDayError(f"{MOST_S:g} s of a processor, and no end")

    before = signal.signal(signal.SIGVTALRM, break_off)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def _all_kept() -> Iterator[None]:
    """Look for rings of dead objects only afterwards: again and again takes a tenth of a day."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(1)
        if was_on:
            gc.enable()
