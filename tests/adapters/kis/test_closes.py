"""A close at KIS is believed when it can no longer move, and never from a price without a day."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerMisconfiguredError, UnknownSymbolError
from adapters.kis.asking import Asker
from adapters.kis.closes import Closes
from adapters.kis.fields import NEW_YORK
from adapters.kis.hosts import Profile
from adapters.kis.operations import Operation
from adapters.kis.overseas import Overseas
from adapters.sessions import ListedSessions, Session
from algorithms.domain import Symbol
from tests.adapters.kis.conftest import NEVER_OPEN, settings
from tests.adapters.kis.lines import US_PRICE
from tests.support.scripted_kis import bad, good

if TYPE_CHECKING:
    from adapters.kis.hub import Access
    from tests.support.scripted_kis import ScriptedKis

SOXL = Symbol("SOXL")
WEDNESDAY = date(2026, 11, 25)
"""Before Thanksgiving, and before the half day that follows it."""
FRIDAY, MONDAY = date(2026, 11, 27), date(2026, 11, 30)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), NEW_YORK)


SESSIONS = ListedSessions(
    [
        Session(day, at(day, 9, 30), at(day, 13 if day == FRIDAY else 16))
        for day in (WEDNESDAY, FRIDAY, MONDAY)
    ],
    NEW_YORK,
)


@pytest.fixture
def closes(real: Access, kis: ScriptedKis) -> Closes:
    kis.says(Operation.US_PRICE, good(**US_PRICE))
    return Closes(Overseas(settings(kis, Profile.REAL, "XNYS"), Asker(real), NEVER_OPEN), SESSIONS)


def days(**rows: str) -> dict[str, object]:
    return {"output2": [{"xymd": day.strip("_"), "clos": close} for day, close in rows.items()]}


async def test_until_the_day_is_over_nobody_is_asked(closes: Closes, kis: ScriptedKis) -> None:
    kis.says(Operation.US_DAILY, good(**days(_20261125="27.4500")))
    assert await closes.of(SOXL, WEDNESDAY, at(WEDNESDAY, 16, 5)) is None
    assert await closes.of(SOXL, WEDNESDAY, at(WEDNESDAY, 23, 59)) is None
    assert kis.asked(Operation.US_DAILY) == []
    thursday = WEDNESDAY + timedelta(days=1)
    assert await closes.of(SOXL, WEDNESDAY, at(thursday, 0)) == Decimal("27.45")
    (asked,) = kis.asked(Operation.US_DAILY)
    assert asked.params == {
        "AUTH": "",
        "EXCD": "AMS",
        "SYMB": "SOXL",
        "GUBN": "0",
        "BYMD": "20261125",
        "MODP": "0",
    }


async def test_a_list_that_lacks_the_day_does_not_lend_it_another_s_close(
    closes: Closes, kis: ScriptedKis
) -> None:
    kis.says(Operation.US_DAILY, good(**days(_20261124="27.1100", _20261127="28.0000")))
    assert await closes.of(SOXL, WEDNESDAY, at(FRIDAY, 8)) is None
    kis.says(Operation.US_DAILY, good(**days(_20261125="")))
    assert await closes.of(SOXL, WEDNESDAY, at(FRIDAY, 8)) is None


async def test_without_a_list_the_previous_close_of_the_following_session_serves(
    closes: Closes, kis: ScriptedKis
) -> None:
    """On the holiday between, what KIS calls the previous close may be Tuesday's still."""
    kis.says(Operation.US_DAILY, bad("OPSQ0002", "no such service"))
    holiday = WEDNESDAY + timedelta(days=1)
    for moment in (at(holiday, 11), at(FRIDAY, 9, 29), at(FRIDAY, 13), at(MONDAY, 10)):
        with pytest.raises(BrokerMisconfiguredError):
            await closes.of(SOXL, WEDNESDAY, moment)
    assert await closes.of(SOXL, WEDNESDAY, at(FRIDAY, 9, 30)) == Decimal("27.11")
    assert await closes.of(SOXL, FRIDAY, at(MONDAY, 15, 59)) == Decimal("27.11")


async def test_a_symbol_nobody_lists_has_no_close(closes: Closes, kis: ScriptedKis) -> None:
    kis.says(Operation.US_PRICE, good(output={"last": ""}))
    with pytest.raises(UnknownSymbolError):
        await closes.of(Symbol("NOSUCH"), WEDNESDAY, at(FRIDAY, 10))


def test_the_close_is_due_at_midnight_where_the_market_is(closes: Closes) -> None:
    assert closes.due(FRIDAY) == at(FRIDAY + timedelta(days=1), 0)
