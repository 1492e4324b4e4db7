"""Tables in plain text, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from daemon.cli.voice import cell, heading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RIGHT = ">"
"""A column whose name begins so is a number: its cells end in line."""


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out cells under their columns' names, two blanks apart, a line each.

    Characters that a terminal cannot show are escaped, so that no cell breaks its line.
    """
    names = [column.removeprefix(RIGHT) for column in columns]
    said = [[_printable(cell(*each)) for each in zip(names, row, strict=True)] for row in rows]
    lines = [[heading(name.replace("_", " ")) for name in names], *said]
    widths = [max(map(_width, cells)) for cells in zip(*lines, strict=True)]
    right = [column.startswith(RIGHT) for column in columns]
    lines.insert(1, ["-" * width for width in widths])
    return "".join("  ".join(map(_padded, line, widths, right)).rstrip() + "\n" for line in lines)


def item_table(columns: Sequence[str], items: Sequence[Mapping[str, object]]) -> str:
    """Lay out members of items; what is missing or false is left blank."""
    rows = [[_cell(item.get(name.removeprefix(RIGHT))) for name in columns] for item in items]
    return table(columns, rows)


def _cell(value: object) -> str:
    return "" if value is None or value is False else str(value)


def _printable(text: str) -> str:
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def _width(text: str) -> int:
    """Columns of a terminal; Korean letters take two."""
    return len(text) + sum(east_asian_width(letter) in "WF" for letter in text)


def _padded(text: str, width: int, right: bool) -> str:  # noqa: FBT001 - one of map's columns
    blanks = " " * (width - _width(text))
    return blanks + text if right else text + blanks
