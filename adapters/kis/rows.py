"""One line of a list of orders, Korean or US, in one form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from decimal import Decimal

    from adapters.fields import Fields
    from algorithms.domain import Side, Symbol

MOST_READ = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An order, or a request to change one: those have numbers of their own, and an ``origin``.

    ``times``: when it was sent, by each clock that KIS may have meant. ``division`` is KIS's code
    of the order's type, ``venue`` of where it is; both blank where the list does not say.
    ``side`` is None where its code is no known one. ``left`` may still trade; ``value`` is what
    was traded in all, in the market's currency.
    """

    number: str
    origin: str
    branch: str
    day: date
    times: tuple[datetime, ...]
    symbol: Symbol
    side: Side | None
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


class Reader:
    """Reads lines of a list. One that comes again word for word is not read again.

    A list of the day repeats all that it said before, every few seconds.
    """

    def __init__(self, read: Callable[[Fields], Row]) -> None:
        self._read = read
        self._known: dict[tuple[str, str], tuple[Fields, Row]] = {}

    def __call__(self, line: Fields) -> Row:
        """Return what a line says. Raises what reading it raises."""
        mark = str(line.get("ord_dt")), str(line.get("odno"))
        known = self._known.get(mark)
        if known is not None and known[0] == line:
            return known[1]
        row = self._read(line)
        if len(self._known) >= MOST_READ:
            self._known.clear()
        self._known[mark] = line, row
        return row
