"""What reaches a brokerage account without an order: money and units, splits.

At a real broker this is somebody's bank or a company's decision; here a person, or a test, plays
their part. Each operation has a key and is carried out once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from algorithms.decimals import to_text

if TYPE_CHECKING:
    from decimal import Decimal

    from algorithms.domain import Symbol


@dataclass(frozen=True, slots=True)
class Adjust:
    """``amount`` of an asset comes (+) or goes (-): the account's currency, or units."""

    asset: str
    amount: Decimal

    def __str__(self) -> str:
        return f"{to_text(self.amount)} {self.asset}"


@dataclass(frozen=True, slots=True)
class SplitUnits:
    """Each ``old`` units of a symbol become ``new`` ones, to the full lot; the rest is paid out.

    Its open orders are cancelled and its price is divided, as exchanges do.
    """

    symbol: Symbol
    new: int
    old: int

    def __str__(self) -> str:
        return f"{self.symbol} {self.new}:{self.old}"


Operation = Adjust | SplitUnits


class ImpossibleOperationError(ValueError):
    """The account does not hold, or has promised to open orders, what should go."""
