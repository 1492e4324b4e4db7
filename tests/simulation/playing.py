"""Plays simulated days, each in a folder of its own and under virtual time."""

from __future__ import annotations

import gc
import logging
import tempfile
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tests.simulation.day import Day
from tests.support.loops import in_virtual_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from tests.simulation.features import Feature
    from tests.simulation.outcome import Outcome

MEMORY = Path("/dev/shm")  # noqa: S108 - a disk in memory, where there is one


def play(seed: int, features: AbstractSet[Feature] = frozenset()) -> Outcome:
    """Play the day of a seed, in a folder of its own."""
    place = str(MEMORY) if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        day = Day(seed, Path(folder), features)
        root = logging.getLogger()
        root.addHandler(day.errors)
        try:
            with _all_kept():
                return in_virtual_time(day.play())
        except Exception as error:  # noqa: BLE001 - is told with its seed; other days go on
            day.outcome.story += traceback.format_exc().splitlines()
            day.outcome.wrong.append(f"the day broke off: {error!r}")
            return day.outcome
        finally:
            root.removeHandler(day.errors)
            day.close()


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
