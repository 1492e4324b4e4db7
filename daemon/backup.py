"""Copies of every database at one moment, taken beside a running daemon or without one.

The daemon's writer is held for the instant in which a reading transaction is opened on each
database; what is read from then on is that moment's state, however long copying takes, and nobody
waits (https://www.sqlite.org/wal.html#concurrency). Paper exchanges are looked at last: an order
that one of them has is then in the daemon's database too, at least as ``sending``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import orjson

from adapters.files import hand_over, make_folder, make_new_file
from adapters.sqlite.driver import connect_to_look
from daemon.brokers.shadows import database_of, shadows
from daemon.config.accounts import BrokerKind
from daemon.storage.schema import applied

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from daemon.config import Config

    Progress = Callable[[int, int], None]

MANIFEST = "manifest.json"
BOOKS = "nettingd.db"
HOLD_S = 30.0
"""How long the writer's lock is waited for."""
PAGES_A_STEP = 1024
_PART = ".part"
_CHUNK = 1 << 20


class BackupError(Exception):
    """There is no backup, or it is not what it was; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup is made of. ``files``: SHA-256 by name; ``schema``: migrations applied."""

    nettingd: str
    taken_at: str
    schema: tuple[str, ...]
    files: dict[str, str]


def databases_of(config: Config) -> dict[str, Path]:
    """Return every database, by the name it has in a backup; the daemon's own comes first."""
    papers = {
        f"paper-{name}.db": account.paper.database
        for name, account in config.accounts.items()
        if account.broker is BrokerKind.PAPER and account.paper is not None
    }
    played = {path.name: path for path in (database_of(config, each) for each in shadows(config))}
    return {BOOKS: config.database.path, **papers, **played}


def back_up(config: Config, target: Path, now: datetime, progress: Progress) -> Manifest:
    """Write a backup: a folder with the databases and a manifest; it is there wholly or not.

    ``progress`` hears how many pages are left of how many. Raises FileExistsError when the target
    is there already, FileNotFoundError when there is no database yet, OSError and sqlite3.Error.
    """
    if target.exists():
        raise FileExistsError(target)
    part = target.with_name(target.name + _PART)
    shutil.rmtree(part, ignore_errors=True)
    make_folder(part)
    try:
        manifest = _write(config, part, now, progress)
        part.rename(target)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    _sync(target.parent)
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read what a backup holds and compare it with what is there. Raises BackupError."""
    try:
        told: dict[str, Any] = orjson.loads((folder / MANIFEST).read_bytes())
        manifest = Manifest(**told | {"schema": tuple(told["schema"])})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BackupError(f"{folder} is no backup: {error}") from error
    if BOOKS not in manifest.files:
        raise BackupError(f"{folder} is no backup: it has no {BOOKS}")
    for name, digest in manifest.files.items():
        if "/" in name or not (folder / name).is_file() or _digest(folder / name) != digest:
            raise BackupError(f"{folder / name} is missing or was changed since")
    return manifest


def copy(source: sqlite3.Connection, target: Path, progress: Progress) -> None:
    """Copy a database to a new private file, durably. Raises FileExistsError, too."""
    make_new_file(target)
    with closing(sqlite3.connect(target)) as connection:
        source.backup(
            connection, pages=PAGES_A_STEP, progress=lambda _, left, all_: progress(left, all_)
        )
        alone(connection)
    _sync(target)


def alone(connection: sqlite3.Connection) -> None:
    """Leave one file, without a log beside it; the daemon turns its log on when it opens it."""
    connection.execute("PRAGMA journal_mode = DELETE")


def _write(config: Config, part: Path, now: datetime, progress: Progress) -> Manifest:
    with ExitStack() as opened:
        sources = _at_one_moment(config, opened)
        for name, source in sources.items():
            copy(source, part / name, progress)
        schema = tuple(sorted(applied(sources[BOOKS])))
    manifest = Manifest(
        nettingd=version("nettingd"),
        taken_at=now.isoformat(),
        schema=schema,
        files={name: _digest(part / name) for name in sources},
    )
    file = part / MANIFEST
    file.write_bytes(orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2))
    file.chmod(0o600)
    hand_over(file)
    _sync(file)
    _sync(part)
    return manifest


def _at_one_moment(config: Config, opened: ExitStack) -> Mapping[str, sqlite3.Connection]:
    """Open a reading transaction on every database while nobody may write the first one."""
    databases = databases_of(config)
    sources = {
        name: opened.enter_context(closing(connect_to_look(path)))
        for name, path in databases.items()
        if name == BOOKS or path.exists()
    }
    writer = opened.enter_context(
        closing(sqlite3.connect(databases[BOOKS], isolation_level=None, timeout=HOLD_S))
    )
    writer.execute("BEGIN IMMEDIATE")
    try:
        for source in sources.values():
            source.execute("BEGIN")
            source.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    finally:
        writer.execute("ROLLBACK")
    return sources


def _digest(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while chunk := opened.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _sync(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
