from __future__ import annotations

from decimal import Decimal

from algorithms.domain import ChildState
from algorithms.invariants import Family
from tests.algorithms.invariants.day import CANCELLED, FILLED, RESTS, WANTED, child


def test_a_family_knows_which_children_live_and_what_they_may_still_fill() -> None:
    half = child(
        "c8", WANTED, "5", state=ChildState.PARTIALLY_FILLED, filled=Decimal(2), ended_at=None
    )
    family = Family(WANTED, (FILLED, RESTS, half, CANCELLED))
    assert family.live == (RESTS, half)
    assert family.leaves == Decimal(5)
    assert Family(WANTED).leaves == 0
