"""What came of a simulated day, and who listens for what only the log was told."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulation.happenings import Tally

if TYPE_CHECKING:
    from collections.abc import Callable


EXCUSED = (
    *("StorageFullError", "disk is full", "its comparison does not end"),
    *("closing transport", "the clock went back by"),
)
"""What a full disk or a clock makes the daemon say, and a daemon that dies its broker's server."""


@dataclass(slots=True)
class Outcome:
    """What came of a day: its story, and what was wrong."""

    seed: int
    story: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)


class Errors(logging.Handler):
    """A mistake that was only logged is a mistake all the same; an alarm to people is none."""

    def __init__(self, wrong: Callable[[str], None], *, excused: Callable[[], bool]) -> None:
        super().__init__(logging.ERROR)
        self._wrong = wrong
        self._excused = excused

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "notice":
            return
        words = record.getMessage()
        if record.exc_info and record.exc_info[1] is not None:
            words += f" {record.exc_info[1]!r}"
        if self._excused() and any(each in words for each in EXCUSED):
            return
        self._wrong(f"logged: {words}")
