"""What a database can do to us, as errors with a stable code and advice.

SQLite's extended result codes are listed at https://www.sqlite.org/rescode.html.
"""

from __future__ import annotations

import sqlite3


class StorageError(Exception):
    """The database did not do what was asked; nothing of the request was stored."""

    code = "storage_error"
    advice = "see the log for the database's own words"

    def __init__(self, message: str) -> None:
        super().__init__(f"{message} ({self.advice})")


class StorageFullError(StorageError):
    """The disk, or the quota, is full."""

    code = "storage_full"
    advice = "free some space; writing goes on by itself then"


class StorageReadOnlyError(StorageError):
    """The file or its file system cannot be written."""

    code = "storage_read_only"
    advice = "make the database file and its directory writable; writing goes on by itself then"


class StorageLockedError(StorageError):
    """Another program holds the database's write lock."""

    code = "storage_locked"
    advice = "close the other program that writes to this file; writing goes on by itself then"


class StorageCorruptError(StorageError):
    """The file is damaged, or is not a database."""

    code = "storage_corrupt"
    advice = "stop the daemon and restore the last backup with 'nettingd restore'"


class StorageFailedError(StorageError):
    """Reading or writing the file failed in the operating system."""

    code = "storage_failed"
    advice = "check the disk and the file's permissions"


class StorageBusyError(StorageError):
    """More writes wait than the daemon is willing to hold in memory."""

    code = "storage_busy"
    advice = "send again a little later"


_ALL: list[type[StorageError]] = [StorageError, *StorageError.__subclasses__()]
CODES = tuple(error.code for error in _ALL)
"""The codes of all errors above."""

_BY_PRIMARY_CODE: dict[int, type[StorageError]] = {
    sqlite3.SQLITE_FULL: StorageFullError,
    sqlite3.SQLITE_READONLY: StorageReadOnlyError,
    sqlite3.SQLITE_PERM: StorageReadOnlyError,
    sqlite3.SQLITE_BUSY: StorageLockedError,
    sqlite3.SQLITE_LOCKED: StorageLockedError,
    sqlite3.SQLITE_CORRUPT: StorageCorruptError,
    sqlite3.SQLITE_NOTADB: StorageCorruptError,
    sqlite3.SQLITE_IOERR: StorageFailedError,
    sqlite3.SQLITE_CANTOPEN: StorageFailedError,
    sqlite3.SQLITE_NOMEM: StorageFailedError,
}


def environment_error(error: BaseException) -> StorageError | None:
    """Translate an error of disk or file; None when it is the statement's own (a constraint)."""
    if not isinstance(error, sqlite3.Error):
        return None
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    primary = int(code) & 0xFF
    kind = _BY_PRIMARY_CODE.get(primary)
    return None if kind is None else kind(str(error))
