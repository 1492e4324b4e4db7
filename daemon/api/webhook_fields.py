"""The keys of a webhook: how each value is read, and what would be right when it is not.

A reader takes a decoded value and returns what it means, or raises ``ValueError`` with a sentence
that follows the name of the key. Numbers are exact and may stand in quotes; true and false are no
numbers.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from algorithms.decimals import HUNDRED, ZERO, parse_decimal, to_text
from algorithms.domain import Side
from algorithms.instruments import normalise_symbol

if TYPE_CHECKING:
    from collections.abc import Callable

    from algorithms.domain import Symbol
    from daemon.api.decode import Json

SLICES_MAX = 500
MINUTES_MAX = Decimal(1440)
PERCENT_MAX = Decimal(10_000)
KEY_LENGTH_MAX = 128
SYMBOL_LENGTH_MAX = 64
"""As it is written; what is left of it is at most half of this."""

_SIDES = {"buy": Side.BUY, "long": Side.BUY, "sell": Side.SELL, "short": Side.SELL}


def number(value: Json) -> Decimal:
    """Read a number, in quotes or not."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        return parse_decimal(value)
    raise ValueError('must be a number such as 10 or "0.5"')


def positive(value: Json) -> Decimal:
    """Read a price or a quantity."""
    read = number(value)
    if read <= ZERO:
        raise ValueError("must be above zero")
    return read


def percentage(value: Json) -> Decimal:
    """Read a size in percent: of the capital, or below zero of the position to close."""
    read = number(value)
    if not read:
        raise ValueError("must not be zero: above zero to open, below zero to close")
    if not -HUNDRED <= read <= PERCENT_MAX:
        raise ValueError(f"must be from -100 to {to_text(PERCENT_MAX)}")
    return read


def minutes(value: Json) -> Decimal:
    """Read the length of a TWAP."""
    read = number(value)
    if not ZERO < read <= MINUTES_MAX:
        raise ValueError(f"must be above 0 and at most {to_text(MINUTES_MAX)}, a day")
    return read


def slices(value: Json) -> int:
    """Read the number of slices of a TWAP."""
    read = number(value)
    whole = int(read)
    if whole != read or not 1 <= whole <= SLICES_MAX:
        raise ValueError(f"must be a whole number from 1 to {SLICES_MAX}")
    return whole


def side(value: Json) -> Side:
    """Read a direction."""
    found = _SIDES.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("must be buy or sell (long and short mean the same)")
    return found


def yes_or_no(value: Json) -> bool:
    """Read a switch."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false, not in quotes")  # noqa: TRY004 - as all others
    return value


def symbol(value: Json) -> Symbol:
    """Read a symbol, however it is written."""
    if not isinstance(value, str) or len(value) > SYMBOL_LENGTH_MAX:
        raise ValueError('must be a symbol such as "BTC/USDT", "TQQQ" or "005930"')
    return _known_symbol(value)


# The same few symbols come again and again; failures are not remembered.
_known_symbol = lru_cache(maxsize=1024)(normalise_symbol)


def text(longest: int) -> Callable[[Json], str]:
    """Make a reader of texts without control characters."""

    def read(value: Json) -> str:
        if isinstance(value, str) and 1 <= len(value) <= longest and value.isprintable():
            return value
        raise ValueError(f"must be a text of 1 to {longest} printable characters")

    return read


name = text(64)
"""A strategy's or an account's, known or not."""
token = text(512)
order_id = text(KEY_LENGTH_MAX)


def lower_name(value: Json) -> str:
    """Read a name that is compared in lower case."""
    return name(value).lower()


def upper_name(value: Json) -> str:
    """Read a name that is compared in upper case."""
    return name(value).upper()


def request_key(value: Json) -> str:
    """Read an idempotency key: a text, or a whole number."""
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return str(value)
    if isinstance(value, str) and 1 <= len(value) <= KEY_LENGTH_MAX and value.isprintable():
        return value
    raise ValueError(
        f"must be a text of 1 to {KEY_LENGTH_MAX} printable characters, or a whole number"
    )
