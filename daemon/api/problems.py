"""What is wrong with a request: every fault with its path, all of them at once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import ValidationError

WHOLE_BODY = "body"
"""The path of a fault that has no smaller place."""

PROBLEMS_MAX = 100
"""More faults than this are only counted."""

_KEY_SHOWN_MAX = 64
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY_ITSELF = "[key]"
"""How pydantic ends the place of a fault that is in a key, not in its value."""
_QUOTED = re.compile(r"'([^']*)'")
_PLAIN_WORDS = {
    "dict_type": "not an object",
    "missing": "missing",
    "model_type": "not an object",
    "string_too_short": "empty",
    "string_type": "not a text",
    "tuple_type": "not a list",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: where (``orders[3].value``) and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class BadInput(Exception):  # noqa: N818 - it holds all of them
    """The request cannot be used. ``problems`` says why, at least once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        found = tuple(problems)
        more = len(found) - PROBLEMS_MAX
        if more > 0:
            found = (*found[:PROBLEMS_MAX], Problem(WHOLE_BODY, f"and {more} more problems"))
        self.problems = found
        super().__init__(found)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def path_text(keys: Sequence[str | int]) -> str:
    """Write a place in a JSON document: ``orders[3].value``, ``price["BRK.B"]``."""
    text = ""
    for key in keys:
        if isinstance(key, str) and _PLAIN_KEY.fullmatch(key) and len(key) <= _KEY_SHOWN_MAX:
            text += f".{key}" if text else key
        elif isinstance(key, str):
            # Escaped, so that no key can break a line of the log or of a terminal.
            text += f"[{json.dumps(key[:_KEY_SHOWN_MAX])}]"
        else:
            text += f"[{key}]"
    return text or WHOLE_BODY


def model_problems(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Say in our words what a pydantic model refused. Values are not repeated."""
    problems = []
    for fault in error.errors(include_url=False, include_input=False):
        place = fault["loc"]
        if place and place[-1] == _KEY_ITSELF:
            place = place[:-1]
        if fault["type"] == "extra_forbidden":
            known = ", ".join(_keys_at(model, place[:-1]))
            message = f"unknown key: there are {known}"
        else:
            message = _plain(fault["type"], fault.get("ctx", {})) or fault["msg"]
        problems.append(Problem(path_text(place), message))
    return problems


def _plain(kind: str, context: Mapping[str, object]) -> str | None:
    """Return our words for a kind of fault, if we have any."""
    if kind in _PLAIN_WORDS:
        return _PLAIN_WORDS[kind]
    if kind in {"enum", "literal_error"}:
        return f"must be one of {', '.join(_QUOTED.findall(str(context['expected'])))}"
    if kind == "string_too_long":
        return f"longer than {context['max_length']} characters"
    if kind == "too_long":
        return f"longer than {context['max_length']} items"
    return None


def _keys_at(model: type[BaseModel], place: Sequence[str | int]) -> Iterable[str]:
    """Return the keys that the object at a place of a model's document has."""
    for key in place:
        field = model.model_fields.get(str(key))
        # A number, or the key of a table, is another step to the model that was found already.
        inner = None if field is None else _model_in(field.annotation)
        model = inner or model
    return (field.alias or name for name, field in model.model_fields.items())


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Return the model that a field holds, itself or in a list, a table or a union."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
