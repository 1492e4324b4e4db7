"""Reading KIS's JSON: every value is text, often blank, padded, or led by zeros.

A field that is missing and one that is blank say the same: nothing. Only what an order's fate
hangs on is required; its absence is a ``MalformedError``.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from adapters.fields import MalformedError, exact, fields_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from adapters.fields import Fields

SEOUL = ZoneInfo("Asia/Seoul")
NEW_YORK = ZoneInfo("America/New_York")


def object_of(value: object) -> Fields:
    """Take an ``output`` for one object; KIS wraps some in a list of one. Nothing is ``{}``."""
    if isinstance(value, list):
        value = value[0] if value else {}
    return {} if value is None else fields_of(value)


def rows_of(value: object, key: str) -> list[Fields]:
    """Take an ``output`` for rows. Filler rows without ``key`` are dropped, as is a lone one."""
    if value is None:
        return []
    rows = value if isinstance(value, list) else [value]
    found = [object_of(row) for row in rows]
    return [row for row in found if text(row, key)]


def text(row: Mapping[str, object], *names: str) -> str:
    """Return the first of the named fields that says something, trimmed; else ``""``."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def required(row: Mapping[str, object], *names: str) -> str:
    """Return a text that must be there."""
    found = text(row, *names)
    if not found:
        raise MalformedError(f"field {' or '.join(names)} is missing")
    return found


def amount(row: Mapping[str, object], *names: str) -> Decimal | None:
    """Return a number; None where KIS leaves it blank."""
    written = text(row, *names).replace(",", "")
    return exact(written, names[0]) if written else None


def count(row: Mapping[str, object], *names: str) -> Decimal:
    """Return a number of units, which must be there."""
    found = amount(row, *names)
    if found is None:
        raise MalformedError(f"field {' or '.join(names)} is missing")
    return found


def price(row: Mapping[str, object], *names: str) -> Decimal | None:
    """Return a price; None where it is blank or zero, which both mean "none"."""
    return amount(row, *names) or None


def order_number(written: object) -> str:
    """Return an order number in the one form used here: padding differs by surface.

    ``""`` for blank and zero, which both mean "no order".
    """
    digits = written.strip() if isinstance(written, str) else str(written or "")
    if digits.isascii() and digits.isdecimal():
        return digits.lstrip("0")
    return digits


def day_of(written: str) -> date:
    """Read ``20261120``."""
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise MalformedError(f"no day: {written[:20]!r}") from None


def seoul_time(day: date, clock: str) -> datetime:
    """Read ``101502`` on a day in Seoul; a blank or impossible time is the day's beginning."""
    try:
        at = time(int(clock[:2]), int(clock[2:4]), int(clock[4:6]))
    except ValueError:
        at = time()
    return datetime.combine(day, at, SEOUL)


def day_text(day: date) -> str:
    """Write a day as KIS does: ``20261120``."""
    return day.strftime("%Y%m%d")
