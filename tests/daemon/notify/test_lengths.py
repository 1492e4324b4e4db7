from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.notify.lengths import TEXT_UNITS_MAX, as_fits, cut, units


def more(left: int) -> str:
    return f"{left} more"


@pytest.mark.parametrize(("text", "count"), [("", 0), ("abc", 3), ("한글", 2), ("\U0001f600", 2)])
def test_a_letter_outside_the_first_plane_counts_twice(text: str, count: int) -> None:
    assert units(text) == count


@given(st.text(max_size=30), st.integers(1, 20))
def test_what_is_cut_fits_and_shows_it(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert units(short) <= limit
    assert short == text or short.endswith("…")


def test_lines_are_left_out_whole_and_counted() -> None:
    line = "x" * 999
    assert as_fits([line] * 3, more) == "\n".join([line] * 3)
    assert as_fits([line] * 9, more) == "\n".join([*[line] * 3, "6 more"])
    assert as_fits(["x" * (TEXT_UNITS_MAX + 1)], more) == "1 more"
