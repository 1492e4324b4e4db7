"""``nettingd verify``: whether every invariant holds on what the database says."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from adapters.clock import SystemClock
from adapters.paper.inspection import inspect
from adapters.sqlite.driver import connect_to_look
from adapters.sqlite.errors import StorageError, environment_error
from algorithms.domain import AccountName
from algorithms.invariants import examine
from daemon.audit import REQUEST_AGE_MOST
from daemon.books import read_books
from daemon.brokers.shadows import database_of, shadows
from daemon.cli.progress import Bar
from daemon.cli.table import table
from daemon.cli.voice import tell, warn
from daemon.config import ConfigErrors, load_config
from daemon.config.accounts import BrokerKind
from daemon.storage.lock import is_locked
from daemon.storage.schema import applied, wanted
from daemon.storage.store import named_queries
from daemon.storage.tx import View

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from algorithms.invariants import Finding
    from daemon.config import Config

    Findings = tuple[Finding, ...]

OK = 0
BROKEN = 1
BAD_CONFIG = 2
DATABASE_UNUSABLE = 4


def verify(config_path: Path, environ: Mapping[str, str], *, as_json: bool) -> int:
    """Replay the ledger and check every invariant; nothing is written.

    Works while the daemon runs and when it does not; only then is a paper exchange's own
    database compared too, because only then does it stand still. Returns the exit code: 0 all
    hold, 1 one is broken, 2 the configuration is wrong, 4 the database cannot be used.
    """
    try:
        config = load_config(config_path, environ)
    except ConfigErrors as errors:
        warn(f"{errors}\n")
        return BAD_CONFIG
    try:
        findings = _examine(config)
    except FileNotFoundError:
        warn(f"there is no database at {config.database.path}: run the daemon first\n")
        return DATABASE_UNUSABLE
    except (sqlite3.Error, StorageError) as error:
        known = environment_error(error) if isinstance(error, sqlite3.Error) else None
        warn(f"{known or error}\n")
        return DATABASE_UNUSABLE
    tell(_json(findings) if as_json else _text(findings))
    return OK if all(finding.holds for finding in findings) else BROKEN


def findings_of(books: Path, papers: Mapping[str, Path], *, runs: bool = False) -> Findings:
    """Check a database, and the paper exchanges' own beside it; nothing is written.

    ``runs``: a daemon works on it. Raises FileNotFoundError, sqlite3.Error and StorageError.
    """
    with closing(connect_to_look(books)) as connection, Bar(sys.stderr, "checking") as bar:
        _require_schema(connection, books)
        connection.execute("BEGIN")
        view = View(connection, named_queries())
        count = view.fetch_one("rows_to_check")
        rows = 0 if count is None else int(count["count"])
        left = iter(range(rows, 0, -1))
        return examine(
            read_books(
                view,
                now=SystemClock().now(),
                # What waits while the daemon is down is worked when it is up again.
                request_age_most=REQUEST_AGE_MOST if runs else timedelta.max,
                brokers=tuple(inspect(path, AccountName(name)) for name, path in papers.items()),
                on_row=lambda: bar.left(next(left, 1) - 1, rows),
            )
        )


def _examine(config: Config) -> Findings:
    runs = is_locked(config.daemon.data_dir)
    return findings_of(config.database.path, {} if runs else _papers(config), runs=runs)


def _require_schema(connection: sqlite3.Connection, path: Path) -> None:
    if applied(connection) != frozenset(wanted()):
        raise StorageError(f"{path} was written by another version of nettingd")


def _papers(config: Config) -> dict[str, Path]:
    """Return the exchanges that can be looked into, by account; those of shadows are ours, too."""
    played = {str(name): database_of(config, name) for name in shadows(config)}
    return played | {
        name: account.paper.database
        for name, account in config.accounts.items()
        if account.broker is BrokerKind.PAPER and account.paper is not None
    }


def _text(findings: tuple[Finding, ...]) -> str:
    rows = [
        (str(finding.number), finding.name, str(finding.checked), _verdict(finding))
        for finding in findings
    ]
    details = [
        f"{violation.number}  {violation.where}: {violation.what}\n"
        for finding in findings
        for violation in finding.violations
    ]
    text = table((">", "invariant", ">checked", "result"), rows)
    return text + ("\n" + "".join(details) if details else "")


def _verdict(finding: Finding) -> str:
    if not finding.holds:
        return f"BROKEN: {len(finding.violations)}"
    if not finding.checked:
        return f"nothing to check{f': {finding.skipped}' if finding.skipped else ''}"
    return f"holds{f' ({finding.skipped})' if finding.skipped else ''}"


def _json(findings: tuple[Finding, ...]) -> str:
    report = {
        "ok": all(finding.holds for finding in findings),
        "invariants": [
            {
                "number": finding.number,
                "name": finding.name,
                "checked": finding.checked,
                "holds": finding.holds,
                "skipped": finding.skipped,
                "violations": [
                    {"where": each.where, "what": each.what} for each in finding.violations
                ],
            }
            for finding in findings
        ],
    }
    return orjson.dumps(report, option=orjson.OPT_INDENT_2).decode() + "\n"
