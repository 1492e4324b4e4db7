"""Environment variables that replace keys of the file.

``NETTINGD_`` and the key path with ``__`` between its parts, in any case:
``NETTINGD_ACCOUNTS__MAIN__PAPER__SEED=7``. The value is read as TOML where that works and the key
is no text; else it is taken as it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from daemon.config.document import parse_toml
from daemon.config.kinds import Kind
from daemon.config.problems import ConfigProblem, did_you_mean, path_text, printable
from daemon.config.schema import Entries, Group, Items, Leaf, Node, tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from daemon.config.problems import KeyPath

PREFIX = "NETTINGD_"
NOT_KEYS = frozenset({"NETTINGD_CONFIG"})
"""Variables of this prefix that name no key: the command line reads them."""


def apply_overrides(
    document: dict[str, object], environ: Mapping[str, str]
) -> tuple[dict[KeyPath, str], list[ConfigProblem]]:
    """Put the variables' values into ``document``.

    Returns which variable set which key, and what is wrong with variables themselves.
    """
    sources: dict[KeyPath, str] = {}
    problems: list[ConfigProblem] = []
    for name in _candidates(environ):
        found = _find(tree(), name.removeprefix(PREFIX).lower(), document)
        if found is None:
            if name not in _referenced_variables(document):
                problems.append(_unknown(name))
            continue
        path, node = found
        if path in sources:
            problems.append(
                ConfigProblem(name, f"sets {path_text(path)}, as does {sources[path]}", "unset one")
            )
            continue
        sources[path] = name
        _put(document, path, _read(node, name, environ[name]))
    return sources, problems


def _candidates(environ: Mapping[str, str]) -> list[str]:
    """Shorter paths first: a variable for a table, then those for keys in it."""
    names = (name for name in environ if name.startswith(PREFIX) and name not in NOT_KEYS)
    return sorted(names, key=lambda name: (name.count("__"), name))


def _referenced_variables(value: object) -> Iterator[str]:
    """Variables that the file reads secrets from; those may be called anything."""
    if isinstance(value, dict):
        for key, each in value.items():
            if key == "env" and isinstance(each, str):
                yield each
            yield from _referenced_variables(each)


def _find(node: Node, rest: str, here: object) -> tuple[KeyPath, Node] | None:
    """The key that ``rest`` spells below ``node``; ``here`` is what the file has there."""
    for spelling, key, child in _keys(node, rest, here):
        if rest == spelling:
            return (key,), child
        if rest.startswith(f"{spelling}__"):
            below = _find(child, rest[len(spelling) + 2 :], _get(here, key))
            if below is not None:
                return (key, *below[0]), below[1]
    return None


def _keys(node: Node, rest: str, here: object) -> Iterator[tuple[str, str | int, Node]]:
    """Keys that may begin ``rest``: as a variable spells them, as the file does, what they are."""
    head = rest.partition("__")[0]
    match node:
        case Group():
            yield from ((name, name, child) for name, child in node.fields.items())
            if node.is_open and rest and rest.isprintable():
                yield rest, rest, Leaf(None)
        case Entries():
            # Names may themselves hold two underscores, so those in the file are tried first.
            present = sorted(here, key=len, reverse=True) if isinstance(here, dict) else []
            yield from ((_spell(node, key).lower(), key, node.value) for key in present)
            if head:
                yield head, _spell(node, head), node.value
        case Items():
            count = len(here) if isinstance(here, list) else 0
            yield from ((str(index), index, node.item) for index in range(count + 1))
        case Leaf():
            return


def _spell(node: Entries, key: str) -> str:
    """The key as the configuration will hold it, if it is a valid one in either case."""
    for form in (key, key.upper()):
        try:
            return str(node.key.kind.read(form)) if isinstance(node.key.kind, Kind) else form
        except PydanticCustomError:
            continue
    return key


def _read(node: Node, name: str, text: str) -> object:
    if isinstance(node, Leaf) and node.is_secret:
        return {"env": name}
    try:
        parsed = parse_toml(f"value = {text}")
    except ValueError:
        return text
    value = parsed["value"]
    is_lost = isinstance(node, Leaf) and node.is_text and not isinstance(value, str)
    return text if is_lost or len(parsed) > 1 else value


def _get(here: object, key: str | int) -> object:
    match here, key:
        case dict(), str():
            return here.get(key)
        case list(), int() if key < len(here):
            return here[key]
        case _:
            return None


def _put(document: dict[str, object], path: KeyPath, value: object) -> None:
    """Set the key, making tables on the way; what is no table there is left for validation."""
    *folders, last = path
    here: object = document
    for key, following in zip(folders, path[1:], strict=True):
        if _get(here, key) is None:
            _set(here, key, [] if isinstance(following, int) else {})
        here = _get(here, key)
    _set(here, last, value)


def _set(here: object, key: str | int, value: object) -> None:
    match here, key:
        case dict(), str():
            here[key] = value
        case list(), int() if key < len(here):
            here[key] = value
        case list(), int():
            here.append(value)
        case _:
            pass


def _unknown(name: str) -> ConfigProblem:
    known = (PREFIX + "__".join(path).upper() for path in _fixed_paths(tree()))
    return ConfigProblem(printable(name), "names no key", did_you_mean(name.upper(), known))


def _fixed_paths(node: Group) -> Iterator[tuple[str, ...]]:
    """Paths of the keys that stand in no table with names of the user's."""
    for name, child in node.fields.items():
        yield (name,)
        if isinstance(child, Group):
            yield from ((name, *below) for below in _fixed_paths(child))
