"""One line of a list of orders, Korean or US, in one form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from algorithms.domain import Side, Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An order, or a request to change one: those have numbers of their own, and an ``origin``.

    ``times``: when it was sent, by each clock that KIS may have meant. ``division`` is KIS's code
    of the order's type, ``venue`` of where it is; both blank where the list does not say.
    ``left`` may still trade; ``value`` is what was traded in all, in the market's currency.
    """

    number: str
    origin: str
    branch: str
    day: date
    times: tuple[datetime, ...]
    symbol: Symbol
    side: Side
    division: str
    venue: str
    quantity: Decimal
    limit_price: Decimal | None
    filled: Decimal
    value: Decimal | None
    left: Decimal
    cancelled: Decimal = ZERO
    rejected: Decimal = ZERO
    reason: str = ""
    is_cancel: bool = False
    """Whether it is a request to cancel, and no order."""

    @property
    def key(self) -> tuple[date, str]:
        """Numbers begin anew every day."""
        return self.day, self.number
