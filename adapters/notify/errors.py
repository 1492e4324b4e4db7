"""What can go wrong with telling people."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

ASKED_WAIT_S_MAX = 3600.0
"""No longer is waited, whatever the other side asks for."""


class NotDeliveredError(Exception):
    """The other side did not take a message.

    ``retry_after_s`` is how long it asks to be left alone. ``lasting``: a person must change
    something (a wrong token, an address that is gone) before it can work. The text never holds an
    address or a token.
    """

    def __init__(
        self, reason: str, *, retry_after_s: float | None = None, lasting: bool = False
    ) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        self.lasting = lasting


def wait_asked_for(header: str | None, now: datetime) -> float | None:
    """Read ``Retry-After``, seconds or a date: RFC 9110, section 10.2.3. Unreadable is None."""
    if header is None:
        return None
    try:
        wait = float(header)
    except ValueError:
        try:
            wait = (parsedate_to_datetime(header) - now) / timedelta(seconds=1)
        except (TypeError, ValueError):
            return None
    return min(max(wait, 0.0), ASKED_WAIT_S_MAX) if wait == wait else None  # noqa: PLR0124 - nan
