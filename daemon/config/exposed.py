"""Files of secrets that others than their owner can read: people are told, and change that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel

from daemon.config.problems import ConfigProblem, path_text
from daemon.config.secret import Secret

if TYPE_CHECKING:
    from daemon.config.model import Config
    from daemon.config.problems import KeyPath


def exposed(config: Config) -> tuple[ConfigProblem, ...]:
    """One warning for every secret whose file is open to others on this host."""
    return tuple(
        ConfigProblem(
            path_text(path),
            f"others on this host can read {secret.open_file}",
            f"chmod 600 {secret.open_file}",
        )
        for path, secret in _secrets_in(config)
        if secret.open_file is not None
    )


def _secrets_in(here: object) -> Iterator[tuple[KeyPath, Secret]]:
    match here:
        case Secret():
            yield (), here
            return
        case BaseModel():
            inside: list[tuple[str | int, object]] = [
                (key, getattr(here, key)) for key in type(here).model_fields
            ]
        case Mapping():
            inside = list(here.items())
        case str() | bytes():
            return
        case Sequence():
            inside = list(enumerate(here))
        case _:
            return
    for key, each in inside:
        for path, secret in _secrets_in(each):
            yield (key, *path), secret
