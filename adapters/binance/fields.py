"""Reading Binance's JSON: every field has a type, and what has not is no answer at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, cast

from adapters.broker import BrokerUnavailableError
from algorithms.decimals import EXACT, ONE
from algorithms.domain import Symbol

if TYPE_CHECKING:
    from collections.abc import Mapping

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST_DIGITS = 40
"""Before or after the point; no amount of a venue comes near it."""

Fields = dict[str, object]


class MalformedError(BrokerUnavailableError):
    """The venue's answer does not have the form its documentation gives it: it tells nothing."""


def fields_of(value: object) -> Fields:
    """Take a value for an object with names."""
    if not isinstance(value, dict):
        raise MalformedError(f"expected an object, not {type(value).__name__}")
    return cast("Fields", value)


def rows_of(value: object) -> list[Fields]:
    """Take a value for a list of objects."""
    if not isinstance(value, list):
        raise MalformedError(f"expected a list, not {type(value).__name__}")
    return [fields_of(row) for row in value]


def text(fields: Mapping[str, object], *names: str) -> str:
    """Return the first of the named fields that is there, as text; ids may be numbers."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
            return str(value)
    raise MalformedError(f"field {' or '.join(names)} is missing")


def decimal(fields: Mapping[str, object], *names: str) -> Decimal:
    """Return an amount. Binance writes them as text; integers pass, floats never."""
    written = text(fields, *names)
    try:
        value = Decimal(written)
    except InvalidOperation:
        raise MalformedError(f"field {names[0]} is no number: {written[:40]!r}") from None
    if not value.is_finite() or abs(value.adjusted()) > MOST_DIGITS:
        raise MalformedError(f"field {names[0]} is no amount: {written[:40]!r}")
    return plain(value)


def plain(value: Decimal) -> Decimal:
    """Drop the zeros after the last digit: ``1.50000000`` and ``1.5`` are written alike."""
    if value == value.to_integral_value():
        return value.quantize(ONE, context=EXACT)
    return value.normalize(EXACT)


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


def from_ms(milliseconds: int) -> datetime:
    """Return an aware time; integers, so that no digit is lost."""
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise MalformedError(f"no time: {milliseconds}") from None


def to_ms(at: datetime) -> int:
    """Return whole milliseconds since the epoch, rounded down."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def symbol_of(fields: Mapping[str, object], name: str = "symbol") -> Symbol:
    """Return the symbol a row is about."""
    return Symbol(text(fields, name))
