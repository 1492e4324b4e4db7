"""What the bodies of previews consist of: exact numbers and symbols, refused in our words."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from pydantic import Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from algorithms.decimals import HUNDRED, ZERO, parse_decimal
from algorithms.domain import Symbol
from algorithms.instruments import normalise_symbol


def fault(message: str) -> PydanticCustomError:
    """Make the error of a validator, with words for a person."""
    return PydanticCustomError("preview", "{message}", {"message": message})


def read_decimal(value: object) -> Decimal:
    """Read a number, or a number in quotes, exactly."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise fault("neither a number nor a number in quotes")
    try:
        return parse_decimal(str(value))
    except ValueError as error:
        raise fault(str(error)) from error


def read_positive(value: object) -> Decimal:
    """Read a number above zero."""
    number = read_decimal(value)
    if number <= ZERO:
        raise fault("not above zero")
    return number


def _read_amount(value: object) -> Decimal:
    number = read_decimal(value)
    if number < ZERO:
        raise fault("below zero")
    return number


def _read_percent(value: object) -> Decimal:
    number = read_decimal(value)
    if not ZERO <= number <= HUNDRED:
        raise fault("not between 0 and 100")
    return number


@lru_cache(maxsize=4096)  # a body names few symbols many times
def symbol_of(text: str) -> Symbol:
    """Read a symbol. Raises ``ValueError``."""
    return normalise_symbol(text)


def _read_symbol(value: object) -> Symbol:
    if not isinstance(value, str):
        raise fault("not a symbol: it is no text")
    try:
        return symbol_of(value)
    except ValueError as error:
        raise fault(str(error)) from error


_DECIMAL_SCHEMA = WithJsonSchema({"type": ["string", "number"]})
SymbolText = Annotated[Symbol, PlainValidator(_read_symbol), WithJsonSchema({"type": "string"})]
Number = Annotated[Decimal, PlainValidator(read_decimal), _DECIMAL_SCHEMA]
Amount = Annotated[Decimal, PlainValidator(_read_amount), _DECIMAL_SCHEMA]
Positive = Annotated[Decimal, PlainValidator(read_positive), _DECIMAL_SCHEMA]
Percent = Annotated[Decimal, PlainValidator(_read_percent), _DECIMAL_SCHEMA]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=64)]
