from __future__ import annotations

import signal
import subprocess
import sys

import pytest

WAITS = """
import asyncio, sys
from daemon.service.process import StopSignals
async def main():
    wanted = asyncio.Event()
    StopSignals(wanted, lambda: print("reload", flush=True)).listen(asyncio.get_running_loop())
    print("listening", flush=True)
    await wanted.wait()
    print("stopping", flush=True)
    await asyncio.sleep(30)
asyncio.run(main())
"""
KEEPS = """
import ctypes, os, resource, sys, tempfile
from daemon.service.process import keep_secrets_in
keep_secrets_in()
with tempfile.TemporaryDirectory() as folder:
    with open(os.path.join(folder, "file"), "w") as file:
        print(oct(os.fstat(file.fileno()).st_mode & 0o777))
print(resource.getrlimit(resource.RLIMIT_CORE))
may_be_looked_into = 3  # PR_GET_DUMPABLE
print(ctypes.CDLL(None).prctl(may_be_looked_into) if sys.platform == "linux" else 0)
"""
SPARES = """
import gc
from daemon.service.process import GC_THRESHOLDS, calm_the_collector, spare_the_collector
calm_the_collector()
spare_the_collector()
print(gc.get_freeze_count() > 1000, gc.get_threshold() == GC_THRESHOLDS, gc.isenabled())
"""


ALLOWS = """
import resource
from daemon.service.process import MOST_FILES, allow_files
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, min(hard, 5000)))
allow_files()
print(resource.getrlimit(resource.RLIMIT_NOFILE) == (min(MOST_FILES, 5000), 5000))
"""


def told_by(program: str) -> list[str]:
    done = subprocess.run(  # noqa: S603 - a program of this file
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.splitlines()


def test_files_are_private_no_core_is_dumped_and_nobody_looks_into_the_memory() -> None:
    assert told_by(KEEPS) == ["0o600", "(0, 0)", "0"]


def test_as_many_files_may_be_open_as_the_host_allows() -> None:
    assert told_by(ALLOWS) == ["True"]


def test_what_the_start_made_is_not_collected_again_and_again() -> None:
    assert told_by(SPARES) == ["True True True"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_first_signal_asks_and_the_second_ends(number: signal.Signals) -> None:
    with subprocess.Popen(  # noqa: S603 - a program of this file
        [sys.executable, "-c", WAITS], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "listening\n"
        child.send_signal(signal.SIGHUP)
        assert child.stdout.readline() == "reload\n"
        child.send_signal(number)
        assert child.stdout.readline() == "stopping\n"
        child.send_signal(number)
        assert child.wait(timeout=60) == 128 + number
