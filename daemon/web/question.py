"""What a question is made of: what will be done, what a person adds to it, where the yes goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daemon.web.page import Sources, Visit


@dataclass(frozen=True, slots=True)
class Input:
    """What a person writes or, with ``choices`` (value and label), picks before the yes.

    ``is_free``: the choices are suggestions, and anything else may be written.
    """

    name: str
    label: str
    value: str = ""
    choices: Sequence[tuple[str, str]] = ()
    is_needed: bool = False
    is_number: bool = False
    is_free: bool = False
    length_max: int = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What will be done. ``api``: where the form goes, with ``fields``; empty: nothing to do.

    ``see``: the page that shows what came of it, to which the answer's id is added. ``facts``
    join the fields, as JSON, for what is no text. ``note``: what is not touched, said quietly.
    ``done`` is said afterwards. With ``counts``, a list of the answer, its ``@`` is how long that
    is; of an empty one ``none`` is said, or ``later`` where the answer says it is not finished.
    """

    title: str
    text: str
    button: str
    api: str
    done: str = ""
    counts: str = ""
    none: str = ""
    later: str = ""
    details: Sequence[str] = ()
    note: str = ""
    fields: Mapping[str, str] | None = None
    facts: str = ""
    inputs: Sequence[Input] = ()
    see: str = ""
    is_dangerous: bool = False


class Ask(Protocol):
    """Makes a question from what the address asks for. Raises Refused and BadInput."""

    async def __call__(self, sources: Sources, visit: Visit, /) -> Question: ...


def new_key(sources: Sources) -> str:
    """Return the idempotency key of one form: a second click is the same request."""
    return f"page:{sources.engine.services.ids.new()}"
