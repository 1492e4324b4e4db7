"""Reading Binance's JSON: every field has a type, and what has not is no answer at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.fields import MalformedError, exact, from_ms
from algorithms.domain import Symbol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from decimal import Decimal

    from adapters.fields import Fields


def text(fields: Mapping[str, object], *names: str) -> str:
    """Return the first of the named fields that is there, as text; ids may be numbers."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            return str(value)
    raise MalformedError(f"field {' or '.join(names)} is missing")


def decimal(fields: Mapping[str, object], *names: str) -> Decimal:
    """Return an amount. Binance writes them as text; integers pass, floats never."""
    return exact(text(fields, *names), names[0])


def integer(fields: Mapping[str, object], *names: str) -> int:
    """Return a whole number, exact however large."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str):
            try:
                return int(value)
            except ValueError:
                break
    raise MalformedError(f"field {' or '.join(names)} is no whole number")


def time_of(fields: Mapping[str, object], *names: str) -> datetime:
    """Return a time given in milliseconds since the epoch."""
    return from_ms(integer(fields, *names))


def symbol_of(fields: Fields, name: str = "symbol") -> Symbol:
    """Return the symbol a row is about."""
    return Symbol(text(fields, name))
