"""Percentages by the day."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from algorithms.rates import Rate, rate_on

OLD = Rate(None, Decimal("0.015"), Decimal("0.15"))
NEW = Rate(date(2026, 1, 1), Decimal("0.015"), Decimal("0.20"))


def test_a_rate_counts_from_its_day_on() -> None:
    assert rate_on((OLD, NEW), date(2025, 12, 31)) is OLD
    assert rate_on((OLD, NEW), date(2026, 1, 1)) is NEW
    assert rate_on((OLD, NEW), date(2030, 1, 1)) is NEW


def test_before_the_first_there_is_none() -> None:
    assert rate_on((NEW,), date(2025, 12, 31)) is None
    assert rate_on((), date(2025, 12, 31)) is None
