"""Which jobs have run: once for each job, book and market day, whatever restarts.

A run is stored in the transaction that does what must not be done twice. A missed run is stored
too; a later time of the same job may still take its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from daemon.storage.rows import from_us, to_us

if TYPE_CHECKING:
    from datetime import date, datetime

    from algorithms.domain import AccountName, BookName
    from daemon.config.jobs import JobTime
    from daemon.storage.tx import Tx, View

WHOLE_ACCOUNT = ""
"""Stands for the book in runs that are about no single one."""


class RunStatus(StrEnum):
    """How a run ended."""

    DONE = "done"
    SKIPPED = "skipped"
    MISSED = "missed"
    FAILED = "failed"

    @property
    def may_be_repeated(self) -> bool:
        """Whether a later time of the same job may still run on that day."""
        return self in {RunStatus.MISSED, RunStatus.FAILED}


class RanBeforeError(Exception):
    """A job has run for its book on this market day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """A job that is due for an account. ``key`` is what happens once per market day."""

    key: str
    account: AccountName
    time: JobTime
    day: date
    due_at: datetime
    trades: bool


def has_run(view: View, run: JobRun, book: BookName | str = WHOLE_ACCOUNT) -> bool:
    """Whether a run is stored, so that it must not be repeated at this time."""
    row = view.fetch_one(
        "job_run", account=run.account, job=run.key, book=book, day=run.day.isoformat()
    )
    if row is None:
        return False
    if not RunStatus(row["status"]).may_be_repeated:
        return True
    return bool(row["due_at"] >= to_us(run.due_at))


def record(
    tx: Tx,
    run: JobRun,
    status: RunStatus,
    now: datetime,
    note: str = "",
    book: BookName | str = WHOLE_ACCOUNT,
) -> None:
    """Store a run. Raises RanBeforeError."""
    if has_run(tx, run, book):
        raise RanBeforeError(f"{run.key} of {book or run.account} on {run.day}")
    tx.execute(
        "save_job_run",
        account=run.account,
        job=run.key,
        book=book,
        day=run.day.isoformat(),
        due_at=to_us(run.due_at),
        status=status.value,
        note=note,
        at=to_us(now),
    )


def last_due(view: View, account: AccountName) -> datetime | None:
    """Return the latest time of any stored run of an account: until then nothing was missed."""
    row = view.fetch_one("last_job_run", account=account)
    return None if row is None or row["due_at"] is None else from_us(row["due_at"])
