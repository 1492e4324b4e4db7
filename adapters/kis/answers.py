"""What came back from a request, before anybody judges it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from adapters.http import Lost, NotSent
from adapters.kis.fields import text

if TYPE_CHECKING:
    from adapters.fields import Fields

OK = "0"
EMPTY = frozenset({"KIOK0560", "70070000"})
"""Codes of "nothing to show", with whatever ``rt_cd``."""
MORE = frozenset({"F", "M"})
"""``tr_cont`` of an answer that has a next page."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that arrived whole.

    ``code`` is ``msg_cd``, or the ``error_code`` of the token endpoint; ``result`` is ``rt_cd``.
    Both are blank where the body is not KIS's JSON; ``message`` is then its beginning.
    """

    status: int
    body: Fields
    result: str
    code: str
    message: str
    tr_cont: str = ""

    @property
    def is_good(self) -> bool:
        return self.result == OK

    @property
    def is_empty(self) -> bool:
        """Whether it says that there is nothing to show."""
        return self.code in EMPTY

    @property
    def has_more(self) -> bool:
        return self.tr_cont in MORE

    def said(self) -> str:
        """Return what it says, for people."""
        words = " ".join(part for part in (self.code, self.message) if part)
        return words or f"HTTP {self.status} without a word"


Observation = Reply | NotSent | Lost


def read_reply(status: int, raw: bytes, tr_cont: str) -> Reply:
    """Read an answer. Its body decides what it means, not its status."""
    try:
        body: object = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        words = " ".join(raw[:200].decode(errors="replace").split())
        return Reply(status, {}, "", "", words, tr_cont.strip())
    return Reply(
        status=status,
        body=body,
        result=text(body, "rt_cd"),
        code=text(body, "msg_cd", "error_code"),
        message=text(body, "msg1", "error_description"),
        tr_cont=tr_cont.strip(),
    )
