"""Reading a venue's JSON: what has not the form its documentation gives it is no answer at all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import cast

from adapters.broker import BrokerUnavailableError
from algorithms.decimals import EXACT, ONE, ZERO, add

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


def exact(written: str, name: str) -> Decimal:
    """Read an amount; ``name`` is its field's, for the complaint."""
    try:
        value = Decimal(written)
    except InvalidOperation:
        raise MalformedError(f"field {name} is no number: {written[:40]!r}") from None
    if not value.is_finite() or abs(value.adjusted()) > MOST_DIGITS:
        raise MalformedError(f"field {name} is no amount: {written[:40]!r}")
    return plain(value)


def plain(value: Decimal) -> Decimal:
    """Drop the zeros after the last digit, and the sign of zero: ``1.50`` and ``1.5`` are alike."""
    if value == value.to_integral_value():
        return add(value.quantize(ONE, context=EXACT), ZERO)
    return value.normalize(EXACT)


def from_ms(milliseconds: int) -> datetime:
    """Return an aware time; integers, so that no digit is lost."""
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise MalformedError(f"no time: {milliseconds}") from None


def to_ms(at: datetime) -> int:
    """Return whole milliseconds since the epoch, rounded down."""
    return (at - EPOCH) // timedelta(milliseconds=1)
