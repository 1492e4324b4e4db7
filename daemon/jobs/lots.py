"""The lots of books, read from their fills and from what people entered, newest first."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, divide, floor_to
from algorithms.ledger import COST_PLACES
from algorithms.loc.lots import Lot, held_lots

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from algorithms.domain import AccountName, BookName, Symbol
    from daemon.storage.tx import View


def read_lots(
    view: View,
    account: AccountName,
    book: BookName,
    symbol: Symbol,
    *,
    held: Decimal,
    lot: Decimal,
) -> tuple[Lot, ...]:
    """Return the lots of what a book holds of a symbol, in whole lots, oldest first.

    Units and prices from before a split are told in those after it.
    """
    splits = view.fetch("splits_of_symbol", account=account, symbol=symbol)
    rows = view.each("purchases", account=account, book=book, symbol=symbol)
    return held_lots(_scaled(rows, splits, lot), held)


def _scaled(rows: Iterable[sqlite3.Row], splits: list[sqlite3.Row], lot: Decimal) -> Iterator[Lot]:
    for row in rows:
        units, price, ratio = Decimal(row["quantity"]), Decimal(row["price"]), Fraction(1)
        for split in splits:
            if row["id"] < split["event_id"]:
                ratio *= Fraction(split["new_units"], split["old_units"])
        if ratio != 1:
            new, old = Decimal(ratio.numerator), Decimal(ratio.denominator)
            units = floor_to(divide(units * new, old, COST_PLACES), lot)
            price = divide(price * old, new, COST_PLACES)
        if units > ZERO:
            yield Lot(date.fromisoformat(row["market_day"]), price, units)
