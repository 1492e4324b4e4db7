from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from daemon.config.service import Locale
from daemon.i18n import words_in
from daemon.notices import CATALOGUE
from daemon.notify.digest import KEPT, digest
from daemon.notify.lengths import TEXT_UNITS_MAX, units
from tests.daemon.notify.told import NOW, bought, lost, skipped

SEOUL = ZoneInfo("Asia/Seoul")
ENGLISH = words_in(Locale.ENGLISH)
ALARM = (
    "18:00 \u203c\ufe0f {} lost 2100 on 2026-11-20, the limit is 2000; "
    "it is halted until it is resumed"
)


def text(*notices: object) -> list[str]:
    return digest(list(notices), SEOUL, NOW, ENGLISH).text.splitlines()  # type: ignore[arg-type]


def test_a_few_notices_are_a_line_each_with_the_time_of_the_people() -> None:
    assert text(bought(), skipped(), lost()) == [
        "18:00 a bought 10 TQQQ at 100",
        "18:00 \u26a0\ufe0f S1: no netting, no price",
        ALARM.format("b1"),
    ]


def test_what_is_not_of_today_says_its_day() -> None:
    assert text(bought(at=NOW - timedelta(days=1))) == ["11-19 18:00 a bought 10 TQQQ at 100"]


def test_a_morning_of_many_fills_is_told_alarms_first_and_the_rest_counted() -> None:
    notices = [bought(each, quantity=str(each)) for each in range(1, 401)]
    notices[200:200] = [lost(1), skipped(1), skipped(2), lost(2)]
    assert text(*notices) == [
        ALARM.format("b1"),
        ALARM.format("b2"),
        "18:00 \u26a0\ufe0f S1: no netting, no price",
        "18:00 \u26a0\ufe0f S2: no netting, no price",
        "bought: 400 times, the last ones:",
        "18:06 a bought 399 TQQQ at 100",
        "18:06 a bought 400 TQQQ at 100",
    ]


def test_words_of_a_broker_with_line_breaks_stay_in_their_line() -> None:
    assert text(bought(quantity="10\nYou are hacked\r\n")) == [
        "18:00 a bought 10 You are hacked TQQQ at 100"
    ]


def test_what_cannot_be_printed_is_replaced_and_what_nobody_knows_is_told_as_it_is() -> None:
    assert text(bought(quantity="1\x000\u202e")) == ["18:00 a bought 1\ufffd0\ufffd TQQQ at 100"]
    old = replace(bought(), code="of_another_version", params={"book": "a", "size": "3"})
    assert text(old, replace(bought(), params={"book": "a"})) == [
        "18:00 of_another_version: book a, size 3",
        "18:00 bought: book a",
    ]


words = st.text(min_size=1, max_size=150)
kinds = st.one_of(
    st.builds(bought, st.integers(1, 99_999), quantity=words),
    st.builds(skipped, st.integers(1, 9)),
    st.builds(lost, st.integers(1, 9)),
)


TIMED = re.compile(r"(\d\d-\d\d )?\d\d:\d\d ")


def how_many(line: str) -> int:
    """Say how many notices a line stands for that shows none."""
    if more := re.fullmatch(r"… (\d+) more: see the list of notices", line):
        return int(more[1])
    folded = re.fullmatch(r"\W*(\w+): (\d+) times, the last ones:", line)
    assert folded, line
    return int(folded[2]) - KEPT[CATALOGUE[folded[1]][0]]


@given(st.lists(kinds, min_size=1, max_size=40))
def test_whatever_happens_a_message_fits_and_counts_everything(notices: list[object]) -> None:
    message = digest(notices, SEOUL, NOW, ENGLISH)  # type: ignore[arg-type]
    assert 0 < units(message.text) <= TEXT_UNITS_MAX + 100
    assert "\r" not in message.text
    lines = message.text.split("\n")
    shown = [line for line in lines if TIMED.match(line)]
    assert len(shown) == message.shown
    counted = sum(how_many(line) for line in lines if line not in shown)
    assert message.shown + counted == len(notices)
