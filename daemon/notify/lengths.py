"""Texts as long as Telegram takes them: https://core.telegram.org/bots/api#sendmessage."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

TEXT_UNITS_MAX = 3800
"""Of the 4096 UTF-16 code units that a message may have, with room for a last line."""
_CUT = "…"


def units(text: str) -> int:
    """Count as Telegram does, in UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int) -> str:
    """Shorten a text to so many units, at least one."""
    if units(text) <= limit:
        return text
    kept = text.encode("utf-16-le", "surrogatepass")[: 2 * (limit - len(_CUT))]
    return kept.decode("utf-16-le", "ignore") + _CUT


def as_fits(lines: Sequence[str], more: Callable[[int], str]) -> str:
    """Join lines as far as a message goes; ``more`` says how many were left out."""
    used = 0
    for number, line in enumerate(lines):
        used += units(line) + 1
        if used > TEXT_UNITS_MAX:
            return "\n".join([*lines[:number], more(len(lines) - number)])
    return "\n".join(lines)
