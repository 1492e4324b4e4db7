from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from algorithms.domain import AccountName, FillSource, ParentId, Side
from algorithms.invariants import Crossing
from tests.algorithms.invariants.day import DAY, GIVEN, PAIR, TAKEN, A, found_in


def numbers(crossing: Crossing) -> set[int]:
    return found_in(replace(DAY, crossings=(crossing,))).numbers


def test_a_pair_has_a_row_an_event_and_two_fills() -> None:
    assert numbers(Crossing("x1", PAIR, (GIVEN, TAKEN), 1)) == set()
    assert numbers(Crossing("x1", None, (GIVEN, TAKEN), 1)) == {5}
    assert numbers(Crossing("x1", PAIR, (GIVEN, TAKEN), 0)) == {5}
    assert numbers(Crossing("x1", PAIR, (GIVEN,), 1)) == {5}
    assert numbers(Crossing("x1", PAIR, (), 1)) == {5}
    assert numbers(Crossing("x1", PAIR, (GIVEN, TAKEN, TAKEN), 1)) == {5}


@pytest.mark.parametrize(
    "changes",
    [
        {"price": Decimal(22)},
        {"quantity": Decimal(5)},
        {"account": AccountName("other")},
        {"symbol": "SOXL"},
        {"parent_id": ParentId("p9")},
        {"fee": Decimal(1)},
        {"source": FillSource.BROKER},
        {"side": Side.SELL},
        {"book": A},
    ],
    ids=str,
)
def test_both_sides_say_the_same(changes: dict[str, Any]) -> None:
    assert numbers(Crossing("x1", PAIR, (GIVEN, replace(TAKEN, **changes)), 1)) == {5}
