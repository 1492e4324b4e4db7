"""Some evenings in a row: the ladder gives every book what its own orders would have given it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.bench import loc_month, loc_month_at_kis

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bench.loc_month import Evening

IS_DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
EVENINGS = loc_month.MONTH if IS_DEEP else 2
BROKERS = pytest.mark.parametrize(
    "month", [loc_month.month, loc_month_at_kis.month], ids=["paper", "kis"]
)


@pytest.mark.slow
@BROKERS
def test_books_end_every_evening_alike_and_the_ladder_pays_less(
    month: Callable[[str, int, int], list[Evening]],
) -> None:
    one_by_one, ladder = month("orders", EVENINGS, 5), month("ladder", EVENINGS, 5)
    assert [evening.books for evening in ladder] == [evening.books for evening in one_by_one]
    assert ladder[-1].fees < one_by_one[-1].fees


@pytest.mark.slow
@BROKERS
def test_where_the_auction_cuts_orders_the_books_stay_right(
    month: Callable[..., list[Evening]],
) -> None:
    """Every evening is checked for its invariants as it is lived."""
    assert len(month("ladder", EVENINGS, 2, cuts=True)) == EVENINGS
