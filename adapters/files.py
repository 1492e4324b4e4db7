"""Files of the daemon's own, also when root makes them for it.

The service runs as a user that exists only for it, and people type commands as root: ``restore``,
``token``, ``check --online``. What root makes in a folder belongs to whom the folder belongs to;
else the daemon could not open it. For everybody else nothing is to be done.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_ROOT = 0
_FOLDER, _FILE = 0o700, 0o600


def hand_over(path: Path) -> None:
    """Give what root just made to the owner of its folder. Links are not followed.

    Raises OSError.
    """
    if os.geteuid() == _ROOT:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid, follow_symlinks=False)


def make_folder(path: Path) -> None:
    """Make a private folder, and those above it that are missing. Raises OSError."""
    if path.is_dir():
        return
    try:
        path.mkdir(mode=_FOLDER, exist_ok=True)
    except FileNotFoundError:
        make_folder(path.parent)
        path.mkdir(mode=_FOLDER, exist_ok=True)
    hand_over(path)


def make_new_file(path: Path) -> None:
    """Make an empty private file. Raises OSError, FileExistsError if there is one."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, _FILE))
    hand_over(path)


def make_file(path: Path) -> None:
    """Make an empty private file, unless there is one. Raises OSError."""
    with suppress(FileExistsError):
        make_new_file(path)
