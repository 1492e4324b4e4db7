"""A backup put back: first beside the databases in use, then, at a start, in their place.

Staging copies the backup to files beside those in use, brings them to this version's schema,
halts everything in them, and at last writes a marker. The next start finds the marker and swaps
the files before it opens them. A kill between any two steps leaves either the old databases or
the new ones: swapping begins again where it stopped. What was in use before is kept.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from adapters.files import hand_over, make_folder
from adapters.sqlite.driver import connect_to_look
from daemon.backup import BOOKS, BackupError, alone, copy, databases_of, read_manifest
from daemon.execution.halts import Scope
from daemon.storage.rows import to_us
from daemon.storage.schema import migrate, wanted
from daemon.storage.store import named_queries

if TYPE_CHECKING:
    from datetime import datetime

    from daemon.backup import Manifest, Progress
    from daemon.config import Config

RESTORED = "restored"
"""The fact that says: what is in force was restored, and no account has been looked at since."""
_MARKER = "restore.json"
_STAGED = ".restoring"
_BESIDE = ("-wal", "-shm")

log = logging.getLogger(__name__)


def stage(config: Config, folder: Path, now: datetime, progress: Progress) -> dict[str, Path]:
    """Copy a backup beside the databases in use; return the copies, by their names in it.

    Nothing in use is touched. Raises BackupError, StorageError, OSError and sqlite3.Error.
    """
    manifest = read_manifest(folder)
    unknown = set(manifest.schema) - set(wanted())
    if unknown:
        raise BackupError(f"{folder} was taken by a later version: {', '.join(sorted(unknown))}")
    databases = databases_of(config)
    left_out = manifest.files.keys() - databases.keys()
    if left_out:
        raise BackupError(f"the configuration has no account for {', '.join(sorted(left_out))}")
    staged = {name: _staged(databases[name]) for name in manifest.files}
    for name, file in staged.items():
        _forget(file)
        make_folder(file.parent)
        with closing(connect_to_look(folder / name)) as source:
            copy(source, file, progress)
    migrate(staged[BOOKS])
    _halt_everything(staged[BOOKS], manifest, now)
    return staged


def arm(config: Config, staged: dict[str, Path], now: datetime) -> None:
    """Have the next start put the staged databases in place."""
    databases = databases_of(config)
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    told = {"stamp": stamp, "databases": [str(databases[name].resolve()) for name in staged]}
    marker = config.daemon.data_dir / _MARKER
    part = marker.with_suffix(".part")
    with part.open("wb") as file:
        file.write(orjson.dumps(told))
        file.flush()
        os.fsync(file.fileno())
    hand_over(part)
    part.rename(marker)


def call_off(config: Config, staged: dict[str, Path]) -> None:
    """Let the next start restore nothing, surely before it has begun."""
    (config.daemon.data_dir / _MARKER).unlink(missing_ok=True)
    disarm(staged)


def disarm(staged: dict[str, Path]) -> None:
    """Throw staged databases away."""
    for file in staged.values():
        _forget(file)


def is_armed(config: Config) -> bool:
    """Whether the next start restores a backup."""
    return (config.daemon.data_dir / _MARKER).exists()


def put_in_place(config: Config) -> list[Path]:
    """Swap databases, if a restore is wanted; return where the former ones are now.

    Only who holds the data directory's lock may call this, with no database open.
    """
    marker = config.daemon.data_dir / _MARKER
    try:
        told = orjson.loads(marker.read_bytes())
    except FileNotFoundError:
        return []
    kept = []
    for name in told["databases"]:
        path = Path(name)
        if _staged(path).exists():
            former = path.with_name(f"{path.name}.before-{told['stamp']}")
            # The log goes first: beside the new file it would be taken for its own.
            for end in (*_BESIDE, ""):
                old = Path(f"{path}{end}")
                if old.exists():
                    old.rename(f"{former}{end}")
            _staged(path).rename(path)
            kept.append(former)
    marker.unlink()
    log.warning("a backup was restored; what was in use before is kept as *.before-*")
    return kept


def _halt_everything(books: Path, manifest: Manifest, now: datetime) -> None:
    """Write the halt into the copy, so that it is never open without."""
    queries = named_queries()
    reason = f"restored from the backup of {manifest.taken_at}"
    with closing(sqlite3.connect(books, isolation_level=None)) as connection:
        halt = {"scope": Scope.ALL.value, "name": "", "reason": reason, "at": to_us(now)}
        connection.execute("BEGIN")
        connection.execute(queries["add_halt"], halt)
        connection.execute(queries["remember_fact"], {"name": RESTORED, "value": manifest.taken_at})
        connection.execute("COMMIT")
        alone(connection)


def _staged(path: Path) -> Path:
    return path.with_name(path.name + _STAGED)


def _forget(file: Path) -> None:
    for end in ("", *_BESIDE):
        Path(f"{file}{end}").unlink(missing_ok=True)
