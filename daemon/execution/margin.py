"""What a book of a futures account may still open: its positions stay within capital x leverage.

A contract costs no cash, so nothing is set aside that a position could be bought with; what bounds
an order is the worst case. For each symbol that is the larger of two: everything it buys fills, or
everything it sells does.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, add, divide, multiply, subtract, to_text
from algorithms.domain import Measure, Side
from daemon.execution.sizing import Refusal
from daemon.storage.rows import parent_from_row

if TYPE_CHECKING:
    from algorithms.domain import Symbol
    from daemon.execution.sizing import Sized
    from daemon.registry import Book
    from daemon.storage.tx import Tx

PLACES = 18
"""Digits kept of an average cost: this one only bounds, it is never booked."""


@dataclass(slots=True)
class Exposure:
    """One symbol of a book: what it holds, what may be added, and the dearest price of it.

    ``cash`` is the value of orders that are measured in cash.
    """

    held: Decimal = ZERO
    buys: Decimal = ZERO
    sells: Decimal = ZERO
    price: Decimal = ZERO
    cash: Decimal = ZERO

    @property
    def units(self) -> Decimal:
        """The largest position, long or short, that may come of it."""
        return max(abs(add(self.held, self.buys)), abs(subtract(self.held, self.sells)))

    @property
    def value(self) -> Decimal:
        return add(multiply(self.units, self.price), self.cash)

    def ask(self, side: Side, quantity: Decimal, price: Decimal) -> None:
        """Count an order that may fill."""
        if side is Side.BUY:
            self.buys = add(self.buys, quantity)
        else:
            self.sells = add(self.sells, quantity)
        self.price = max(self.price, price)


def require_margin(tx: Tx, book: Book, symbol: Symbol, sized: Sized) -> None:
    """Refuse an order that could take the book beyond its capital times its leverage.

    An order that can only make a position smaller is always taken. Raises Refusal.
    """
    exposures = _exposures(tx, book)
    exposure = exposures[symbol]
    before = exposure.units
    exposure.ask(sized.side, sized.quantity, sized.price or ZERO)
    if exposure.units <= before:
        return
    if not exposure.price:
        raise Refusal("unavailable: no price to judge the order's margin with")
    needed = sum((each.value for each in exposures.values()), ZERO)
    most = multiply(book.capital, book.leverage)
    if needed > most:
        raise Refusal(
            f"insufficient_margin: {book.name} could come to hold {to_text(needed)} "
            f"{book.account.currency}, its capital times leverage is {to_text(most)}"
        )


def _exposures(tx: Tx, book: Book) -> defaultdict[Symbol, Exposure]:
    """Collect what the book holds and what its live orders may add."""
    exposures: defaultdict[Symbol, Exposure] = defaultdict(Exposure)
    account = book.account
    for row in tx.fetch("positions_of_account", account=account.name):
        units = Decimal(row["quantity"])
        if row["book"] == book.name and row["asset"] != account.currency and units:
            exposure = exposures[row["asset"]]
            exposure.held = units
            exposure.price = abs(divide(Decimal(row["cost"]), units, PLACES))
    for row in tx.fetch("live_parents_of_account", account=account.name):
        parent = parent_from_row(row)
        if parent.book != book.name:
            continue
        if parent.measure is Measure.CASH:
            exposures[parent.symbol].cash = add(exposures[parent.symbol].cash, parent.remain)
            continue
        price = parent.limit_price or parent.stop_price or parent.reserve_price or ZERO
        exposures[parent.symbol].ask(parent.side, parent.remain, price)
    return exposures
