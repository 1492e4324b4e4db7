"""``python -m tests.chaos.skewed FILE MODULE ...``: run a module whose clock is wrong by FILE.

The file holds the microseconds by which the module's time of day is ahead; whoever writes to it
steps that clock at once, in every process that was started with it. Time that passes is unmoved, as
when an administrator or NTP sets the clock of a host. The module ends with whoever started it.
"""

from __future__ import annotations

import mmap
import runpy
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.clock import SystemClock
from tests.chaos.traces import end_with_the_starter

if TYPE_CHECKING:
    from datetime import datetime

BYTES = 8


class Skew:
    """The file from outside: how far the clocks that look at it are ahead of the true one."""

    def __init__(self, file: Path, ahead: timedelta) -> None:
        self.file = file
        self.ahead = ahead
        """How far they are ahead when nothing is wrong: another date may be wanted."""
        file.write_bytes(bytes(BYTES))
        self.step(timedelta())

    def step(self, by: timedelta) -> None:
        """Set the clocks wrong by so much; zero sets them right."""
        ahead = (self.ahead + by) // timedelta(microseconds=1)
        with self.file.open("r+b", buffering=0) as file:
            file.write(ahead.to_bytes(BYTES, "little", signed=True))

    def entry(self, module: str) -> tuple[str, ...]:
        """Return what Python is to run for a module with these clocks."""
        return ("-m", "tests.chaos.skewed", str(self.file), module)


def main() -> None:
    """Set the clock and become the module."""
    end_with_the_starter()
    file, module = Path(sys.argv[1]), sys.argv[2]
    with file.open("rb") as opened:
        ahead = mmap.mmap(opened.fileno(), BYTES, access=mmap.ACCESS_READ)

    right = SystemClock.now

    def now(clock: SystemClock) -> datetime:
        us = int.from_bytes(ahead[:], "little", signed=True)
        return right(clock) + timedelta(microseconds=us)

    SystemClock.now = now  # type: ignore[assignment,method-assign] # a clock that is wrong, as asked
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
