"""The text of ``config.toml`` as tables, or the place where it is no TOML."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from daemon.config.problems import ConfigErrors, ConfigProblem, printable

if TYPE_CHECKING:
    from pathlib import Path

_BYTES_MAX = 16 * 1024 * 1024
_DEPTH_MAX = 32
_TOO_DEEP = f"arrays or tables stand in each other more than {_DEPTH_MAX} deep"
_PLACED = re.compile(r"(?P<what>.*) \(at (?P<where>.*)\)", re.DOTALL)


def read_document(path: Path) -> dict[str, object]:
    """Read the file. Floats become exact decimals. Raises ``ConfigErrors``."""
    try:
        with path.open("rb") as file:
            content = file.read(_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a usable path"
        raise _unusable(path, f"cannot be read: {reason}", "name another: --config PATH") from None
    if len(content) > _BYTES_MAX:
        raise _unusable(path, f"is larger than {_BYTES_MAX} bytes")
    try:
        # Some editors begin UTF-8 files with a byte order mark, which is no TOML.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _unusable(path, f"line {line}: not UTF-8 text") from None
    try:
        return parse_toml(text)
    except ValueError as error:
        raise _unusable(path, str(error), "no valid TOML") from None


def parse_toml(text: str) -> dict[str, object]:
    """Tables of a TOML text. Raises ``ValueError`` that begins with line and column."""
    try:
        tables = tomllib.loads(text, parse_float=_exact)
    except tomllib.TOMLDecodeError as error:
        placed = _PLACED.fullmatch(str(error))
        message = f"{placed['where']}: {placed['what']}" if placed else str(error)
        raise ValueError(message) from None
    except ValueError:
        raise ValueError("a whole number has too many digits") from None
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    if _is_deeper_than(_DEPTH_MAX, tables):
        raise ValueError(_TOO_DEEP)
    return tables


def _is_deeper_than(levels: int, tables: dict[str, object]) -> bool:
    """Whether containers stand in each other further than that; without recursion itself."""
    level: list[dict[str, object] | list[object]] = [tables]
    for _ in range(levels):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _exact(text: str) -> Decimal | str:
    """A number as written; one beyond even ``Decimal`` stays a text, which no key accepts."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _unusable(path: Path, message: str, hint: str = "") -> ConfigErrors:
    return ConfigErrors([ConfigProblem(printable(str(path)), message, hint)])
