from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from algorithms.decimals import total
from algorithms.loc.lots import Lot, held_lots

if TYPE_CHECKING:
    from collections.abc import Iterator

MONDAY, TUESDAY, FRIDAY = date(2026, 11, 16), date(2026, 11, 17), date(2026, 11, 20)


def lot(day: date, entry: str, units: int) -> Lot:
    return Lot(day, Decimal(entry), Decimal(units))


def test_what_was_sold_is_counted_against_the_oldest_lots() -> None:
    bought = [lot(FRIDAY, "97", 5), lot(TUESDAY, "99", 10), lot(MONDAY, "100", 10)]
    assert held_lots(bought, Decimal(12)) == (lot(TUESDAY, "99", 7), lot(FRIDAY, "97", 5))
    assert held_lots(bought, Decimal(0)) == ()


def test_pieces_of_a_day_at_one_price_are_one_lot() -> None:
    bought = [lot(FRIDAY, "97", 2), lot(FRIDAY, "98", 1), lot(FRIDAY, "97", 3)]
    assert held_lots(bought, Decimal(6)) == (lot(FRIDAY, "97", 5), lot(FRIDAY, "98", 1))


def test_units_that_nobody_bought_have_no_lot() -> None:
    assert held_lots([lot(FRIDAY, "97", 2)], Decimal(5)) == (lot(FRIDAY, "97", 2),)


@given(st.lists(st.integers(1, 20), max_size=10), st.integers(0, 100))
def test_no_more_is_read_than_is_needed(units: list[int], held: int) -> None:
    read = 0

    def bought() -> Iterator[Lot]:
        nonlocal read
        for size in units:
            read += 1
            yield lot(FRIDAY, "97", size)

    lots = held_lots(bought(), Decimal(held))
    assert total(each.quantity for each in lots) == min(held, sum(units))
    assert not read or sum(units[: read - 1]) < held
