"""The reference of all keys, in Markdown: ``python -m daemon.config.reference``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import to_text
from daemon.config.kinds import Kind, PlacedKind
from daemon.config.schema import Entries, Group, Items, Leaf, Node, tree
from daemon.config.values import read_symbol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

_HEAD = """\
# config.toml

Made from the models by `python -m daemon.config.reference`; do not edit.

- The file is TOML. Paths in it are relative to it. Unknown keys are errors.
- Numbers may be written as strings. They are exact: at most 18 digits before the point and 18
  after it.
- Names of accounts, strategies and books begin with a lower-case letter and hold a-z, 0-9 and _.
- A secret is never written in the file: `{ env = "NAME" }` takes it from the environment,
  `{ file = "path" }` from a file, without its last line break.
- Every key can be replaced by an environment variable: `NETTINGD_` and the path with `__`, in any
  case: `NETTINGD_ACCOUNTS__MAIN__PAPER__SEED=7`. Values are read as TOML; those of texts and
  secrets are taken as they are. `NETTINGD_CONFIG` is no key.
- `nettingd check` prints every problem with its path and ends with 2 if there is one.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_tables(tree(), "")])


def _tables(group: Group, path: str) -> Iterator[str]:
    """Each table of the file, in its order, those inside it after it."""
    for name, node in group.fields.items():
        note = group.model.model_fields[name].description
        match node:
            case Group():
                yield from _table(node, f"{path}{name}", "[{}]", note)
            case Entries(key=key, value=Group() as entry):
                symbol = isinstance(key.kind, Kind) and key.kind.read is read_symbol
                yield from _table(entry, f"{path}{name}.{'SYMBOL' if symbol else 'NAME'}", "[{}]")
            case Items(item=Group() as item):
                yield from _table(item, f"{path}{name}", "[[{}]]")
            case _:
                pass


def _table(group: Group, path: str, brackets: str, note: str | None = None) -> Iterator[str]:
    rows = [
        f"| `{name}` | {_type(node)} | {_default(field)} | {field.description} |"
        for name, node, field in _keys(group)
    ]
    yield f"## {brackets.format(path)}\n"
    yield f"{inspect.getdoc(group.model)} {note or ''}".strip() + "\n"
    if rows:
        yield "\n".join(["| Key | Type | Default | Meaning |\n|---|---|---|---|", *rows, ""])
    yield from _tables(group, f"{path}.")


def _keys(group: Group) -> Iterator[tuple[str, Node, FieldInfo]]:
    """The keys of a table that are no tables with keys of their own."""
    for name, node in group.fields.items():
        if not isinstance(node, Group):
            yield name, node, group.model.model_fields[name]


def _type(node: Node) -> str:
    match node:
        case Leaf(is_secret=True):
            return "secret"
        case Leaf(kind=Kind() | PlacedKind() as kind):
            return kind.name
        case Items(item=item):
            return f"array: {_type(item)}"
        case Entries(key=key, value=value):
            return f"table, {_type(key)}: {_type(value)}"
        case _:
            return "table"


def _default(field: FieldInfo) -> str:
    if isinstance(field.json_schema_extra, dict):
        return str(field.json_schema_extra["derived"])
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    return "none" if value is None else f"`{_toml(value)}`"


def _toml(value: object) -> str:
    """The value as the file would have it."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float() | Decimal():
            return to_text(Decimal(value))
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case Mapping():
            return "{}"
        case _:
            return f'"{value}"'


if __name__ == "__main__":
    sys.stdout.write(reference())
