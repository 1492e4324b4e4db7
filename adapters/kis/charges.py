"""What a trade costs, by the rates of its day: KIS tells no fee of an order."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, add, floor_to, percent, round_to
from algorithms.domain import Side
from algorithms.rates import Rate, rate_on

if TYPE_CHECKING:
    from datetime import date

WON = Decimal(1)
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Charges:
    """The rates of an account, oldest first. Korean funds pay no sale tax."""

    rates: tuple[Rate, ...] = ()
    currency: str = "KRW"

    def of(self, side: Side, value: Decimal, day: date, *, fund: bool) -> Decimal:
        """Return what trading ``value`` costs on a day, in the account's currency.

        Rounded as it is charged: won down, commission and tax each; cents to the nearest.
        """
        rate = rate_on(self.rates, day)
        if rate is None:
            return ZERO
        commission = self._rounded(percent(value, rate.commission_percent))
        if side is Side.BUY or fund:
            return commission
        return add(commission, self._rounded(percent(value, rate.sell_tax_percent)))

    def _rounded(self, amount: Decimal) -> Decimal:
        return floor_to(amount, WON) if self.currency == "KRW" else round_to(amount, CENT)
