"""How numbers and times look to people."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import TYPE_CHECKING

from algorithms.decimals import to_text
from daemon.notices import render
from daemon.storage.rows import from_us

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from daemon.i18n import Words

Moment = datetime | str | int
"""A time: aware, or in ISO 8601, or microseconds as the database has it."""

NOTHING = "\N{EN DASH}"
IDS = frozenset({"order", "request", "run"})
ID_SHOWN = 6
"""The end of an id; the line of a notice links to the whole."""
NUMBERS = frozenset(
    {"quantity", "price", "value", "commission", "amount", "broker", "books", "total", "filled"}
    | {"profit", "fees", "saved", "bought", "sold", "loss", "limit", "remain"}
)
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?")
MINUS = "\N{MINUS SIGN}"
_DIGITS = 60
_HOUR, _MINUTE = 3600, 60


class Formats:
    """Formats for one visit: its language, the daemon's time zone, now."""

    def __init__(self, words: Words, zone: ZoneInfo, now: datetime) -> None:
        self._words = words
        self._zone = zone
        self._now = now

    def word(self, code: str) -> str:
        """Say a word of the machine as people do; one that is not known stays as it is."""
        return self._words.label(code)

    def notice(self, code: str, params: Mapping[str, str]) -> str:
        """Say a notice: numbers grouped, ids by their ends, which tell them apart."""
        shown = {name: self._shown(name, value) for name, value in params.items()}
        return render(code, shown, self._words, self._zone)

    def iso(self, moment: Moment) -> str:
        """A time for machines."""
        return _time(moment).isoformat()

    def short(self, moment: Moment) -> str:
        """The time of day, before it the day if that is not today."""
        at, now = self._local(moment), self._now.astimezone(self._zone)
        if at.date() == now.date():
            return at.strftime("%H:%M:%S")
        return at.strftime("%m-%d %H:%M" if at.year == now.year else "%Y-%m-%d")

    def exact(self, moment: Moment) -> str:
        """The time of day, to the millisecond."""
        at = self._local(moment)
        return f"{at:%H:%M:%S}.{at.microsecond // 1000:03}"

    def full(self, moment: Moment) -> str:
        """Everything there is, to the millisecond."""
        at = self._local(moment)
        return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03} {at.tzname()}"

    def ahead(self, moment: Moment) -> str:
        """How far away a time is, either way."""
        words = self._words
        seconds = abs(int((_time(moment) - self._now) / timedelta(seconds=1)))
        if seconds >= _HOUR:
            hours, minutes = seconds // _HOUR, seconds % _HOUR // _MINUTE
            return words.say("{hours} h {minutes} min", hours=hours, minutes=minutes)
        if seconds >= _MINUTE:
            return words.say("{minutes} min", minutes=seconds // _MINUTE)
        return words.say("{seconds} s", seconds=seconds)

    def duration(self, milliseconds: int) -> str:
        """Time that something took."""
        if milliseconds < 10_000:  # noqa: PLR2004 - up to here people read milliseconds
            return f"{milliseconds:,} ms"
        seconds = milliseconds // 1000
        return f"{seconds} s" if seconds < _HOUR else self.ahead(self._now + timedelta(0, seconds))

    def number(self, value: Decimal | str | None, places: int | None = None) -> str:
        """Group by thousands; rounded to ``places`` if these are given, else exact."""
        if value is None:
            return NOTHING
        number = Decimal(value)
        if places is not None:
            number = _rounded(number, places)
        text = to_text(number.copy_abs())
        whole, point, rest = text.partition(".")
        sign = MINUS if number < 0 else ""
        return f"{sign}{int(whole):,}{point}{rest}"

    def signed(self, value: Decimal | str | None, places: int | None = None) -> str:
        """As ``number``, with a plus sign for a gain."""
        text = self.number(value, places)
        return f"+{text}" if value is not None and Decimal(value) > 0 else text

    def trend(self, value: Decimal | str | None) -> str:
        """The class of a gain or a loss."""
        if value is None or not Decimal(value):
            return "flat"
        return "up" if Decimal(value) > 0 else "down"

    def _shown(self, name: str, value: str) -> str:
        if name in IDS and len(value) > ID_SHOWN:
            return f"\N{HORIZONTAL ELLIPSIS}{value[-ID_SHOWN:]}"
        if name in NUMBERS and _DECIMAL.fullmatch(value):
            return self.number(value)
        return value

    def _local(self, moment: Moment) -> datetime:
        return _time(moment).astimezone(self._zone)


def _time(moment: Moment) -> datetime:
    match moment:
        case datetime():
            return moment
        case int():
            return from_us(moment)
        case str():
            at = datetime.fromisoformat(moment)
            return at if at.tzinfo else at.replace(tzinfo=UTC)


def _rounded(number: Decimal, places: int) -> Decimal:
    with localcontext() as context:
        context.prec = _DIGITS
        return number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
