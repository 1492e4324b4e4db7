"""The simulated brokers as processes of their own, which outlive every daemon."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.cli.process import surroundings

if TYPE_CHECKING:
    from tests.chaos.skewed import Skew

START_S = 60.0
STOP_S = 60.0


@dataclass(slots=True)
class Simulator:
    """A simulator that runs: its port, and what it said when it began, by first word."""

    process: asyncio.subprocess.Process
    port: int
    said: list[str]

    @classmethod
    async def start(cls, module: str, skew: Skew, lines: int, *options: str) -> Simulator:
        """Start one and read so many lines of what it says. Raises TimeoutError, ValueError."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, *skew.entry(module), "--port", "0", *options),
            stdout=asyncio.subprocess.PIPE,
            env=surroundings(),
        )
        assert process.stdout is not None  # a pipe, as asked
        async with asyncio.timeout(START_S):
            said = [(await process.stdout.readline()).decode().strip() for _ in range(lines)]
        return cls(process, int(said[0].rpartition(":")[2]), said)

    def words(self, *first: str) -> list[str]:
        """Return the words of the line that begins so."""
        line = next(each for each in self.said if each.split()[: len(first)] == list(first))
        return line.split()

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            async with asyncio.timeout(STOP_S):
                await self.process.wait()
