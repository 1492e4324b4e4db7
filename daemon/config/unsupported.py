"""What the configuration may say already and this version does not do yet.

Such keys are valid, and the later versions that do them need no other file. But nobody shall
believe that they work: ``nettingd check`` prints these warnings and the daemon logs them. A
version that learns something deletes its row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel

from daemon.config.problems import ConfigProblem, path_text

if TYPE_CHECKING:
    from daemon.config.model import Config
    from daemon.config.problems import KeyPath


@dataclass(frozen=True, slots=True)
class Gap:
    """Something not done yet: the key (``*`` any name), its values, what happens instead."""

    path: str
    applies: Callable[[object], bool]
    instead: str


GAPS: tuple[Gap, ...] = ()


def unsupported(config: Config) -> tuple[ConfigProblem, ...]:
    """One warning for every key whose value this version does not act upon."""
    return tuple(
        ConfigProblem(path_text(path), "not supported by this version", gap.instead)
        for gap in GAPS
        for path, value in _values_at(config, gap.path.split("."))
        if gap.applies(value)
    )


def _values_at(here: object, keys: list[str]) -> Iterator[tuple[KeyPath, object]]:
    """Every value the pattern leads to, with its path."""
    if not keys:
        yield (), here
        return
    for key, value in _children(here, keys[0]):
        for path, found in _values_at(value, keys[1:]):
            yield (key, *path), found


def _children(here: object, key: str) -> list[tuple[str | int, object]]:
    match here:
        case BaseModel():
            return [(key, getattr(here, key))]
        case Mapping():
            return list(here.items())
        case tuple():
            return list(enumerate(here))
        case _:
            return []
