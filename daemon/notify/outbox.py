"""What each notifier has still to be told: the notices table is the outbox.

A notice waits while its ``delivered_at`` is null. Each notifier marks what it is done with; the
last one ends the waiting. Marks are kept by notice and not as a place in the list, because two
changes may reach the disk in another order than their notices got their ids.

A mark follows its message, so a kill between both sends a message twice, and never not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from daemon.notices import Level
from daemon.storage.rows import from_us, to_us
from daemon.storage.tx import Table

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from daemon.storage.tx import Tx, View

DELIVERIES = Table("deliveries", ("notifier", "notice_id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A stored notice."""

    id: str
    at: datetime
    level: Level
    code: str
    account: str | None
    book: str | None
    params: Mapping[str, str]


def known(view: View) -> frozenset[str]:
    """Return the notifiers that are followed already."""
    return frozenset(row["name"] for row in view.fetch("notifiers"))


def follow(tx: Tx, names: Collection[str], now: datetime) -> None:
    """Let these be the notifiers from now on. Who is new is told nothing of the past."""
    before = known(tx)
    gone = before - set(names)
    for name in sorted(gone):
        tx.execute("remove_notifier", name=name)
        tx.execute("remove_deliveries", name=name)
    for name in sorted(set(names) - before):
        tx.execute("add_notifier", name=name)
    if gone:  # what waited for nobody but them waits no more
        _finish(tx, [row["notice_id"] for row in tx.fetch("delivered_notices")], now)


def waiting(
    view: View, notifier: str, *, alarms_only: bool, limit: int, after: str = ""
) -> list[Notice]:
    """Return what a notifier has not been told, oldest first, of all behind ``after``."""
    rows = view.fetch(
        "waiting_notices",
        notifier=notifier,
        after=after,
        alarms_only=int(alarms_only),
        limit=limit,
    )
    return [_notice(row) for row in rows]


def unseen(view: View, limit: int) -> list[Notice]:
    """Return the newest alarms that nobody has marked as seen, oldest first."""
    return [_notice(row) for row in reversed(view.fetch("unseen_alarms", limit=limit))]


def find(view: View, notice_id: str) -> Notice | None:
    """Return a notice by its id."""
    row = view.fetch_one("notice", id=notice_id)
    return None if row is None else _notice(row)


def mark(tx: Tx, notifier: str, notices: Iterable[Notice], now: datetime) -> None:
    """Remember that a notifier is done with these."""
    ids = [notice.id for notice in notices]
    for notice_id in ids:
        tx.insert(DELIVERIES, (notifier, notice_id))
    _finish(tx, ids, now)


def _notice(row: sqlite3.Row) -> Notice:
    return Notice(
        id=row["id"],
        at=from_us(row["at"]),
        level=Level(row["level"]),
        code=row["code"],
        account=row["account"],
        book=row["book"],
        params=orjson.loads(row["params"]),
    )


def _finish(tx: Tx, ids: list[str], now: datetime) -> None:
    tx.execute_many("finish_notice", [{"id": each, "at": to_us(now)} for each in ids])
    tx.execute_many("forget_deliveries", [{"id": each} for each in ids])
