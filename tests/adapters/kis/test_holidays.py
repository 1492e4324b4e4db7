"""KRX's trading days, asked of KIS once a day by however many processes."""

from __future__ import annotations

import os
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

from adapters.clock import LoopClock
from adapters.kis.hosts import Profile
from adapters.kis.hub import Hub
from adapters.kis.operations import Operation
from tests.adapters.kis.conftest import KEYS, MORNING
from tests.support.scripted_kis import Says, bad, good

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.kis.broker import KisBroker
    from adapters.kis.holidays import Holidays
    from adapters.kis.hub import Access
    from tests.support.scripted_kis import ScriptedKis

FRIDAY, SATURDAY, LATER = date(2026, 11, 20), date(2026, 11, 21), date(2027, 3, 1)
DAY_S = 86400


def said(first: date, *, closed: frozenset[date] = frozenset()) -> Says:
    """Answer as KIS does: 24 days, each of them a "trading day", and "more follows"."""
    days = [first + timedelta(days=ahead) for ahead in range(24)]
    rows = [
        {
            "bass_dt": f"{day:%Y%m%d}",
            "tr_day_yn": "Y",
            "opnd_yn": "N" if day.weekday() > 4 or day in closed else "Y",
        }
        for day in days
    ]
    return good(output=rows, ctx_area_nk="x")


@pytest.fixture
async def holidays(real: Access, kis: ScriptedKis) -> Holidays:
    kis.says(Operation.KR_HOLIDAYS, said(FRIDAY))
    return real.holidays


async def test_the_day_of_opening_counts_and_one_question_tells_of_three_weeks(
    holidays: Holidays, kis: ScriptedKis
) -> None:
    assert await holidays.is_trading_day(FRIDAY) is True
    assert await holidays.is_trading_day(SATURDAY) is False
    assert await holidays.is_trading_day(LATER) is None
    (seen,) = kis.asked(Operation.KR_HOLIDAYS)
    assert seen.params == {"BASS_DT": "20261120", "CTX_AREA_NK": "", "CTX_AREA_FK": ""}


async def test_it_is_asked_anew_on_the_next_day(
    holidays: Holidays, kis: ScriptedKis, hub: Hub
) -> None:
    await holidays.is_trading_day(FRIDAY)
    kis.says(Operation.KR_HOLIDAYS, said(SATURDAY, closed=frozenset({date(2026, 11, 23)})))
    await hub.clock.sleep(DAY_S)
    assert await holidays.is_trading_day(date(2026, 11, 23)) is False
    assert len(kis.asked(Operation.KR_HOLIDAYS)) == 2


async def test_another_process_finds_the_answer_on_disk(
    holidays: Holidays, kis: ScriptedKis, tmp_path: Path
) -> None:
    await holidays.is_trading_day(FRIDAY)
    other = Hub(LoopClock(MORNING), tmp_path)
    theirs = other.access(Profile.REAL, kis.hosts, KEYS).holidays
    assert await theirs.is_trading_day(SATURDAY) is False
    assert len(kis.asked(Operation.KR_HOLIDAYS)) == 1
    await other.close()


@pytest.mark.parametrize(
    "answer", [good(output=[]), bad("EGW00316", status=500), good(output=[{"bass_dt": "x"}])]
)
async def test_no_answer_says_nothing_and_is_not_asked_for_again_at_once(
    real: Access, kis: ScriptedKis, hub: Hub, answer: Says
) -> None:
    kis.says(Operation.KR_HOLIDAYS, answer)
    for _ in range(3):
        assert await real.holidays.is_trading_day(FRIDAY) is None
    asked = len(kis.asked(Operation.KR_HOLIDAYS))
    assert asked <= 2
    kis.says(Operation.KR_HOLIDAYS, said(FRIDAY))
    await hub.clock.sleep(3601)
    assert await real.holidays.is_trading_day(FRIDAY) is True


async def test_yesterdays_answer_serves_while_there_is_no_other(
    holidays: Holidays, kis: ScriptedKis, hub: Hub
) -> None:
    await holidays.is_trading_day(FRIDAY)
    kis.says(Operation.KR_HOLIDAYS, good(output=[]))
    await hub.clock.sleep(DAY_S)
    assert await holidays.is_trading_day(date(2026, 11, 24)) is True


async def test_a_file_that_cannot_be_read_is_none(
    holidays: Holidays, kis: ScriptedKis, tmp_path: Path
) -> None:
    (tmp_path / "kis-krx.days").write_bytes(b'{"days": 3}')
    assert await holidays.is_trading_day(FRIDAY) is True
    assert len(kis.asked(Operation.KR_HOLIDAYS)) == 1


async def test_an_answer_that_cannot_be_stored_serves_this_process(
    holidays: Holidays, kis: ScriptedKis, tmp_path: Path
) -> None:
    (tmp_path / f"kis-krx.{os.getpid()}").mkdir()
    assert await holidays.is_trading_day(SATURDAY) is False
    assert await holidays.is_trading_day(FRIDAY) is True
    assert len(kis.asked(Operation.KR_HOLIDAYS)) == 1


@pytest.fixture
def brokers(
    seoul: KisBroker, seoul_on_paper: KisBroker, new_york: KisBroker
) -> tuple[KisBroker, ...]:
    return seoul, seoul_on_paper, new_york


async def test_paper_and_new_york_leave_it_to_the_calendar(
    brokers: tuple[KisBroker, ...], kis: ScriptedKis
) -> None:
    kis.says(Operation.KR_HOLIDAYS, said(FRIDAY))
    assert [await each.is_trading_day(SATURDAY) for each in brokers] == [False, None, None]
