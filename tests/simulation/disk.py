"""The disk of a simulated day: a new database at a copy's cost, and a power cut's last write."""

from __future__ import annotations

import tempfile
from functools import lru_cache
from pathlib import Path

from daemon.storage.schema import migrate

HEADER_OF_LOG, HEADER_OF_FRAME = 32, 24
"""Bytes."""


def furnish(folder: Path) -> None:
    """Put an empty database of the current schema where a daemon has none yet."""
    file = folder / "data" / "nettingd.db"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file.write_bytes(_empty())
        file.chmod(0o600)


def tear(database: Path) -> bool:
    """Leave half a frame at the end of the log, as a power cut does; return whether it could.

    What was committed is before it. The index of the log is in memory, and gone: whoever opens
    the file next must read the log, and find where it ends. Nobody may have the file open.
    https://www.sqlite.org/fileformat2.html#the_write_ahead_log
    """
    log = database.with_name(f"{database.name}-wal")
    written = log.read_bytes() if log.exists() else b""
    page_size, salts = int.from_bytes(written[8:12], "big"), written[16:24]
    frame, end = HEADER_OF_FRAME + page_size, HEADER_OF_LOG
    while end + frame <= len(written) and written[end + 8 : end + 16] == salts:
        end += frame
    if end == HEADER_OF_LOG or not written:
        return False
    with log.open("r+b") as file:
        file.seek(end)
        file.write(written[end - frame : end - frame // 2])
    database.with_name(f"{database.name}-shm").unlink(missing_ok=True)
    return True


@lru_cache(maxsize=1)
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "empty.db"
        migrate(file)
        return file.read_bytes()
