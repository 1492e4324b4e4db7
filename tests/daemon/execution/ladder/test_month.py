"""Some evenings in a row: the ladder gives every book what its own orders would have given it."""

from __future__ import annotations

import os

import pytest

from tests.bench.loc_month import MONTH, month

EVENINGS = MONTH if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3])
def test_books_end_every_evening_alike_and_the_ladder_pays_less(seed: int) -> None:
    one_by_one, ladder = month("orders", EVENINGS, seed), month("ladder", EVENINGS, seed)
    assert [evening.books for evening in ladder] == [evening.books for evening in one_by_one]
    assert ladder[-1].fees < one_by_one[-1].fees


@pytest.mark.slow
def test_where_the_auction_cuts_orders_the_books_stay_right() -> None:
    """Every evening is checked for its invariants as it is lived."""
    assert len(month("ladder", EVENINGS, 2, cuts=True)) == EVENINGS
