"""Bring a database file to the schema of this version, with yoyo-migrations.

Migrations are plain SQL files; each has a rollback beside it. yoyo is only loaded when a file is
not up to date: asking a current database costs one query.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.sqlite.driver import connect
from adapters.sqlite.errors import StorageError, environment_error

if TYPE_CHECKING:
    from yoyo.migrations import MigrationList

MIGRATIONS = Path(__file__).with_name("migrations")
_ROLLBACK = ".rollback.sql"


class SchemaTooNewError(StorageError):
    """The file was written by a later version of nettingd."""

    code = "schema_too_new"
    advice = "install the version that wrote it, or restore an older backup"


def wanted() -> tuple[str, ...]:
    """Return the ids of all migrations, oldest first."""
    names = (path.name for path in MIGRATIONS.glob("*.sql"))
    return tuple(sorted(name[:-4] for name in names if not name.endswith(_ROLLBACK)))


def applied(connection: sqlite3.Connection) -> frozenset[str]:
    """Return the ids of the migrations this database has had."""
    known = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_yoyo_migration'"
    ).fetchone()
    if known is None:
        return frozenset()
    rows = connection.execute("SELECT migration_id FROM _yoyo_migration")
    return frozenset(row[0] for row in rows)


def migrate(path: Path) -> None:
    """Create the file if need be and apply what is missing.

    Raises SchemaTooNewError for a file of a later version, StorageError when it is damaged or
    cannot be written.
    """
    try:
        with closing(connect(path, read_only=False)) as connection:
            if _is_new(connection):
                _furnish(connection)
            had = applied(connection)
    except sqlite3.Error as error:
        raise environment_error(error) or StorageError(str(error)) from error
    path.chmod(0o600)
    unknown = had - frozenset(wanted())
    if unknown:
        message = f"{path} has migrations this version does not know: {', '.join(sorted(unknown))}"
        raise SchemaTooNewError(message)
    if len(had) < len(wanted()):
        _apply(path)


def _is_new(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master").fetchone() is None


def _furnish(connection: sqlite3.Connection) -> None:
    """Give a new file all tables in one transaction: a start that is killed leaves none of them."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _is_new(connection):  # nobody else has begun in the meantime
            for statement in _everything():
                connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


@lru_cache(maxsize=1)
def _everything() -> tuple[str, ...]:
    """Return the statements that all migrations together come to, their log included.

    They are applied once in memory, where a transaction each costs no disk.
    """
    from yoyo import get_backend  # noqa: PLC0415 - as in _apply

    backend = get_backend("sqlite:///:memory:")
    try:
        with backend.lock():
            backend.apply_migrations(backend.to_apply(_read(MIGRATIONS)))
        return tuple(backend.connection.iterdump())[1:-1]  # without its BEGIN and COMMIT
    finally:
        backend.connection.close()


def _apply(path: Path) -> None:
    # Costs tens of milliseconds to import, and is needed once per upgrade.
    from yoyo import get_backend  # noqa: PLC0415

    backend = get_backend(f"sqlite:///{path.resolve()}")
    try:
        with backend.lock():
            backend.apply_migrations(backend.to_apply(_read(MIGRATIONS)))
    except sqlite3.Error as error:
        raise environment_error(error) or StorageError(str(error)) from error
    finally:
        backend.connection.close()


@lru_cache(maxsize=1)
def _read(folder: Path) -> MigrationList:
    """Read all migrations; to take them apart costs more than to apply them, so that is kept."""
    from yoyo import read_migrations  # noqa: PLC0415 - as above

    return read_migrations(str(folder))


def taken_back(path: Path, to: str) -> tuple[str, ...]:
    """Take back every migration after ``to``, newest first; return them.

    What only those knew of is dropped; what was there before stays. For going back to an older
    version, while no daemon works. Raises ValueError for a migration that there is not, and
    StorageError as ``migrate`` does.
    """
    if to not in wanted():
        raise ValueError(f"there is no migration {to!r}; the last is {wanted()[-1]}")
    migrate(path)  # says what is wrong with the file, before anything is dropped
    from yoyo import get_backend  # noqa: PLC0415 - as above

    backend = get_backend(f"sqlite:///{path.resolve()}")
    later = _read(MIGRATIONS).filter(lambda migration: migration.id > to)
    try:
        with backend.lock():
            backend.rollback_migrations(backend.to_rollback(later))
    except sqlite3.Error as error:
        raise environment_error(error) or StorageError(str(error)) from error
    finally:
        backend.connection.close()
    return tuple(reversed([each for each in wanted() if each > to]))
