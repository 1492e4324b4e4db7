"""What a process can do, as JSON: run as root of the machine, and with the fences of the service.

The service's fences are those of its daemon, before which this is run (ExecStartPre).
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

STATE = Path(os.environ["STATE_DIRECTORY"]).resolve()
FOLDERS = (
    *("/", "/boot", "/dev", "/dev/shm", "/etc", "/etc/nettingd", "/home", "/opt"),  # noqa: S108
    *("/opt/nettingd", "/root", "/run", "/srv", "/tmp", "/usr/lib", "/var"),  # noqa: S108
    *("/var/lib", "/var/log", "/var/tmp", str(STATE)),  # noqa: S108
)
NEW_USERS = 0x10000000
"""CLONE_NEWUSER of unshare(2)."""


def can_write(folder: str) -> bool:
    file = Path(folder) / "probe"
    try:
        file.write_text("probed", encoding="ascii")
    except OSError:
        return False
    file.unlink()
    return True


def see_a_secret_of_the_system() -> None:
    Path("/etc/shadow").read_bytes()


def see_the_file_behind_a_credential() -> None:
    Path("/etc/nettingd/alpha.token").read_bytes()


def see_another_process() -> None:
    Path("/proc/1/environ").stat()


def listen_to_the_wire() -> None:
    socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close()


def run_what_was_just_written() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def leave_a_file_that_runs_as_its_owner() -> None:
    file = STATE / "probe"
    file.touch()
    try:
        file.chmod(0o4755)
    finally:
        file.unlink()


def make_a_namespace() -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_USERS):
        raise OSError(ctypes.get_errno(), "unshare")


ATTEMPTS = (
    see_a_secret_of_the_system,
    see_the_file_behind_a_credential,
    see_another_process,
    listen_to_the_wire,
    run_what_was_just_written,
    leave_a_file_that_runs_as_its_owner,
    make_a_namespace,
)


def succeeds(attempt: Callable[[], None]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def main() -> None:
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    found = {
        "tried": [*FOLDERS, *(attempt.__name__ for attempt in ATTEMPTS)],
        "writable": sorted(folder for folder in FOLDERS if can_write(folder)),
        "could": [attempt.__name__ for attempt in ATTEMPTS if succeeds(attempt)],
        "credential": Path(credentials, "alpha").read_text("utf-8") if credentials else None,
    }
    (STATE / "probe.json").write_text(json.dumps(found), encoding="ascii")


if __name__ == "__main__":
    main()
