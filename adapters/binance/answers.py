"""What came back from a request, before anybody judges it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from adapters.http import Lost, NotSent

if TYPE_CHECKING:
    from collections.abc import Mapping

_BANNED_UNTIL = re.compile(r"until (\d{13})\b")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that arrived whole. ``body`` is None where it is not JSON.

    ``code`` and ``message`` are those of Binance's error bodies; the message of another body is
    its beginning.
    """

    status: int
    body: object
    code: int | None = None
    message: str = ""
    retry_after_s: float | None = None
    banned_until_ms: int | None = None

    @property
    def is_good(self) -> bool:
        return self.status == 200 and self.code is None and self.body is not None  # noqa: PLR2004


Observation = Reply | NotSent | Lost


def read_reply(status: int, raw: bytes, headers: Mapping[str, str]) -> Reply:
    """Read an answer's status, body and the few headers that matter."""
    try:
        body: object = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    code, message = _error(body)
    if body is None:
        message = " ".join(raw[:200].decode(errors="replace").split())
    banned = _BANNED_UNTIL.search(message)
    return Reply(
        status=status,
        body=body,
        code=code,
        message=message,
        retry_after_s=_seconds(headers.get("Retry-After")),
        banned_until_ms=int(banned[1]) if banned else None,
    )


def _error(body: object) -> tuple[int | None, str]:
    """Take code and message out of an error body. Code 200 reports a success."""
    if not isinstance(body, dict):
        return None, ""
    message, code = body.get("msg"), body.get("code")
    failed = isinstance(code, int) and code < 0
    return code if failed else None, message if isinstance(message, str) else ""


def element_reply(element: object) -> Reply:
    """Read one element of a batch's answer as though it had come alone."""
    code, message = _error(element)
    return Reply(400 if code is not None else 200, element, code, message)


def _seconds(text: str | None) -> float | None:
    if text is None or not text.strip().isdigit():
        return None
    return float(text.strip())
