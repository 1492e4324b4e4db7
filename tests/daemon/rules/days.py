"""A book on a day, as a rule is asked about it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.domain import AccountName, BookName, Symbol
from daemon.rules.rule import BookDay, Sale, SymbolDay

if TYPE_CHECKING:
    from collections.abc import Mapping

FRIDAY = date(2026, 11, 20)
THURSDAY = date(2026, 11, 19)


def book_day(*symbols: SymbolDay, day: date = FRIDAY, previous: date | None = THURSDAY) -> BookDay:
    return BookDay(
        book=BookName("bot"),
        account=AccountName("main"),
        currency="USD",
        day=day,
        previous_day=previous,
        now=datetime.combine(day, time(14, 40), UTC),
        cash=Decimal(100000),
        symbols=symbols,
        days_since=lambda earlier: (day - earlier).days,
    )


def symbol_day(
    price: str = "100",
    units: str = "0",
    *,
    invested: str | None = None,
    lot: str = "1",
    closes: tuple[str, str] | None = None,
    sales: tuple[Sale, ...] = (),
    state: Mapping[str, str] | None = None,
) -> SymbolDay:
    """Units that cost 100 each unless told; closes are the one before and the last."""
    quantity = Decimal(units)
    return SymbolDay(
        symbol=Symbol("TQQQ"),
        price=Decimal(price),
        lot=Decimal(lot),
        quantity=quantity,
        free=quantity,
        invested=quantity * 100 if invested is None else Decimal(invested),
        close_before=None if closes is None else Decimal(closes[0]),
        last_close=None if closes is None else Decimal(closes[1]),
        sales=sales,
        state=state or {},
    )
