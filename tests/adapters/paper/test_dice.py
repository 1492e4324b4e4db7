from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from adapters.paper.dice import FACES, happens, pick, roll, swing

SEEDS = st.integers(0, 10**9)


@given(seed=SEEDS, minute=st.integers(0, 10**6))
def test_the_same_question_is_always_answered_alike(seed: int, minute: int) -> None:
    assert roll(seed, "TQQQ", minute) == roll(seed, "TQQQ", minute)
    assert 0 <= roll(seed, "TQQQ", minute) < FACES
    assert -1 <= swing(seed, minute) <= 1
    assert 0 <= pick(7, seed, minute) < 7


def test_what_is_asked_about_is_kept_apart() -> None:
    """Joined without care, ("a", "bc") and ("ab", "c") would be one question."""
    rolls = {roll(1, "a", "bc"), roll(1, "ab", "c"), roll(1, "abc"), roll(2, "abc")}
    assert len(rolls) == 4


def test_impossible_never_and_certain_always_happens() -> None:
    assert not any(happens(Decimal(0), 1, turn) for turn in range(1000))
    assert all(happens(Decimal(1), 1, turn) for turn in range(1000))


def test_a_tenth_is_about_a_tenth() -> None:
    struck = sum(happens(Decimal("0.1"), 7, turn) for turn in range(10_000))
    assert 900 < struck < 1100


def test_swings_have_no_bias() -> None:
    assert -200 < sum(swing(7, turn) for turn in range(10_000)) < 200
