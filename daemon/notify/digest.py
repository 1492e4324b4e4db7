"""Notices as one message: a line each, and what is many of one kind folded together.

A message has a length that its reader accepts, so however much happens, people get one message
that says the most important in full and counts the rest. Everything can be read in the list of
notices; nothing is left out without being counted.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from daemon.notices import Level, render
from daemon.notify.lengths import TEXT_UNITS_MAX, cut, units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from daemon.i18n import Words
    from daemon.notify.outbox import Notice

LINES_MAX = 20
"""More notices than this are folded by kind."""
KEPT: Mapping[Level, int] = {Level.ALARM: 10, Level.WARNING: 3, Level.INFO: 2}
"""How many of a folded kind are shown, the newest."""
LINE_UNITS_MAX = 400
_MARKS: Mapping[Level, str] = {
    Level.ALARM: "\u203c\ufe0f ",
    Level.WARNING: "\u26a0\ufe0f ",
    Level.INFO: "",
}
_UNPRINTABLE = "\ufffd"
_ORDER = (Level.ALARM, Level.WARNING, Level.INFO)


@dataclass(frozen=True, slots=True)
class Digest:
    """A message: its text, and how many notices have a line in it; the others are counted."""

    text: str
    shown: int


def digest(notices: Sequence[Notice], zone: ZoneInfo, now: datetime, words: Words) -> Digest:
    """Write notices, at least one and the oldest first, as one message.

    Times are those of ``zone``; a day is added to what is not of today.
    """
    assert notices  # nobody is told of nothing
    today = now.astimezone(zone).date()

    def line(notice: Notice) -> str:
        at = notice.at.astimezone(zone)
        when = f"{at:%H:%M}" if at.date() == today else f"{at:%m-%d %H:%M}"
        sentence = " ".join(render(notice.code, notice.params, words, zone).split())
        text = "".join(each if each.isprintable() else _UNPRINTABLE for each in sentence)
        return cut(f"{when} {_MARKS[notice.level]}{text}", LINE_UNITS_MAX)

    if len(notices) <= LINES_MAX:
        return _fitted([(line(notice), 1, 0) for notice in notices], len(notices), words)
    kinds: defaultdict[tuple[Level, str], list[Notice]] = defaultdict(list)
    for notice in notices:
        kinds[notice.level, notice.code].append(notice)
    rows = []
    for (level, code), alike in sorted(kinds.items(), key=lambda kind: _ORDER.index(kind[0][0])):
        kept = alike[-KEPT[level] :]
        if folded := len(alike) - len(kept):
            title = words.count(
                "{code}: once", "{code}: {number} times, the last ones:", len(alike), code=code
            )
            rows.append((f"{_MARKS[level]}{title}", 0, folded))
        rows += [(line(notice), 1, 0) for notice in kept]
    return _fitted(rows, len(notices), words)


def _fitted(rows: Sequence[tuple[str, int, int]], total: int, words: Words) -> Digest:
    """Join rows of a text, the notices it shows and those it counts, as long as there is room."""
    lines: list[str] = []
    used = shown = counted = 0
    for text, shows, counts in rows:
        used += units(text) + 1
        if used > TEXT_UNITS_MAX:
            break
        lines.append(text)
        shown += shows
        counted += counts
    if left := total - shown - counted:
        lines.append(
            words.count(
                "… {number} more: see the list of notices",
                "… {number} more: see the list of notices",
                left,
            )
        )
    return Digest("\n".join(lines), shown)
