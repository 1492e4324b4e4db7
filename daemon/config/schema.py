"""The tree of all keys, read off the models: for overrides, hints, the reference, the dump."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Union, get_args, get_origin

from pydantic import BaseModel

from daemon.config.kinds import Kind, PlacedKind
from daemon.config.model import Config
from daemon.config.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daemon.config.problems import KeyPath


@dataclass(frozen=True, slots=True)
class Leaf:
    """A key with a value. ``is_text``: an override is that value letter by letter."""

    kind: Kind | PlacedKind | None
    is_secret: bool = False

    @property
    def is_text(self) -> bool:
        return self.kind is not None and self.kind.text


@dataclass(frozen=True, slots=True)
class Group:
    """A table of known keys; ``is_open`` ones may hold others, too."""

    model: type[BaseModel]
    fields: Mapping[str, Node]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Entries:
    """A table whose keys the user chooses."""

    key: Leaf
    value: Node


@dataclass(frozen=True, slots=True)
class Items:
    """An array."""

    item: Node


Node = Leaf | Group | Entries | Items


@cache
def tree() -> Group:
    """The keys of the whole configuration."""
    return _group(Config)


def node_at(path: KeyPath) -> Node | None:
    """What stands at this path; None where nothing can."""
    node: Node | None = tree()
    for key in path:
        match node:
            case Group():
                node = node.fields.get(str(key))
            case Entries():
                node = node.value
            case Items():
                node = node.item
            case _:
                return None
    return node


def _group(model: type[BaseModel]) -> Group:
    fields = {
        name: _node(field.annotation, field.metadata) for name, field in model.model_fields.items()
    }
    return Group(model, fields, model.model_config.get("extra") == "allow")


def _node(annotation: object, metadata: Iterable[object] = ()) -> Node:
    bare, marks = _unwrapped(annotation, metadata)
    kind = next((mark for mark in marks if isinstance(mark, Kind | PlacedKind)), None)
    args = get_args(bare)
    if kind is not None or bare is Secret:
        return Leaf(kind, is_secret=bare is Secret)
    if get_origin(bare) is tuple:
        return Items(_node(args[0]))
    if get_origin(bare) is Mapping:
        key = _node(args[0])
        assert isinstance(key, Leaf)
        return Entries(key, _node(args[1]))
    assert isinstance(bare, type)
    assert issubclass(bare, BaseModel)
    return _group(bare)


def _unwrapped(annotation: object, metadata: Iterable[object]) -> tuple[object, list[object]]:
    """The type without ``Annotated`` and ``| None``, and everything it is annotated with."""
    marks = list(metadata)
    while (origin := get_origin(annotation)) in {Annotated, Union, UnionType}:
        args = get_args(annotation)
        annotation = next(each for each in args if each is not type(None))
        marks += args[1:] if origin is Annotated else ()
    return annotation, marks
