"""Markets: corrections of their calendars, and instruments the broker describes badly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from daemon.config.kinds import Day, Kind, Positive, Table, empty_table, one_of
from daemon.config.problems import fault
from daemon.config.section import Section
from daemon.config.values import choice_of

_HOURS = re.compile(r"([0-9]{2}:[0-9]{2}) ?- ?([0-9]{2}:[0-9]{2})")


class Market(StrEnum):
    """Where an account trades; decides its calendar, lots and ticks."""

    XKRX = "XKRX"
    XNYS = "XNYS"
    ALWAYS_OPEN = "24/7"


read_market = choice_of(Market)


class InstrumentType(StrEnum):
    """What kind of paper a symbol is; decides its ticks."""

    STOCK = "stock"
    ETF = "etf"
    ETN = "etn"
    ELW = "elw"


class Exchange(StrEnum):
    """Where a US symbol is listed, as KIS spells it; NYSE Arca counts as AMEX."""

    NASDAQ = "NASD"
    NYSE = "NYSE"
    AMEX = "AMEX"


class KoreanVenue(StrEnum):
    """Where KIS sends Korean orders; with SOR it chooses itself."""

    KRX = "KRX"
    NXT = "NXT"
    SOR = "SOR"


@dataclass(frozen=True, slots=True)
class Hours:
    """A session of one day, in the exchange's time zone."""

    open: time
    close: time

    def __str__(self) -> str:
        return f"{self.open:%H:%M}-{self.close:%H:%M}"


def read_hours(value: object) -> Hours:
    """Raises a fault when ``value`` is no session such as ``10:00-16:30``."""
    if isinstance(value, Hours):
        return value
    match = _HOURS.fullmatch(value) if isinstance(value, str) else None
    try:
        hours = Hours(*map(time.fromisoformat, match.groups())) if match else None
    except ValueError:
        hours = None
    if hours is None or hours.open >= hours.close:
        raise fault("must be a session from its opening to its close", 'like "10:00-16:30"')
    return hours


class CalendarConfig(Section):
    """Corrections of the built-in calendar of an exchange (`XKRX`, `XNYS`)."""

    closed: tuple[Day, ...] = Field((), description="Days without trading.")
    hours: Table[Day, Annotated[Hours, Kind("session", read_hours, text=True)]] = Field(
        default_factory=empty_table,
        description="Days with other hours than usual, in the exchange's time zone.",
    )


class InstrumentConfig(Section):
    """A symbol whose data at the broker is missing or wrong."""

    lot: Positive | None = Field(
        None, description='Step of quantities. Left out: 0.00000001 on "24/7", else 1.'
    )
    tick: Positive | None = Field(
        None, description="Step of prices, the same at every price. Left out: the market's ticks."
    )
    type: Annotated[InstrumentType, one_of(InstrumentType)] = Field(
        InstrumentType.STOCK, description="Kind of paper; ETFs, ETNs and ELWs have their own ticks."
    )
    exchange: Annotated[Exchange | None, one_of(Exchange)] = Field(
        None, description="Where a US symbol is listed, for KIS. Left out: it is found out."
    )
    venue: Annotated[KoreanVenue | None, one_of(KoreanVenue)] = Field(
        None, description="Where KIS sends orders for a Korean symbol. Left out: the account's."
    )
