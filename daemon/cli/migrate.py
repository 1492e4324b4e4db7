"""``nettingd migrate``: what the database's schema has had, and the way back to an older version.

The way forward needs no command: a start brings the database up to date.
"""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from adapters.sqlite.driver import connect_to_look
from adapters.sqlite.errors import StorageError
from daemon.cli.voice import heading, tell, warn
from daemon.config import ConfigErrors, load_config
from daemon.service.exits import Exit
from daemon.storage.lock import AlreadyRunningError, DirectoryLock
from daemon.storage.schema import applied, taken_back, wanted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def migrate(config_path: Path, environ: Mapping[str, str], to: str | None) -> int:
    """List the migrations; with ``to``, take back those after it while no daemon works."""
    try:
        config = load_config(config_path, environ)
        path = config.database.path
        if to is None:
            return _list(path)
        with ExitStack() as locks:
            for folder in {config.daemon.data_dir.resolve(), path.parent.resolve()}:
                locks.enter_context(DirectoryLock(folder))
            gone = taken_back(path, to)
    except (ConfigErrors, ValueError) as error:
        return _refuse(Exit.BAD_INPUT, str(error))
    except AlreadyRunningError as error:
        return _refuse(Exit.ALREADY_RUNNING, f"{error}; stop it first")
    except BrokenPipeError:
        raise  # whoever read the list has seen enough
    except (StorageError, sqlite3.Error, OSError) as error:
        return _refuse(Exit.DATABASE, str(error))
    for migration in gone:
        tell(f"took back {migration}\n")
    tell(f"the last migration is {to}; a start of this version applies them again\n")
    return Exit.OK


def _list(path: Path) -> int:
    if not path.exists():
        return _refuse(Exit.DATABASE, f"{path}: there is no database yet")
    with closing(connect_to_look(path)) as connection:
        had = applied(connection)
    for migration in sorted({*wanted(), *had}):
        state = "applied" if migration in had else "missing; the next start applies it"
        known = "" if migration in wanted() else ", unknown to this version"
        tell(f"{migration}: {heading(state)}{known}\n")
    return Exit.OK


def _refuse(code: Exit, message: str) -> int:
    warn(f"nettingd migrate: {message}\n")
    return code
