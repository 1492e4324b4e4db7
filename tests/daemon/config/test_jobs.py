from __future__ import annotations

from datetime import time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from daemon.config.jobs import Anchor, JobKind, JobTime, read_job_time
from tests.daemon.config.loading import ONE_BOOK, complaints, load

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "anchor", "offset", "zone"),
    [
        ("09:10", Anchor.MIDNIGHT, timedelta(hours=9, minutes=10), None),
        ("23:59:59", Anchor.MIDNIGHT, timedelta(days=1, seconds=-1), None),
        ("09:10 Asia/Seoul", Anchor.MIDNIGHT, timedelta(hours=9, minutes=10), "Asia/Seoul"),
        ("open", Anchor.OPEN, timedelta(0), None),
        ("open+10m", Anchor.OPEN, timedelta(minutes=10), None),
        ("close-15m", Anchor.CLOSE, timedelta(minutes=-15), None),
        ("close-90s", Anchor.CLOSE, timedelta(seconds=-90), None),
        ("open-1h", Anchor.OPEN, timedelta(hours=-1), None),
    ],
)
def test_a_time_is_of_the_clock_or_of_the_session(
    text: str, anchor: Anchor, offset: timedelta, zone: str | None
) -> None:
    assert read_job_time(text) == JobTime(anchor, offset, ZoneInfo(zone) if zone else None)


@pytest.mark.parametrize(
    "wrong",
    ["", "9:10", "24:00", "09:60", "09:10:60", "09:10 Asia/Soul", "open+", "open+10", "open 10m",
     "opening", "close-24h", "noon", 910, None, time(9, 10)],
)  # fmt: skip
def test_what_is_no_time_is_refused(wrong: object) -> None:
    with pytest.raises(PydanticCustomError):
        read_job_time(wrong)


@given(
    st.builds(
        JobTime,
        st.just(Anchor.MIDNIGHT),
        st.integers(0, 86_399).map(lambda seconds: timedelta(seconds=seconds)),
        st.sampled_from([None, ZoneInfo("Asia/Seoul")]),
    )
    | st.builds(
        JobTime,
        st.sampled_from([Anchor.OPEN, Anchor.CLOSE]),
        st.integers(-9_999, 9_999).map(lambda seconds: timedelta(seconds=seconds)),
    )
)
def test_a_time_is_written_as_it_is_read(when: JobTime) -> None:
    assert read_job_time(str(when)) == when


def test_a_job_may_run_at_one_time_or_several(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        ONE_BOOK
        + """
        [[jobs]]
        run = "make_orders"
        at = "open+10m"
        [[jobs]]
        run = "report"
        at = ["12:00", "close"]
        accounts = ["main"]
        """,
    )
    make_orders, report = config.jobs
    assert (make_orders.run, make_orders.accounts) == (JobKind.MAKE_ORDERS, ())
    assert [str(each) for each in make_orders.at] == ["open+10m"]
    assert [str(each) for each in report.at] == ["12:00", "close"]


def test_a_job_needs_a_kind_and_a_time(tmp_path: Path) -> None:
    text = """
    [[jobs]]
    [[jobs]]
    run = "dance"
    at = []
    accounts = []
    [[jobs]]
    run = "report"
    at = "9:10"
    [[jobs]]
    run = "report"
    at = ["09:10", "9:20"]
    """
    assert complaints(tmp_path, text).keys() == {
        "jobs.0.run", "jobs.0.at", "jobs.1.run", "jobs.1.at", "jobs.1.accounts", "jobs.2.at",
        "jobs.3.at.1",
    }  # fmt: skip
