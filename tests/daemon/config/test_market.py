from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from pydantic_core import PydanticCustomError

from algorithms.domain import Symbol
from daemon.config.market import Hours, InstrumentType, Market, read_hours
from tests.daemon.config.loading import complaints, load

if TYPE_CHECKING:
    from pathlib import Path


def test_the_day_of_the_exam_opens_late_in_seoul(tmp_path: Path) -> None:
    text = """
    [calendars.XKRX]
    closed = ["2026-06-03", 2026-07-17]
    hours = { 2026-11-19 = "10:00-16:30" }
    """
    calendar = load(tmp_path, text).calendars[Market.XKRX]
    assert calendar.closed == (date(2026, 6, 3), date(2026, 7, 17))
    assert calendar.hours == {date(2026, 11, 19): Hours(time(10), time(16, 30))}
    assert str(calendar.hours[date(2026, 11, 19)]) == "10:00-16:30"


@pytest.mark.parametrize("wrong", ["10:00", "16:30-10:00", "10:00-10:00", "25:00-26:00", "", 10])
def test_what_is_no_session_is_refused(wrong: object) -> None:
    with pytest.raises(PydanticCustomError):
        read_hours(wrong)


def test_an_instrument_corrects_what_the_broker_says(tmp_path: Path) -> None:
    found = load(tmp_path, "[instruments.'brk.b']\nlot = 0.1\ntype = 'etf'\n").instruments
    assert found.keys() == {"BRK.B"}
    instrument = found[Symbol("BRK.B")]
    assert (instrument.lot, instrument.tick) == (Decimal("0.1"), None)
    assert instrument.type is InstrumentType.ETF


def test_what_calendars_and_instruments_cannot_be(tmp_path: Path) -> None:
    text = """
    [calendars."24/7"]
    [calendars.XNYS]
    closed = "2026-07-03"
    hours = { tomorrow = "10:00-11:00", 2026-07-03 = "10-11" }
    [instruments.TQQQ]
    lot = 0
    tick = -1
    type = "bond"
    [instruments."T Q"]
    """
    assert complaints(tmp_path, text).keys() == {
        'calendars."24/7"', "calendars.XNYS.closed", "calendars.XNYS.hours.tomorrow",
        "calendars.XNYS.hours.2026-07-03", "instruments.TQQQ.lot", "instruments.TQQQ.tick",
        "instruments.TQQQ.type", 'instruments."T Q"',
    }  # fmt: skip
