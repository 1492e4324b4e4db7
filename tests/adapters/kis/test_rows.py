from __future__ import annotations

from datetime import date, timedelta

from tests.adapters.kis.rows import row


def test_a_number_is_one_only_together_with_its_day() -> None:
    today = row()
    yesterday = row(day=today.day - timedelta(days=1))
    assert today.key == (date(2026, 11, 20), "218840")
    assert yesterday.key != today.key
