"""What is wrong with a configuration: every problem with its key path, none with its value.

A message never repeats what stands in the file, for it may be a secret in the wrong place; it
names keys, and names that other keys refer to.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Iterable

KeyPath = tuple[str | int, ...]
"""Where a key stands: ``("accounts", "main", "broker")``, ``("jobs", 0, "at")``."""

PATHS_HINT = "paths are relative to the config file"

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_CANDIDATES_MAX = 500


@dataclass(frozen=True, slots=True, order=True)
class ConfigProblem:
    """One fault: where (dotted key path, or the variable or file), what, and a way out."""

    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.path}: {self.message}{hint}"


class ConfigErrors(Exception):  # noqa: N818 - it holds all of them
    """The configuration cannot be used. ``errors`` holds every problem found, by path."""

    def __init__(self, errors: Iterable[ConfigProblem]) -> None:
        self.errors = tuple(sorted(set(errors)))
        super().__init__(self.errors)

    def __str__(self) -> str:
        return "\n".join(map(str, self.errors))


def fault(message: str, hint: str = "") -> PydanticCustomError:
    """What a reader of one value raises; the loader adds the path."""
    return PydanticCustomError("config", "{message}", {"message": message, "hint": hint})


def path_text(path: KeyPath) -> str:
    """The path as TOML writes it: ``instruments."BRK.B".lot``, ``jobs.0.at``."""
    return ".".join(
        str(key) if isinstance(key, int) or _BARE_KEY.fullmatch(key) else _quoted(key)
        for key in path
    )


def _quoted(key: str) -> str:
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{printable(escaped)}"'


def printable(text: str) -> str:
    """The text itself, or with escapes when a terminal could not show it."""
    return text if text.isprintable() else text.encode("unicode_escape").decode()


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint naming the known word nearest to ``word``, or nothing when none is near."""
    near = _nearest(word.lower(), frozenset(known))
    return f"did you mean {near}?" if near else ""


@lru_cache(maxsize=256)
def _nearest(word: str, known: frozenset[str]) -> str | None:
    from difflib import get_close_matches  # noqa: PLC0415 - only a faulty file pays for it

    by_lower = {name.lower(): name for name in sorted(known)[:_CANDIDATES_MAX]}
    found = get_close_matches(word, by_lower, n=1)
    return by_lower[found[0]] if found else None
