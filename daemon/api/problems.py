"""What is wrong with a request: every fault with its path, all of them at once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import ValidationError

WHOLE_BODY = "body"
"""The path of a fault that has no smaller place."""

PROBLEMS_MAX = 100
"""More faults than this are only counted."""

_KEY_SHOWN_MAX = 64
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KEY_ITSELF = "[key]"
"""How pydantic ends the place of a fault that is in a key, not in its value."""
_PLAIN_WORDS = {
    "dict_type": "not an object",
    "extra_forbidden": "unknown key",
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


def model_problems(error: ValidationError) -> list[Problem]:
    """Say in our words what a pydantic model refused. Values are not repeated."""
    problems = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        place = fault["loc"]
        if place and place[-1] == _KEY_ITSELF:
            place = place[:-1]
        problems.append(Problem(path_text(place), _PLAIN_WORDS.get(fault["type"], fault["msg"])))
    return problems
