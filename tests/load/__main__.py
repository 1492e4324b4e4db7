"""``python -m tests.load``: a flood on the real process, then a long week under virtual time."""

from __future__ import annotations

import argparse
import asyncio
import logging
import resource
import sys
import tempfile
from pathlib import Path

from daemon.cli.table import table
from tests.load.overload import overload
from tests.load.soak import faults_of, soak

FILES = 16_384


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--connections", type=int, default=2500)
    parser.add_argument("--seconds", type=float, default=15.0, help="of the flood")
    parser.add_argument("--days", type=int, default=7, help="of the soak")
    parser.add_argument("--webhooks", type=int, default=500, help="a day of the soak")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(FILES, hard), hard))
    with tempfile.TemporaryDirectory() as name:
        flood = asyncio.run(overload(Path(name), options.connections, options.seconds))
    sys.stdout.write(
        f"{options.connections} connections for {options.seconds:.0f} s: answered "
        f"{dict(sorted(flood.statuses.items()))}; {flood.cancels.total()} cancels meanwhile "
        f"{dict(flood.cancels)}, slowest {flood.slowest_cancel_s:.2f} s; memory "
        f"{flood.idle_mb:.0f} MB idle, {flood.peak_mb:.0f} MB at most\n\n"
    )
    with tempfile.TemporaryDirectory() as name:
        evenings = soak(Path(name), options.days, options.webhooks, options.seed)
    rows = [
        (str(each.day + 1), f"{each.memory_mb:.1f}", f"{each.objects:,}", str(each.files))
        for each in evenings
    ]
    sys.stdout.write(table(("evening", ">memory MB", ">objects", ">open files"), rows))
    faults = flood.faults + faults_of(evenings)
    sys.stdout.writelines(f"fault: {fault}\n" for fault in faults)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
