"""The configuration in force, for people and programs to look at: everything but the secrets."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from pydantic import BaseModel

from algorithms.decimals import to_text
from daemon.config.schema import Entries, Group, Items, Leaf, Node, tree
from daemon.config.secret import Secret

if TYPE_CHECKING:
    from daemon.config.model import Config

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
"""What JSON can say. Decimals are strings."""


def describe(config: Config) -> dict[str, Plain]:
    """Every key with the value in force; of a secret only whether it is set."""
    return _model(config, tree())


def _model(model: BaseModel, node: Group) -> dict[str, Plain]:
    known = {name: _value(getattr(model, name), child) for name, child in node.fields.items()}
    extra = {name: _plain(value) for name, value in (model.model_extra or {}).items()}
    return known | extra


def _value(value: object, node: Node) -> Plain:
    match node:
        case Leaf(is_secret=True):
            return "set" if isinstance(value, Secret) else "not set"
        case Group() if isinstance(value, BaseModel):
            return _model(value, node)
        case Entries() if isinstance(value, Mapping):
            return {str(key): _value(each, node.value) for key, each in value.items()}
        case Items() if isinstance(value, tuple):
            return [_value(each, node.item) for each in value]
        case _:
            return _plain(value)


def _plain(value: object) -> Plain:
    match value:
        case None | bool() | int() | float():
            return value
        case Decimal():
            return to_text(value)
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return str(value)
