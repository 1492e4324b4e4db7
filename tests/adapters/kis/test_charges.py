"""What trades cost, by the day they are made."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from adapters.kis.charges import Charges
from algorithms.domain import Side
from algorithms.rates import Rate

BUY, SELL = Side.BUY, Side.SELL
YEAR_2025 = Rate(None, Decimal("0.015"), Decimal("0.15"))
YEAR_2026 = Rate(date(2026, 1, 1), Decimal("0.0140527"), Decimal("0.20"))
WON = Charges((YEAR_2025, YEAR_2026), "KRW")
BEFORE, AFTER = date(2025, 12, 31), date(2026, 1, 1)


def test_a_buy_pays_commission_down_to_the_won() -> None:
    assert WON.of(BUY, Decimal(995_000), AFTER, fund=False) == 139


def test_a_sale_pays_tax_and_a_funds_sale_does_not() -> None:
    assert WON.of(SELL, Decimal(995_000), AFTER, fund=False) == 139 + 1990
    assert WON.of(SELL, Decimal(995_000), AFTER, fund=True) == 139


def test_the_days_own_rate_counts() -> None:
    assert WON.of(SELL, Decimal(1_000_000), BEFORE, fund=False) == 150 + 1500
    assert WON.of(SELL, Decimal(1_000_000), AFTER, fund=False) == 140 + 2000


def test_dollars_are_charged_to_the_cent() -> None:
    dollars = Charges((Rate(None, Decimal("0.25"), Decimal(0)),), "USD")
    assert dollars.of(BUY, Decimal("137.20"), AFTER, fund=False) == Decimal("0.34")
    assert dollars.of(BUY, Decimal("138.00"), AFTER, fund=False) == Decimal("0.35")


def test_without_rates_nothing_is_charged() -> None:
    assert Charges().of(SELL, Decimal(100), AFTER, fund=False) == 0
    later = Charges((Rate(AFTER, Decimal(1), Decimal(1)),))
    assert later.of(SELL, Decimal(100), BEFORE, fund=False) == 0
