"""The day's jobs, and how their times are written.

``09:10``, ``09:10 Asia/Seoul``, ``open+10m`` and ``close-15m`` are times of a market day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field

from daemon.config.kinds import AccountRef, Kind, one_of
from daemon.config.problems import fault
from daemon.config.section import Section
from daemon.config.values import read_list, read_zone

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?(?: +(\S+))?")
_SESSION = re.compile(r"(open|close)(?:([+-])([0-9]{1,4})([smh]))?")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}
_DAY = timedelta(days=1)
_EXAMPLES = 'like "09:10", "09:10 Asia/Seoul", "open+10m" or "close-15m"'


class Anchor(StrEnum):
    """What a job's time is counted from, on a market day."""

    MIDNIGHT = "midnight"
    OPEN = "open"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class JobTime:
    """``offset`` after ``anchor``. ``zone`` is that of a clock time; None is the exchange's."""

    anchor: Anchor
    offset: timedelta
    zone: ZoneInfo | None = None

    def __str__(self) -> str:
        if self.anchor is Anchor.MIDNIGHT:
            minutes, second = divmod(self.offset.seconds, 60)
            clock = f"{minutes // 60:02}:{minutes % 60:02}" + (f":{second:02}" if second else "")
            return f"{clock} {self.zone}" if self.zone else clock
        if not self.offset:
            return self.anchor
        seconds = int(abs(self.offset).total_seconds())
        amount = f"{seconds // 60}m" if seconds % 60 == 0 else f"{seconds}s"
        return f"{self.anchor}{'-' if self.offset < timedelta() else '+'}{amount}"


def read_job_time(value: object) -> JobTime:
    """Raises a fault when ``value`` is no time of a job."""
    if isinstance(value, JobTime):
        return value
    if not isinstance(value, str):
        raise fault("must be a time in quotes", _EXAMPLES)
    if clock := _CLOCK.fullmatch(value.strip()):
        hour, minute, second, zone = clock.groups()
        offset = timedelta(hours=int(hour), minutes=int(minute), seconds=int(second or 0))
        return JobTime(Anchor.MIDNIGHT, offset, read_zone(zone) if zone else None)
    if session := _SESSION.fullmatch(value.strip()):
        anchor, sign, amount, unit = session.groups()
        offset = timedelta(**{_UNITS[unit]: int(amount)}) if unit else timedelta()
        if offset < _DAY:
            return JobTime(Anchor(anchor), -offset if sign == "-" else offset)
    raise fault("must be a time", _EXAMPLES)


class JobKind(StrEnum):
    """What a job does."""

    MAKE_ORDERS = "make_orders"
    TWAP = "twap"
    LOC = "loc"
    REBALANCE = "rebalance"
    RECONCILE = "reconcile"
    REPORT = "report"


class JobConfig(Section):
    """Work done at set times of each account's market day."""

    run: Annotated[JobKind, one_of(JobKind)] = Field(description="What to do.")
    at: Annotated[
        tuple[Annotated[JobTime, Kind("time", read_job_time, text=True)], ...],
        BeforeValidator(read_list),
    ] = Field(
        min_length=1,
        description="When: one time or several. A clock time is in the exchange's time zone "
        "unless it names another.",
    )
    accounts: tuple[AccountRef, ...] = Field(
        (), min_length=1, description="For which accounts.", json_schema_extra={"derived": "all"}
    )
