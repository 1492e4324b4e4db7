"""That nothing stays behind, however the trials end: no process, no mounted disk, no folder."""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX = "nettingd-chaos-"
OWNED = "owned"
"""In each folder, locked by the process that trials run in, for as long as it lives."""
_CLONE_NEWNS = 0x0002_0000
_PR_SET_PDEATHSIG = 1


def mount_apart() -> bool:
    """Let this process, and those it starts, see mounts of their own, which end with the last.

    Return whether it may mount: by root, on Linux, where a container does not forbid it.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        return False
    if ctypes.CDLL(None).unshare(_CLONE_NEWNS) != 0:
        return False
    private = subprocess.run(["/bin/mount", "--make-rprivate", "/"], check=False)
    return private.returncode == 0


def end_with_the_starter() -> None:
    """Be killed when the process that started this one ends, even by a kill (on Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


@contextmanager
def folder_for_trials(place: Path | None = None) -> Iterator[Path]:
    """Make a folder for a while, after removing those whose owners were killed."""
    place = place or Path(tempfile.gettempdir())
    for left in place.glob(f"{PREFIX}*"):
        _remove_if_nobody_s(left)
    with (
        tempfile.TemporaryDirectory(prefix=PREFIX, dir=place) as name,
        (Path(name) / OWNED).open("wb") as owned,
    ):
        fcntl.flock(owned, fcntl.LOCK_EX)
        yield Path(name)


def _remove_if_nobody_s(folder: Path) -> None:
    try:
        with (folder / OWNED).open("rb") as owned:
            fcntl.flock(owned, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
    except OSError:
        return  # somebody's, or being made or removed just now
