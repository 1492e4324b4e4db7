from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from tests.chaos.traces import OWNED, PREFIX, folder_for_trials

if TYPE_CHECKING:
    from pathlib import Path

STARTER = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", sys.argv[1]])
time.sleep(60)
"""
STARTED = """
import time
from tests.chaos.traces import end_with_the_starter
end_with_the_starter()
print("runs", flush=True)
time.sleep(60)
"""


def test_a_folder_whose_owner_was_killed_is_removed_by_the_next(tmp_path: Path) -> None:
    nobody_s = tmp_path / f"{PREFIX}killed"
    (nobody_s / "trial-0").mkdir(parents=True)
    (nobody_s / OWNED).touch()
    another_s = tmp_path / "of-something-else"
    another_s.mkdir()
    with folder_for_trials(tmp_path) as first:
        assert not nobody_s.exists()
        with folder_for_trials(tmp_path) as second:
            assert first.exists()
            assert second != first
    assert list(tmp_path.iterdir()) == [another_s]


async def test_what_a_trial_started_ends_with_it_even_by_a_kill() -> None:
    trial = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", STARTER, STARTED), stdout=asyncio.subprocess.PIPE
    )
    assert trial.stdout is not None
    assert await trial.stdout.readline() == b"runs\n"
    trial.kill()
    assert await trial.stdout.read() == b"", "the started one still holds the pipe"
    await trial.wait()
