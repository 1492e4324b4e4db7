"""Secrets: referred to in the file, read at start, never shown again.

The file says ``{ env = "NAME" }`` or ``{ file = "path" }``; a literal is refused, so that the
file can be shown, copied and committed.
"""

from __future__ import annotations

import errno
import hmac
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn, cast

from pydantic_core import core_schema

from daemon.config.credentials import source_of
from daemon.config.problems import PATHS_HINT, fault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FILE_BYTES_MAX = 65_536
_OTHERS = 0o077
_FORMS = 'write { env = "NAME" } or { file = "path" }'


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What values of the file refer to: its folder, the environment, credentials."""

    folder: Path
    environ: Mapping[str, str]
    given: Mapping[Path, Path] = field(default_factory=dict)


class Secret:
    """A text that no representation, log line, dump or pickle shows; only :meth:`reveal` does.

    ``open_file``: where it was read from, if others on this host can read that too.
    """

    __slots__ = ("_text", "open_file")

    def __init__(self, text: str, open_file: Path | None = None) -> None:
        self._text = text
        self.open_file = open_file

    def reveal(self) -> str:
        """The secret itself, for the one place that sends or compares it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, _memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        message = "a secret is not pickled"
        raise TypeError(message)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: object, _handler: object
    ) -> core_schema.CoreSchema:
        def read(value: object, info: core_schema.ValidationInfo[object]) -> Secret:
            return read_secret(value, cast("Surroundings | None", info.context))

        return core_schema.with_info_plain_validator_function(
            read, serialization=core_schema.to_string_ser_schema()
        )


def read_secret(value: object, around: Surroundings | None) -> Secret:
    """Read what ``value`` refers to. Raises a fault when it is a literal or leads nowhere."""
    match value:
        case Secret():
            return value
        case {"env": str(name), **rest} if not rest and around is not None:
            return _from_environment(name, around)
        case {"file": str(name), **rest} if not rest and around is not None:
            return _from_file(name, around)
        case dict():
            raise fault("must refer to one variable or one file", _FORMS)
        case _:
            raise fault("a secret never stands in the file itself", _FORMS)


def _from_environment(name: str, around: Surroundings) -> Secret:
    if not _VARIABLE.fullmatch(name):
        raise fault("env must be the name of an environment variable", _FORMS)
    text = around.environ.get(name)
    if not text:
        state = "not set" if text is None else "empty"
        raise fault(f"environment variable {name} is {state}", "set it before starting")
    return _checked(text, "the variable's value")


def _from_file(name: str, around: Surroundings) -> Secret:
    try:
        source = source_of(around.folder / name, around.environ, around.given)
        content, is_open = _read(source)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a usable path"
        raise fault(f"the file cannot be read: {reason}", PATHS_HINT) from None
    if len(content) > _FILE_BYTES_MAX:
        raise fault(f"the file holds more than {_FILE_BYTES_MAX} bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise fault("the file is not UTF-8 text") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise fault("the file is empty")
    return _checked(text, "the file's content", source if is_open else None)


def _read(source: Path) -> tuple[bytes, bool]:
    """Return what a file holds, and whether others on this host can read it. Raises OSError."""
    if source.is_fifo():  # a reload would wait for whoever writes to it, and the daemon too
        raise OSError(errno.ESPIPE, "Is a pipe")
    with source.open("rb") as file:
        is_open = os.fstat(file.fileno()).st_mode & _OTHERS
        return file.read(_FILE_BYTES_MAX + 1), bool(is_open)


def _checked(text: str, what: str, open_file: Path | None = None) -> Secret:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise fault(f"{what} is not UTF-8 text") from None
    return Secret(text, open_file)
