"""Exact decimals: the one policy for arithmetic with money, prices and quantities.

Python's ``Decimal`` operators round silently to the current context, 28 digits by default. That
context belongs to the thread or task that happens to run: an asyncio task inherits a copy of its
creator's variables, a database thread starts with the default one. So nothing here relies on
``setcontext``. All arithmetic goes through ``EXACT``, either by name (``multiply(a, b)``) or by
``with exactly():`` around a formula that awaits nothing. ``EXACT`` traps ``Inexact``: what would
have been rounded raises instead. Where a rounding is wanted it is asked for by name
(``floor_to``, ``round_to``, ``divide``).

Why 160 digits: an input has at most 18 digits on each side of the point, 36 in all. A product of
four inputs has 144, and a trillion of those add 12 more.
"""

from __future__ import annotations

import re
from decimal import (
    Clamped,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    Underflow,
    localcontext,
)
from functools import lru_cache
from math import isqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)

DIGITS = 18
"""Most digits an input may have before the point, and most after it."""

EXACT = Context(
    prec=160,
    traps=[Clamped, DivisionByZero, Inexact, InvalidOperation, Overflow, Underflow],
)
add = EXACT.add
subtract = EXACT.subtract
multiply = EXACT.multiply

_LONGEST_TEXT = 100
_USUAL = re.compile(rf"-?[0-9]{{1,{DIGITS}}}(?:\.[0-9]{{1,{DIGITS}}})?")
"""Needs no closer look; nearly every number is written so."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?")


def exactly() -> AbstractContextManager[Context]:
    """Give the operators of one formula the policy of this module.

    ``with exactly(): cost = quantity * price * (ONE + fee)``. Raises ``decimal.Inexact`` for a
    division that does not come out even. Never put an ``await`` inside.
    """
    return localcontext(EXACT)


@lru_cache(maxsize=4096)
def parse_decimal(text: str) -> Decimal:
    """Read a number a person or a program wrote: ``12``, ``-0.5``, ``.5``, ``1e3``.

    ASCII digits only; no blanks, no thousands separators, nothing infinite. At most 18 digits
    before the point and 18 after it. Minus zero is zero. Raises ``ValueError`` with a reason that
    a person can act on. Remembered, because the same prices and sizes come again and again.
    """
    if _USUAL.fullmatch(text):
        return Decimal(text) or ZERO
    if len(text) > _LONGEST_TEXT:
        raise ValueError(f"a number of {len(text)} characters: at most {_LONGEST_TEXT}")
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"not a decimal number: {text!r}")
    value = Decimal(text)
    exponent = value.as_tuple().exponent
    if isinstance(exponent, str) or exponent < -DIGITS:
        raise ValueError(f"more than {DIGITS} digits after the point: {text}")
    if value.adjusted() >= DIGITS:
        raise ValueError(f"more than {DIGITS} digits before the point: {text}")
    return value or ZERO


def to_text(value: Decimal) -> str:
    """Write a number without exponent, trailing zeros or minus zero: ``2.50`` is ``2.5``.

    Every digit is kept. Raises ``ValueError`` for what is not finite.
    """
    text = str(value)
    if text.isdecimal():
        return text
    if not value.is_finite():
        raise ValueError(f"not a finite number: {value}")
    if not value:
        return "0"
    if "E" in text:
        text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def total(values: Iterable[Decimal]) -> Decimal:
    """Sum exactly; nothing sums to zero."""
    result = ZERO
    for value in values:
        result = add(result, value)
    return result


def percent(value: Decimal, pct: Decimal) -> Decimal:
    """``pct`` percent of ``value``: ``percent(200, 0.25)`` is 0.5."""
    return multiply(value, pct).scaleb(-2, EXACT)


def floor_divide(value: Decimal, by: Decimal) -> int:
    """How many whole ``by`` fit in ``value``, rounded down. ``by`` > 0."""
    if by <= ZERO:
        raise ValueError(f"can only count steps above zero, not {by}")
    whole, rest = EXACT.divmod(value, by)
    return int(whole) - 1 if rest < ZERO else int(whole)


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether ``value`` is a whole number of ``step`` (> 0)."""
    return not EXACT.remainder(value, step)


def floor_to(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of ``step`` (> 0) not above ``value``."""
    return multiply(step, Decimal(floor_divide(value, step)))


def ceil_to(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of ``step`` (> 0) not below ``value``."""
    return multiply(step, Decimal(-floor_divide(EXACT.minus(value), step)))


def round_to(value: Decimal, step: Decimal) -> Decimal:
    """The multiple of ``step`` (> 0) nearest to ``value``; halves go away from zero."""
    size = EXACT.abs(value)
    steps = floor_divide(add(multiply(size, Decimal(2)), step), multiply(step, Decimal(2)))
    rounded = multiply(step, Decimal(steps))
    return rounded.copy_sign(value) if rounded else ZERO


def divide(value: Decimal, by: Decimal, places: int) -> Decimal:
    """``value / by`` rounded once, half away from zero, to ``places`` digits after the point.

    For what is shown, such as an average price. What is booked never needs a division.
    """
    if not by:
        raise ZeroDivisionError("division by zero")
    if by < ZERO:
        value, by = EXACT.minus(value), EXACT.minus(by)
    step = ONE.scaleb(-places, EXACT)
    doubled = multiply(EXACT.abs(value), Decimal(2)).scaleb(places, EXACT)
    steps = floor_divide(add(doubled, by), multiply(by, Decimal(2)))
    quotient = multiply(step, Decimal(steps))
    return quotient.copy_sign(value) if quotient else ZERO


def root(value: Decimal, places: int) -> Decimal:
    """The square root of ``value`` (>= 0), rounded down to ``places`` digits after the point."""
    if value < ZERO:
        raise ValueError(f"no square root of {value}")
    return Decimal(isqrt(floor_divide(value.scaleb(2 * places, EXACT), ONE))).scaleb(-places, EXACT)
