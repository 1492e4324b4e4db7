"""``nettingd backup`` and ``nettingd restore``: copies that are checked before they are trusted."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.clock import SystemClock
from adapters.sqlite.errors import StorageError, environment_error
from daemon import restore as restoring
from daemon.backup import BOOKS, BackupError, Manifest, back_up, read_manifest
from daemon.cli.caller import Caller, NotReachableError, RefusedError, print_json
from daemon.cli.progress import Bar
from daemon.cli.verify import findings_of
from daemon.cli.voice import heading, live_in, moment, tell, warn
from daemon.config import ConfigErrors, load_config
from daemon.service.address import noted_address
from daemon.service.exits import Exit
from daemon.storage.lock import AlreadyRunningError, DirectoryLock, is_locked

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from daemon.config import Config

AGAIN_S = 60.0
"""How long a running daemon may take to start again on what was restored."""
LOOK_EVERY_S = 0.1


def backup(options: argparse.Namespace) -> int:
    """Write a backup and verify it."""

    def work(config: Config) -> int:
        now = SystemClock().now()
        default = config.daemon.data_dir / "backups" / now.strftime("%Y%m%dT%H%M%SZ")
        target = Path(options.folder) if options.folder else default
        with Bar(sys.stderr, "copying") as bar:
            manifest = back_up(config, target, now, bar.left)
        return _judged(options, target, manifest, _broken({n: target / n for n in manifest.files}))

    return _guarded("backup", options, work)


def restore(options: argparse.Namespace) -> int:
    """Put a backup in place: at once, or by a daemon that runs, which starts again on it."""
    folder = Path(options.folder)

    def work(config: Config) -> int:
        if not _agreed(options, config):
            return Exit.FAILED
        now = SystemClock().now()
        with Bar(sys.stderr, "copying") as bar:
            staged = restoring.stage(config, folder, now, bar.left)
        broken = _broken(staged)
        if broken:
            restoring.disarm(staged)
            return _judged(options, folder, read_manifest(folder), broken)
        restoring.arm(config, staged, now)
        if is_locked(config.daemon.data_dir):
            _start_again(config, staged)
        else:
            with ExitStack() as locks:
                for directory in {config.daemon.data_dir, config.database.path.parent}:
                    locks.enter_context(DirectoryLock(directory))
                restoring.put_in_place(config)
        code = _judged(options, folder, read_manifest(folder), [])
        warn(
            "everything is halted: once every account has been compared with its broker, "
            "nettingd resume lets orders pass again\n"
        )
        return code

    return _guarded("restore", options, work)


def _guarded(command: str, options: argparse.Namespace, work: Callable[[Config], int]) -> int:
    """Make a line and an exit code of every failure."""
    os.umask(0o077)
    try:
        config = load_config(options.config, os.environ)
        live_in(config.daemon.timezone)
        return work(config)
    except BrokenPipeError:
        raise  # nothing is wrong with what was done
    except ConfigErrors as errors:
        warn(f"{errors}\n")
        return Exit.BAD_INPUT
    except _KNOWN as error:
        code, message = _exit_of(error)
    warn(f"nettingd {command}: {message}\n")
    return code


_KNOWN = (
    AlreadyRunningError,
    BackupError,
    NotReachableError,
    OSError,
    RefusedError,
    StorageError,
    sqlite3.Error,
)


def _exit_of(error: Exception) -> tuple[Exit, str]:
    """Tell what an error means to whoever called."""
    exit_code, message = Exit.FAILED, str(error)
    match error:
        case FileExistsError():
            exit_code, message = Exit.BAD_INPUT, f"{error} is there already"
        case FileNotFoundError():
            exit_code, message = Exit.DATABASE, f"there is no database at {error}"
        case BackupError():
            exit_code = Exit.BAD_INPUT
        case AlreadyRunningError():
            exit_code = Exit.ALREADY_RUNNING
        case sqlite3.Error():
            exit_code, message = Exit.DATABASE, str(environment_error(error) or error)
        case StorageError():
            exit_code = Exit.DATABASE
        case NotReachableError():
            exit_code = Exit.NOT_REACHABLE
        case RefusedError():
            exit_code = error.exit
        case _:
            pass
    return exit_code, message


def _broken(files: Mapping[str, Path]) -> list[str]:
    """Replay the copy's ledger; return what does not hold."""
    papers = {
        name.removeprefix("paper-").removesuffix(".db"): path
        for name, path in files.items()
        if name != BOOKS
    }
    return [
        f"invariant {each.number}: {each.where}: {each.what}"
        for finding in findings_of(files[BOOKS], papers)
        for each in finding.violations
    ]


def _judged(
    options: argparse.Namespace, folder: Path, manifest: Manifest, broken: list[str]
) -> int:
    if options.json:
        print_json(
            {"folder": str(folder), "verified": not broken, "broken": broken} | asdict(manifest)
        )
    else:
        verdict = heading("verified" if not broken else "NOT VERIFIED")
        tell(f"{folder}: {verdict}, taken at {moment(manifest.taken_at)}\n")
        tell("".join(f"  {name}\n" for name in manifest.files))
    warn("".join(f"{line}\n" for line in broken))
    return Exit.FAILED if broken else Exit.OK


def _agreed(options: argparse.Namespace, config: Config) -> bool:
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise BackupError("nobody can be asked here: give --yes")
    warn(f"replace {config.database.path}? It is kept aside. [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _start_again(config: Config, staged: dict[str, Path]) -> None:
    """Have the running daemon start again, and wait until it is there on the restored books."""
    try:
        Caller.of(config).post("/api/restore", {})
    except RefusedError:
        restoring.call_off(config, staged)
        raise
    except NotReachableError as error:
        words = f"{error}; the backup waits, the daemon's next start puts it in place"
        raise NotReachableError(words) from error
    until = time.perf_counter() + AGAIN_S
    while time.perf_counter() < until:
        time.sleep(LOOK_EVERY_S)
        if restoring.is_armed(config) or noted_address(config.daemon.data_dir) is None:
            continue
        try:
            Caller.of(config).ask("GET", "/health")
        except NotReachableError:
            continue
        return
    raise NotReachableError(f"the daemon was not there again within {AGAIN_S:g} s; see its log")
