"""An hour at Binance whose answers arrive spoiled."""

from __future__ import annotations

import pytest

from tests.fuzz.replies import play


@pytest.mark.parametrize(("venue", "seed"), [("spot", 5), ("futures", 6)])
def test_what_a_spoiled_answer_said_is_not_in_the_books(venue: str, seed: int) -> None:
    """Once they booked a fill twice, and lost an order whose number was told for another."""
    _, wrong, spoiler = play(seed, venue)
    assert spoiler.spoiled
    assert wrong == []
