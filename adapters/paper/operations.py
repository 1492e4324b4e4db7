"""What happens at a brokerage without an order of ours: money and units come, splits, prices.

At a real broker this is somebody's bank, a company's decision or somebody else's trade; here a
person, or a test, plays their part. Each operation has a key and is carried out once.
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


@dataclass(frozen=True, slots=True)
class MovePrice:
    """A symbol trades at a price, and goes on from there; open orders meet it."""

    symbol: Symbol
    price: Decimal

    def __str__(self) -> str:
        return f"{self.symbol} at {to_text(self.price)}"


Operation = Adjust | SplitUnits | MovePrice


class ImpossibleOperationError(ValueError):
    """It cannot be done as things stand; ``about`` is the operation's field that is at fault."""

    def __init__(self, message: str, about: str) -> None:
        super().__init__(message)
        self.about = about
