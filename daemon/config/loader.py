"""From ``config.toml`` and the environment to a frozen ``Config``, or to all that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from daemon.config.conflicts import find_conflicts
from daemon.config.credentials import NONE
from daemon.config.document import read_document
from daemon.config.model import Config, with_derived_defaults
from daemon.config.overrides import apply_overrides
from daemon.config.problems import ConfigErrors, ConfigProblem, did_you_mean, path_text
from daemon.config.rule_conflicts import MESSAGES
from daemon.config.schema import Group, node_at
from daemon.config.secret import Surroundings
from daemon.config.tables import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from daemon.config.problems import KeyPath


def load_config(
    path: Path, environ: Mapping[str, str], given: Mapping[Path, Path] = NONE
) -> Config:
    """Read the file, apply overrides, resolve secrets, check everything.

    ``given``: where credentials are read, as in ``source_of``.
    Raises ``ConfigErrors`` with every problem found; nothing is opened or written.
    """
    tables = read_document(path)
    sources, problems = apply_overrides(tables, environ)
    filled = with_derived_defaults(tables)
    around = Surroundings(path.absolute().parent, environ, given)
    config, conflicts = _validate(filled, around)
    conflicts += find_conflicts(filled, around)
    problems += (_problem(each, sources) for each in conflicts)
    if config is None or problems:
        raise ConfigErrors(problems)
    return config


def _validate(
    tables: dict[str, object], around: Surroundings
) -> tuple[Config | None, list[Conflict]]:
    try:
        return Config.model_validate(tables, context=around), []
    except ValidationError as error:
        # Neither the inputs nor this exception go further: they may hold secrets.
        details = error.errors(include_input=False, include_url=False)
    return None, list(_explained(details, tables))


def _explained(details: list[ErrorDetails], tables: dict[str, object]) -> Iterator[Conflict]:
    parents = {detail["loc"][:end] for detail in details for end in range(1, len(detail["loc"]))}
    for detail in details:
        kind, place = detail["type"], _place(detail, tables)
        if kind == "extra_forbidden":
            parent = node_at(place[:-1])
            siblings = parent.fields if isinstance(parent, Group) else ()
            yield Conflict(place, "unknown key", did_you_mean(str(place[-1]), siblings))
        elif kind == "config":
            yield Conflict(place, detail["ctx"]["message"], detail["ctx"]["hint"])
        elif kind != "too_short" or detail["loc"] not in parents:
            # An array whose items are faulty counts as empty, which is no news.
            yield Conflict(place, MESSAGES.get(kind, detail["msg"]))


def _place(detail: ErrorDetails, tables: dict[str, object]) -> KeyPath:
    """Where the fault stands in the file: not below a value that stands for an array of one."""
    path = detail["loc"]
    if detail["type"] == "config" and path[-1] == "[key]":
        path = path[:-1]
    here: object = tables
    for depth, key in enumerate(path):
        if isinstance(here, str):
            return path[:depth]
        here = _below(here, key)
    return path


def _below(here: object, key: str | int) -> object:
    match here:
        case dict():
            return here.get(key)
        case list() if isinstance(key, int) and key < len(here):
            return here[key]
        case _:
            return None


def _problem(conflict: Conflict, sources: dict[KeyPath, str]) -> ConfigProblem:
    """Say where it is, and that a variable put it there if one did."""
    path, message, hint = conflict
    above = (path[:end] for end in range(len(path), 0, -1))
    source = next((sources[each] for each in above if each in sources), None)
    if source is not None:
        hint = f"{hint}; set by {source}" if hint else f"set by {source}"
    return ConfigProblem(path_text(path), message, hint)
