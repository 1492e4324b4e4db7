"""How soon it is ready, and what it costs to stand by: ``python -m tests.bench.startup``."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from daemon.cli.process import DaemonProcess
from tests.support.compiled import keep_compiled

STARTS = 5
SETTLES_S = 2.0
WATCHED_S = 5.0
CONFIG = """
[daemon]
log_level = "warning"
[http]
port = 0
[accounts.main]
market = "24/7"
[accounts.main.paper]
prices = { BTCUSDT = "100000" }
[strategies.bench]
[books.bench]
strategy = "bench"
account = "main"
capital = "1000000000000"
"""


@dataclass(frozen=True, slots=True)
class Idle:
    """A daemon that nobody asks anything. ``ready_s`` is the median of some starts."""

    ready_s: float
    memory_mb: float
    cpu_percent: float


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def cpu_s(pid: int) -> float:
    """Return the processor's time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def idle() -> Idle:
    """Start some times, then watch a daemon that nobody asks anything."""
    with tempfile.TemporaryDirectory(prefix="nettingd-bench-") as folder:
        keep_compiled(Path(folder) / "compiled")
        daemon = _daemon(Path(folder))
        times = []
        for _ in range(STARTS):
            began = perf_counter()
            await daemon.start()
            times.append(perf_counter() - began)
            await daemon.stop()
        await daemon.start()
        await asyncio.sleep(SETTLES_S)
        began, worked = perf_counter(), cpu_s(daemon.pid)
        await asyncio.sleep(WATCHED_S)
        share = (cpu_s(daemon.pid) - worked) / (perf_counter() - began)
        memory = resident_mb(daemon.pid)
        await daemon.stop()
    return Idle(median(times), memory, share * 100)


def _daemon(folder: Path) -> DaemonProcess:
    config = folder / "config.toml"
    config.write_text(CONFIG, encoding="utf-8")
    return DaemonProcess(config)


def main() -> None:
    """Print it."""
    quiet = asyncio.run(idle())
    sys.stdout.write(
        f"ready in {quiet.ready_s:.2f} s, {quiet.memory_mb:.1f} MB and "
        f"{quiet.cpu_percent:.2f} % of a processor when nothing happens\n"
    )


if __name__ == "__main__":
    main()
