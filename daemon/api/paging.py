"""Which part of a list is asked for: filters, how many, and where to go on."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import orjson

from daemon.api import webhook_fields as fields
from daemon.api.problems import BadInput, Problem, path_text
from daemon.storage.rows import to_us

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from enum import StrEnum

    from multidict import MultiMapping

LIMIT_MAX = 500
LIMIT_DEFAULT = 100
NUMBER_MAX = (1 << 63) - 1

T = TypeVar("T")

Place = tuple[str | int, ...]
"""Where an item stands in its list: the values it is sorted by."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A key of the query that narrows a list.

    ``condition`` is what it means in SQL, with the value under the key's name; lists that are not
    in the database compare the item's member of that name instead.
    """

    name: str
    condition: str
    read: Callable[[str], str | int]
    text: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page of a list. ``after`` is the place of the last item seen; None begins the list."""

    filters: Mapping[str, str | int]
    limit: int
    after: Place | None


def equal(name: str, column: str | None = None, read: Callable[[str], str] = fields.name) -> Filter:
    """Make a filter that compares one column."""
    return Filter(name, f"{column or name} = :{name}", read, f"Only of this {name}.")


def one_of(words: type[StrEnum], name: str) -> Filter:
    """Make a filter of a column that holds one of a few words."""

    def read(text: str) -> str:
        if text not in set(words):
            raise ValueError(f"must be one of {', '.join(words)}")
        return text

    schema = {"type": "string", "enum": [str(word) for word in words]}
    return Filter(name, f"{name} = :{name}", read, f"Only of this {name}.", schema)


def only(name: str, condition: str, text: str) -> Filter:
    """Make a filter that is there, and then ``true``, or is left out.

    Its condition is written out in SQL, so that it can use an index of only such rows.
    """

    def read(given: str) -> str:
        if given != "true":
            raise ValueError("must be true, or left out")
        return given

    return Filter(name, condition, read, text, {"type": "string", "enum": ["true"]})


def since(column: str) -> tuple[Filter, Filter]:
    """Make the filters of a time: ``from`` inclusive, ``to`` exclusive."""
    schema = {"type": "string", "examples": ["2026-11-20", "2026-11-20T09:30:00+09:00"]}
    return (
        Filter("from", f"{column} >= :from", _time, f"`{column}` at or after this time.", schema),
        Filter("to", f"{column} < :to", _time, f"`{column}` before this time.", schema),
    )


def read_page(query: MultiMapping[str], filters: Sequence[Filter], start: Place) -> PageRequest:
    """Read a query string. Raises ``BadInput`` with every fault.

    ``start`` is a place of this list's form, with which a cursor is compared.
    """
    known = [*(each.name for each in filters), "limit", "after"]
    there_are = f"unknown here: there are {', '.join(known)}"
    problems = [
        Problem(path_text((key,)), there_are) for key in dict.fromkeys(query) if key not in known
    ]

    def read(key: str, reader: Callable[[str], T]) -> T | None:
        values = query.getall(key, [])
        if len(values) > 1:
            problems.append(Problem(key, "is given more than once"))
        elif values:
            try:
                return reader(values[0])
            except ValueError as error:
                problems.append(Problem(key, str(error)))
        return None

    found = {
        each.name: value for each in filters if (value := read(each.name, each.read)) is not None
    }
    limit = read("limit", _limit)
    after = read("after", lambda text: _place(text, start))
    if problems:
        raise BadInput(problems)
    return PageRequest(found, limit or LIMIT_DEFAULT, after)


def cursor_of(place: Place) -> str:
    """Return the text that stands for a place, to be sent back as ``after``."""
    return urlsafe_b64encode(orjson.dumps(place)).decode().rstrip("=")


def _limit(text: str) -> int:
    short = text.isascii() and text.isdigit() and len(text) <= len(str(LIMIT_MAX))
    if not short or not 1 <= int(text) <= LIMIT_MAX:
        raise ValueError(f"must be a whole number from 1 to {LIMIT_MAX}")
    return int(text)


def _time(text: str) -> int:
    """Read a moment, or a day, which begins at midnight UTC."""
    try:
        at = datetime.fromisoformat(text)
        return to_us(at if at.tzinfo else at.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise ValueError(
            "must be a day or a time in ISO 8601 such as 2026-11-20T09:30:00+09:00"
        ) from None


def _place(text: str, start: Place) -> Place:
    try:
        place = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:  # neither base 64 nor JSON
        place = None
    # Of the right types, and numbers of a size that the database takes.
    fits = isinstance(place, list) and list(map(type, place)) == list(map(type, start))
    if not fits or any(isinstance(part, int) and abs(part) > NUMBER_MAX for part in place):
        raise ValueError("must be the next of an earlier answer of this list")
    return tuple(place)
