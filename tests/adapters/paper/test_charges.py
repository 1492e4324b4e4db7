from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.paper.charges import Charges
from algorithms.decimals import exactly, total
from algorithms.domain import Side

KOREAN = Charges("KRW", Decimal("0.015"), Decimal("0.2"))
AMERICAN = Charges("USD", Decimal("0.25"), Decimal(0))

PRICES = st.decimals("0.01", "1000", places=2)
LOTS = st.integers(1, 10**6)


@pytest.mark.parametrize(
    ("charges", "side", "value", "fee"),
    [
        (KOREAN, Side.BUY, "995000", "149"),  # 149.25
        (KOREAN, Side.SELL, "995000", "2139"),  # 149.25 and a tax of 1,990
        (KOREAN, Side.SELL, "1999", "3"),  # 0.29 and 3.998, each rounded for itself
        (AMERICAN, Side.BUY, "100", "0.25"),
        (AMERICAN, Side.SELL, "0.000001", "0"),
        (AMERICAN, Side.SELL, "33.333333", "0.08333333"),
    ],
)
def test_each_charge_is_rounded_down_to_the_smallest_unit(
    charges: Charges, side: Side, value: str, fee: str
) -> None:
    assert charges.fee(side, Decimal(value)) == Decimal(fee)


@given(price=PRICES, pieces=st.lists(LOTS, min_size=1, max_size=6))
def test_pieces_never_cost_more_than_what_was_set_aside_for_the_whole(
    price: Decimal, pieces: list[int]
) -> None:
    for charges in (KOREAN, AMERICAN):
        with exactly():
            fees = total(charges.fee(Side.BUY, price * piece) for piece in pieces)
            whole = price * sum(pieces)
            assert whole + fees <= charges.with_commission(whole)


@given(cash=st.decimals(0, 10**9, places=2), price=PRICES)
def test_what_is_affordable_can_be_paid_and_one_lot_more_cannot(
    cash: Decimal, price: Decimal
) -> None:
    lot = Decimal("0.001")
    units = AMERICAN.affordable(cash, price, lot)
    with exactly():
        assert AMERICAN.with_commission(units * price) <= cash
        assert AMERICAN.with_commission((units + lot) * price) > cash


def test_without_cash_nothing_is_affordable() -> None:
    assert AMERICAN.affordable(Decimal(-5), Decimal(1), Decimal(1)) == 0
