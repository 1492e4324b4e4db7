"""Which part of a list is asked for: filters, how many, and where to go on."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import orjson

from daemon.api import webhook_fields as fields
from daemon.api.problems import BadInput, Problem, path_text

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from multidict import MultiMapping

LIMIT_MAX = 500
LIMIT_DEFAULT = 100
NUMBER_MAX = (1 << 63) - 1

T = TypeVar("T")

_READERS: Mapping[str, Callable[[str], str]] = {
    "account": fields.name,
    "book": fields.name,
    "strategy": fields.name,
    "symbol": fields.symbol,
}
FILTERS = tuple(_READERS)

Place = tuple[str | int, ...]
"""Where an item stands in its list: the values it is sorted by."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One page of a list. ``after`` is the place of the last item seen; None begins the list."""

    filters: Mapping[str, str]
    limit: int
    after: Place | None


def read_page(query: MultiMapping[str], filters: Collection[str], start: Place) -> PageRequest:
    """Read a query string. Raises ``BadInput`` with every fault.

    ``start`` is a place of this list's form, with which a cursor is compared.
    """
    there_are = f"unknown here: there are {', '.join([*filters, 'limit', 'after'])}"
    problems = [
        Problem(path_text((key,)), there_are)
        for key in dict.fromkeys(query)
        if key not in {*filters, "limit", "after"}
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

    found = {key: value for key in filters if (value := read(key, _READERS[key])) is not None}
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
