"""What trading costs: commission on both sides, a tax on sales.

Each is rounded **down** to the currency's smallest unit: whole won and yen, else the eighth
decimal. Rounding down has a reason beside custom: an order cut into pieces then never costs more
than the same order in one piece, so the cash set aside when it was accepted is always enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from algorithms.decimals import ONE, ZERO, add, floor_divide, floor_to, multiply, percent
from algorithms.domain import Side

WHOLE_UNIT_CURRENCIES = frozenset({"KRW", "JPY"})
SMALLEST_UNIT = Decimal("0.00000001")


@dataclass(frozen=True, slots=True)
class Charges:
    """Rates in percent of the traded value, and the currency they are charged in."""

    currency: str
    commission_percent: Decimal
    sell_tax_percent: Decimal

    def fee(self, side: Side, value: Decimal) -> Decimal:
        """Return what an execution of this value costs, in ``currency``."""
        unit = ONE if self.currency in WHOLE_UNIT_CURRENCIES else SMALLEST_UNIT
        commission = floor_to(percent(value, self.commission_percent), unit)
        if side is Side.BUY:
            return commission
        return add(commission, floor_to(percent(value, self.sell_tax_percent), unit))

    def with_commission(self, value: Decimal) -> Decimal:
        """Return the most cash that a purchase of this value can cost."""
        return add(value, percent(value, self.commission_percent))

    def affordable(self, cash: Decimal, price: Decimal, lot: Decimal) -> Decimal:
        """Return the most units, in whole lots, that ``cash`` pays at ``price``."""
        lots = floor_divide(cash, multiply(self.with_commission(price), lot))
        return multiply(lot, Decimal(lots)) if lots > 0 else ZERO
