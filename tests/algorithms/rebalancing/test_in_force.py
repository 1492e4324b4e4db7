from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from algorithms.rebalancing.in_force import Setting, in_force

if TYPE_CHECKING:
    from collections.abc import Sequence

FRIDAY = date(2026, 11, 20)
DAYS = [FRIDAY + timedelta(days=number) for number in range(30)]


def every_day(after: date, until: date) -> int:
    return max((until - after).days, 0)


def weekdays(after: date, until: date) -> int:
    return sum(after < day <= until and day.weekday() < 5 for day in DAYS)


def said(*words: tuple[int, str]) -> list[Setting[str]]:
    """What was set on which day after Friday."""
    return [Setting(DAYS[number], word, word) for number, word in words]


def test_without_a_rule_the_last_word_counts_at_once() -> None:
    assert in_force(said((0, "A"), (0, "B")), FRIDAY, 1, every_day) == "B"
    assert in_force([], FRIDAY, 1, every_day) is None


def test_new_targets_wait_until_they_were_seen_on_enough_days_in_a_row() -> None:
    settings = said((0, "A"), (5, "B"))
    for number, word in ((0, None), (1, None), (2, "A"), (5, "A"), (6, "A"), (7, "B")):
        until = [each for each in settings if each.day <= DAYS[number]]
        assert in_force(until, DAYS[number], 3, every_day) == word, number


def test_saying_the_same_again_changes_nothing_and_another_word_begins_anew() -> None:
    assert in_force(said((0, "A"), (1, "A"), (2, "A")), DAYS[2], 3, every_day) == "A"
    assert in_force(said((0, "A"), (1, "B"), (2, "A")), DAYS[2], 3, every_day) is None
    # What was taken back on the same day was never the last word of a day.
    assert in_force(said((0, "A"), (1, "B"), (1, "A")), DAYS[2], 3, every_day) == "A"


def test_a_weekend_does_not_count() -> None:
    assert in_force(said((0, "A")), DAYS[2], 2, weekdays) is None
    assert in_force(said((0, "A")), DAYS[3], 2, weekdays) == "A"
    assert in_force(said((1, "A")), DAYS[1], 1, weekdays) == "A"  # set on a Saturday


@given(
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from("AB")), max_size=12),
    st.integers(1, 4),
)
def test_it_is_what_looking_at_every_morning_and_evening_would_say(
    words: Sequence[tuple[int, str]], days: int
) -> None:
    settings = said(*sorted(words, key=lambda word: word[0]))
    evenings = [
        next((each.value for each in reversed(settings) if each.day <= day), None)
        for day in DAYS[:13]
    ]
    expected = evenings[12] if days == 1 else None
    for last in range(days - 1, 13):
        nights = evenings[last - days + 1 : last]  # each carries what it saw into the next day
        if nights and nights[0] is not None and len(set(nights)) == 1:
            expected = nights[0]
    assert in_force(settings, DAYS[12], days, every_day) == expected
