"""Lots: what a book holds of a symbol, by when and at what price it was bought.

First in, first out: what was sold is counted against the oldest lots. So the lots still held are
the last units bought, and nothing but purchases has to be known, the newest first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, add, subtract

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Lot:
    """Units bought on one market day at one price."""

    day: date
    entry: Decimal
    quantity: Decimal


def held_lots(purchases: Iterable[Lot], held: Decimal) -> tuple[Lot, ...]:
    """Return the lots that make up what is held, oldest first.

    ``purchases`` come newest first and are read only as far as needed. Those of one day at one
    price are one lot. If they come to less than is held, the rest has no lot.
    """
    left = held
    lots: dict[tuple[date, Decimal], Decimal] = {}
    for each in purchases if left > ZERO else ():
        part = min(each.quantity, left)
        left = subtract(left, part)
        key = (each.day, each.entry)
        lots[key] = add(lots.get(key, ZERO), part)
        if not left:
            break
    found = [Lot(day, entry, quantity) for (day, entry), quantity in lots.items()]
    found.sort(key=lambda lot: (lot.day, lot.entry))
    return tuple(found)
