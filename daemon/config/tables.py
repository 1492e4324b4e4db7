"""Looking into plain tables that may hold anything: what has the wrong type is passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Callable

    from daemon.config.problems import KeyPath

T = TypeVar("T")
Tables = dict[str, object]


class Conflict(NamedTuple):
    """Something wrong between keys; ``path`` is the one to change."""

    path: KeyPath
    message: str
    hint: str = ""


def table(tables: Tables, section: str) -> Tables:
    """A section, empty if it is none."""
    value = tables.get(section)
    return value if isinstance(value, dict) else {}


def entries(tables: Tables, section: str) -> dict[str, Tables]:
    """The named tables of a section."""
    return {
        name: entry for name, entry in table(tables, section).items() if isinstance(entry, dict)
    }


def items(tables: Tables, section: str) -> list[tuple[int, Tables]]:
    """The tables of an array, with their places."""
    value = tables.get(section)
    numbered = enumerate(value) if isinstance(value, list) else ()
    return [(number, each) for number, each in numbered if isinstance(each, dict)]


def texts(value: object) -> list[tuple[KeyPath, str]]:
    """The strings of an array with their places, or a string that stands for one."""
    if isinstance(value, str):
        return [((), value)]
    numbered = enumerate(value) if isinstance(value, list) else ()
    return [((number,), each) for number, each in numbered if isinstance(each, str)]


def attempt(read: Callable[[object], T], value: object) -> T | None:
    """What ``read`` makes of the value; None where its key will be reported anyway."""
    try:
        return read(value)
    except PydanticCustomError:
        return None
