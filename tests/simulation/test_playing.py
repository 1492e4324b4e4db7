from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation import playing
from tests.simulation.day import Day
from tests.simulation.playing import play

if TYPE_CHECKING:
    import pytest

    from tests.simulation.outcome import Outcome


def test_a_day_that_runs_in_a_circle_is_broken_off_and_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever catches errors in it."""

    async def circle(_: Day) -> Outcome:
        while True:
            try:
                "".join(str(number) for number in range(10_000))
            except Exception:  # noqa: BLE001, S112 - that is the point
                continue

    monkeypatch.setattr(playing, "MOST_S", 0.05)
    monkeypatch.setattr(Day, "play", circle)
    (wrong,) = play(1).wrong
    assert wrong.startswith("the day broke off: EndlessDayError('0.05 s of")
