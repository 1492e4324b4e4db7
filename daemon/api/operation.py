"""One thing that can be asked for over HTTP: its path, who may, what it takes, what it answers.

The application is built from these, and so are the OpenAPI document and the page for people.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NotRequired

from typing_extensions import TypedDict

from daemon.api.errors import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from http import HTTPStatus

    from daemon.api.respond import Handler

JSON = "application/json"
CSV = "text/csv"
HTML = "text/html"
PLAIN = "text/plain"
STREAM = "text/event-stream"


class Access(StrEnum):
    """Who may ask."""

    ANYBODY = "none"
    STRATEGY = "the strategy's"
    ADMIN = "the admin's"


class StreamEvent(TypedDict):
    """One server-sent event as a reader sees it; ``id`` only where one may go on from it."""

    event: str
    data: str
    id: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A key of the query string or a part of the path, as a JSON schema."""

    name: str
    text: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer of one status holds. ``model`` None: text of the given ``media``.

    Of a stream, ``model`` is one event.
    """

    text: str
    model: object = None
    media: tuple[str, ...] = (JSON,)


_STORAGE = frozenset(code for code in ErrorCode if code.startswith("storage_"))
_OF_ACCESS = {
    Access.ANYBODY: frozenset[ErrorCode](),
    Access.STRATEGY: frozenset(
        {ErrorCode.UNAUTHORIZED, ErrorCode.TOO_MANY_FAILURES, ErrorCode.ADDRESS_NOT_ALLOWED}
    ),
    Access.ADMIN: frozenset(
        {ErrorCode.UNAUTHORIZED, ErrorCode.TOO_MANY_FAILURES, ErrorCode.SESSION_NEEDS_CSRF}
    ),
}
OF_BODIES = frozenset(
    {
        ErrorCode.BAD_INPUT,
        ErrorCode.BAD_HTTP,
        ErrorCode.BODY_TOO_LARGE,
        ErrorCode.BODY_TOO_SLOW,
        ErrorCode.UNSUPPORTED_MEDIA_TYPE,
        ErrorCode.EXPECTATION_FAILED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path. ``body`` is the model of what it takes, None if it takes nothing.

    ``codes`` are the errors beside those that follow from access, body and database.
    """

    method: str
    path: str
    summary: str
    handler: Handler
    access: Access = Access.ADMIN
    in_path: tuple[Parameter, ...] = ()
    query: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()
    body: object = None
    body_required: bool = True
    answers: Mapping[int, Answer] = field(default_factory=dict)
    codes: frozenset[ErrorCode] = frozenset()
    asks_database: bool = True

    def problems(self) -> dict[HTTPStatus, list[ErrorCode]]:
        """Return every error it may answer, by status."""
        codes = self.codes | _OF_ACCESS[self.access] | {ErrorCode.INTERNAL}
        if self.body is not None:
            codes |= OF_BODIES
        if self.query:
            codes |= {ErrorCode.BAD_INPUT}
        if self.asks_database:
            codes |= _STORAGE
        if self.access is Access.ADMIN and self.method == "GET":
            codes -= {ErrorCode.SESSION_NEEDS_CSRF}
        by_status: dict[HTTPStatus, list[ErrorCode]] = {}
        for code in ErrorCode:
            if code in codes:
                by_status.setdefault(code.status, []).append(code)
        return by_status


def in_order(operations: Iterable[Operation]) -> list[Operation]:
    """Sort operations as people look for them: by path, then by method."""
    return sorted(operations, key=lambda each: (each.path, each.method))
