"""Two short days: nothing is kept of what is over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.load.soak import Evening, faults_of, soak

if TYPE_CHECKING:
    from pathlib import Path


def test_an_evening_is_like_the_one_before(tmp_path: Path) -> None:
    evenings = soak(tmp_path, days=2, webhooks_a_day=15, long=timedelta(minutes=30))
    assert faults_of(evenings) == []
    assert evenings[1].files - evenings[0].files <= 1


def test_growth_is_noticed() -> None:
    slim, fat = Evening(1, 100.0, 90_000, 20), Evening(6, 150.0, 200_000, 90)
    assert faults_of([slim, slim, slim]) == []
    assert len(faults_of([slim, slim, fat])) == 3
