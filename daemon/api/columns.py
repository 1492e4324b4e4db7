"""From rows of the database to what is answered, by the types of the items."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args, get_type_hints

import orjson

from daemon.api.wire import Document, Time
from daemon.storage.rows import from_us

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    Item = dict[str, object]

_OBJECT = dict[str, str]


def _time(value: int) -> str:
    return from_us(value).isoformat()


_CONVERSIONS: Mapping[object, Callable[[object], object]] = {
    Time: _time,  # type: ignore[dict-item] # the database holds what its schema says
    Document: orjson.loads,  # type: ignore[dict-item]
    _OBJECT: orjson.loads,  # type: ignore[dict-item]
    bool: bool,
}


class Columns:
    """The members of one type of item, in order, and how each is made of a column."""

    def __init__(self, model: type) -> None:
        self.model = model
        hints = get_type_hints(model, include_extras=True)
        self.names = tuple(hints)
        self._convert = {
            name: conversion
            for name, hint in hints.items()
            if (conversion := _conversion(hint)) is not None
        }

    def item(self, row: sqlite3.Row) -> Item:
        """Make an item of a row: times as text, switches as such, documents opened."""
        item: Item = dict(zip(row.keys(), row, strict=True))
        for name, convert in self._convert.items():
            value = item.get(name)
            if value is not None:
                item[name] = convert(value)
        return item


def _conversion(hint: object) -> Callable[[object], object] | None:
    for kind in (hint, *get_args(hint)):
        found = _CONVERSIONS.get(kind) if kind is not type(None) else None
        if found is not None:
            return found
    return None


def csv_text(names: Sequence[str], items: Sequence[Mapping[str, object]], *, header: bool) -> str:
    """Write items as CSV (RFC 4180), a line each."""
    lines = [",".join(names)] if header else []
    lines += [",".join(_cell(item.get(name)) for name in names) for item in items]
    return "".join(f"{line}\r\n" for line in lines)


def _cell(value: object) -> str:
    """Write one cell. A text that a spreadsheet would calculate is kept from being one."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            text = value
            if text[:1] in _FORMULA and not _is_number(text):
                text = f"'{text}"
        case int():
            text = str(value)
        case _:
            text = orjson.dumps(value).decode()
    if any(letter in text for letter in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


_FORMULA = frozenset("=+-@\t\r")


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal()
