"""Headers that decide something, and so must be given once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daemon.api.problems import BadInput, Problem

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy


def header_once(headers: CIMultiDictProxy[str], name: str) -> str | None:
    """Return a header, None without it. Raises BadInput for two: nothing says which one counts."""
    found = headers.getall(name, ())
    if len(found) > 1:
        raise BadInput([Problem(name, "is given more than once")])
    return found[0] if found else None
