"""Whoever asks for a language is spoken to in it, if it is there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config.service import Locale
from daemon.language import locale_for


@pytest.mark.parametrize(
    ("accepted", "spoken"),
    [
        ("", Locale.KOREAN),
        ("fr, de;q=0.5", Locale.KOREAN),
        ("en-US,en;q=0.9", Locale.ENGLISH),
        ("fr, ko-KR;q=0.8, en;q=0.7", Locale.KOREAN),
        ("en;q=0.2, ko;q=0.9", Locale.KOREAN),
        ("ko;q=0, en", Locale.ENGLISH),
        ("EN", Locale.ENGLISH),
        ("en;q=much", Locale.KOREAN),
        (";;,,;q=", Locale.KOREAN),
    ],
)
def test_the_browsers_language_counts_before_the_daemons(accepted: str, spoken: Locale) -> None:
    assert locale_for(accepted, Locale.KOREAN) is spoken


@given(st.text())
def test_no_header_breaks_a_page(accepted: str) -> None:
    assert locale_for(accepted, Locale.ENGLISH) in set(Locale)
