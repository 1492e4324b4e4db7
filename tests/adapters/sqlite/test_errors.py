from __future__ import annotations

import sqlite3

import pytest

from adapters.sqlite.errors import (
    StorageBusyError,
    StorageCorruptError,
    StorageError,
    StorageFailedError,
    StorageFullError,
    StorageLockedError,
    StorageReadOnlyError,
    environment_error,
)


def failing_with(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, StorageFullError),
        (sqlite3.SQLITE_READONLY, StorageReadOnlyError),
        (sqlite3.SQLITE_READONLY_DBMOVED, StorageReadOnlyError),
        (sqlite3.SQLITE_BUSY, StorageLockedError),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StorageLockedError),
        (sqlite3.SQLITE_LOCKED, StorageLockedError),
        (sqlite3.SQLITE_CORRUPT, StorageCorruptError),
        (sqlite3.SQLITE_NOTADB, StorageCorruptError),
        (sqlite3.SQLITE_IOERR_FSYNC, StorageFailedError),
        (sqlite3.SQLITE_CANTOPEN, StorageFailedError),
    ],
)
def test_what_happened_to_the_file_has_its_own_error_with_advice(
    code: int, kind: type[StorageError]
) -> None:
    error = environment_error(failing_with(code))

    assert type(error) is kind
    assert "as SQLite says it" in str(error)
    assert kind.advice in str(error)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_ERROR])
def test_a_statements_own_error_is_not_the_environments(code: int) -> None:
    assert environment_error(failing_with(code)) is None


def test_other_exceptions_are_not_the_databases() -> None:
    assert environment_error(ValueError("no")) is None
    assert environment_error(sqlite3.ProgrammingError("no code")) is None


def test_every_kind_has_a_code_of_its_own() -> None:
    kinds: list[type[StorageError]] = [*StorageError.__subclasses__(), StorageError]

    codes = [kind.code for kind in kinds]

    assert StorageBusyError in kinds
    assert len(set(codes)) == len(codes)
