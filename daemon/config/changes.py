"""What differs between two configurations, key by key, and which keys wait for a restart.

Values are never told, for they may be secrets; which key it is says enough to find it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from daemon.config.loader import load_config
from daemon.config.overrides import PREFIX
from daemon.config.problems import path_text
from daemon.config.section import Section

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from daemon.config.model import Config
    from daemon.config.problems import KeyPath

RESTART_KEYS: tuple[KeyPath, ...] = (
    ("daemon", "data_dir"),
    ("database", "url"),
    ("http", "host"),
    ("http", "port"),
    ("http", "tls"),
)
"""What a running daemon holds open: its folder and lock, its database, its door."""

_ABSENT = object()


class ChangeKind(StrEnum):
    """What became of a key."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. A table that is new or gone is one difference, whatever is in it."""

    path: KeyPath
    kind: ChangeKind

    def __str__(self) -> str:
        return f"{path_text(self.path)} {self.kind.value}"


def load_again(path: Path, environ: Mapping[str, str], running: Config) -> Config:
    """Read the configuration for a daemon that has its folder already.

    A changed ``daemon.data_dir`` is told, and nothing follows it: files that stand in it by
    default stay where they are. Raises ``ConfigErrors``.
    """
    config = load_config(path, environ)
    named = config.daemon.data_dir
    if named == running.daemon.data_dir:
        return config
    here = str(running.daemon.data_dir)
    config = load_config(path, {**environ, f"{PREFIX}DAEMON__DATA_DIR": here})
    return config.model_copy(
        update={"daemon": config.daemon.model_copy(update={"data_dir": named})}
    )


def changes_between(old: Config, new: Config) -> tuple[Change, ...]:
    """Return every difference, in the order of the file's tables."""
    return tuple(_differences((), old, new))


def kept_until_restart(old: Config, new: Config) -> tuple[Config, tuple[str, ...]]:
    """Return ``new`` with the old values of ``RESTART_KEYS``, and the keys that had others."""
    waiting = tuple(path for path in RESTART_KEYS if _at(old, path) != _at(new, path))
    kept = new
    for table, key in waiting:
        section = getattr(kept, str(table)).model_copy(update={str(key): _at(old, (table, key))})
        kept = kept.model_copy(update={str(table): section})
    return kept, tuple(path_text(path) for path in waiting)


def _at(config: Config, path: KeyPath) -> object:
    found: object = config
    for key in path:
        found = getattr(found, str(key))
    return found


def _differences(path: KeyPath, old: object, new: object) -> Iterator[Change]:
    match old, new:
        case Section(), Section():
            for name in type(new).model_fields:
                yield from _differences((*path, name), getattr(old, name), getattr(new, name))
        case Mapping(), Mapping():
            for name in (*old, *(name for name in new if name not in old)):
                before, now = old.get(name, _ABSENT), new.get(name, _ABSENT)
                yield from _differences((*path, name), before, now)
        case _ if old is _ABSENT:
            yield Change(path, ChangeKind.ADDED)
        case _ if new is _ABSENT:
            yield Change(path, ChangeKind.REMOVED)
        case _ if old != new:
            yield Change(path, ChangeKind.CHANGED)
