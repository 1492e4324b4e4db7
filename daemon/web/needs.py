"""What needs a person, worst first: the top of the page of today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import orjson

from algorithms.domain import SUSPENSE
from daemon.notices import Level

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Mapping

    from daemon.web.page import Fetch, Visit

SHOWN_MAX = 20
"""Of each kind; what is more is in the lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing to see to. ``asks``: what can be done here, as label and question's address.

    ``notice``: the id of an alarm that goes when somebody marks it as seen.
    """

    level: Level
    text: str
    at: int | None = None
    until: int | None = None
    href: str | None = None
    asks: tuple[tuple[str, str], ...] = ()
    notice: str | None = None


Rows = dict[str, "list[sqlite3.Row]"]


def fetch_needs(fetch: Fetch, since: str) -> Rows:
    """Read what may need somebody. ``since``: the id before which drops are old."""
    return {
        "halts": fetch("halts"),
        "waiting": fetch("waiting", limit=SHOWN_MAX),
        "unknown": fetch("unknown", limit=SHOWN_MAX),
        "suspense": fetch("suspense", book=SUSPENSE, limit=SHOWN_MAX),
        "dropped": fetch("dropped", since=since, limit=SHOWN_MAX),
        "alarms": fetch("alarms", limit=SHOWN_MAX),
    }


def needs(rows: Rows, reasons: Mapping[str, str], visit: Visit) -> list[Need]:
    """Say what needs somebody; alarms first, then in the order of their kinds."""
    words = visit.words
    found = [
        *(
            Need(level=Level.ALARM, text=f"{words.check(check)}: {words.again(reason)}")
            for check, reason in sorted(reasons.items())
        ),
        *_unsettled(rows, visit),
        *_decisions(rows, visit),
    ]
    return sorted(found, key=lambda need: need.level is not Level.ALARM)


def _unsettled(rows: Rows, visit: Visit) -> Iterator[Need]:
    words = visit.words
    for row in rows["unknown"]:
        yield Need(
            level=Level.ALARM,
            text=words.say(
                "{book}: nobody knows yet whether the order for {symbol} reached the broker",
                book=row["book"],
                symbol=row["symbol"],
            ),
            at=row["sent_at"],
            href=f"/orders/{row['parent_id']}",
            asks=(
                (words.say("It is at the broker"), f"/ask/found?id={row['id']}"),
                (words.say("It was never there"), f"/ask/absent?id={row['id']}"),
            ),
        )
    for row in rows["suspense"]:
        yield Need(
            level=Level.ALARM,
            text=words.say(
                "{account}: {quantity} {asset} in suspense belong to no book",
                account=row["account"],
                quantity=visit.formats.signed(row["quantity"]),
                asset=row["asset"],
            ),
            href="/accounts",
            asks=((words.say("Assign"), assign_address(row["account"], row["asset"])),),
        )
    yield from _alarms(rows["alarms"], visit)


def _alarms(rows: Iterable[sqlite3.Row], visit: Visit) -> Iterator[Need]:
    for row in rows:
        yield Need(
            level=Level.ALARM,
            text=notice_text(row, visit),
            at=row["at"],
            href="/log?level=alarm",
            notice=row["id"],
        )


def _decisions(rows: Rows, visit: Visit) -> Iterator[Need]:
    words, formats = visit.words, visit.formats
    for row in rows["halts"]:
        what = f"{formats.word(row['scope'])} {row['name']}".strip()
        yield Need(
            level=Level.WARNING,
            text=words.say(
                "Halted: {what}. {reason}", what=what, reason=words.again(row["reason"])
            ),
            at=row["at"],
            asks=((words.say("Resume"), f"/ask/resume?scope={row['scope']}&name={row['name']}"),),
        )
    for row in rows["waiting"]:
        yield Need(
            level=Level.WARNING,
            text=words.say(
                "{book} waits for your yes: {side} {total} {symbol}",
                book=row["book"],
                side=formats.word(row["side"]),
                total=formats.number(row["total"]),
                symbol=row["symbol"],
            ),
            until=row["expires_at"],
            href=f"/orders/{row['id']}",
            asks=(
                (words.say("Approve"), f"/ask/approve?id={row['id']}"),
                (words.say("Reject"), f"/ask/reject?id={row['id']}"),
            ),
        )
    for row in rows["dropped"]:
        yield Need(
            level=Level.WARNING,
            text=words.say(
                "{strategy}: a webhook came too late and was not sent", strategy=row["strategy"]
            ),
            at=row["received_at"],
            href=f"/webhooks/{row['id']}",
            asks=((words.say("Replay"), f"/ask/replay?id={row['id']}"),),
        )


def assign_address(account: str, asset: str) -> str:
    """Return the question that says whose something in suspense is."""
    return f"/ask/assign?{urlencode({'account': account, 'asset': asset})}"


def order_of(params: Mapping[str, str]) -> str | None:
    """Return where to read about the order that a notice tells of."""
    order = params.get("order", "")
    return f"/orders/{order}" if order else None


def notice_text(row: sqlite3.Row, visit: Visit) -> str:
    """Say a notice in the language of the visit."""
    params: Mapping[str, str] = orjson.loads(row["params"])
    return visit.formats.notice(row["code"], params)
