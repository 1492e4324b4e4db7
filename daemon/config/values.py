"""How each kind of value is read, from what TOML or an environment variable gave.

A reader returns the typed value, or raises a fault that says what would have been right. It never
repeats what was there: see ``problems``.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from algorithms.decimals import DIGITS, parse_decimal
from algorithms.instruments import normalise_symbol
from daemon.config.problems import fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from algorithms.domain import Symbol
    from daemon.config.secret import Surroundings

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)
NumberT = TypeVar("NumberT", int, float, Decimal)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

INTEGER_MAX = 2**63 - 1
YEAR_S = 366 * 86_400
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NAME_LENGTH_MAX = 64
_TEXT_LENGTH_MAX = 1024
_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{1,9}")
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.%]+")
_CHAT_ID = re.compile(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{1,64}")


def read_path(value: object, around: Surroundings | None) -> Path:
    """A path relative to the config file; without surroundings it stays as it is."""
    path = value if isinstance(value, Path) else Path(read_text(value))
    return around.folder / path if around is not None else path


def read_boolean(value: object) -> bool:
    """True or false, nothing that only looks like it."""
    if not isinstance(value, bool):
        raise fault("must be true or false")
    return value


def read_integer(value: object) -> int:
    """A whole number as TOML writes one."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise fault("must be a whole number, without quotes")
    return value


def read_decimal(value: object) -> Decimal:
    """An exact number from a TOML number or a string. Refuses what is not finite or too long."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise fault("must be a number")
    try:
        return parse_decimal(str(value))
    except ValueError:
        raise fault(
            "must be a number", f"at most {DIGITS} digits before the point and {DIGITS} after it"
        ) from None


def read_seconds(value: object) -> float:
    """A duration. It is no money, so a float will do."""
    return float(within(read_decimal, 0, YEAR_S)(value))


def within(
    read: Callable[[object], NumberT], low: int, high: int | None = None, *, above: bool = False
) -> Callable[[object], NumberT]:
    """The same reader, refusing what is out of bounds; ``above`` excludes ``low`` itself."""
    message = f"must be {bounds_text(low, high, above=above)}"

    def read_within(value: object) -> NumberT:
        number = read(value)
        if number < low or (above and number == low) or (high is not None and number > high):
            raise fault(message)
        return number

    return read_within


def bounds_text(low: int, high: int | None, *, above: bool) -> str:
    """How bounds read in a message and in the reference."""
    if high is None:
        return f"above {low}" if above else f"{low} or more"
    return f"above {low} and at most {high}" if above else f"from {low} to {high}"


def read_text(value: object) -> str:
    """One line of printable text."""
    if not isinstance(value, str):
        raise fault("must be a string", "put it in quotes")
    if not value or not value.isprintable() or len(value) > _TEXT_LENGTH_MAX:
        raise fault(f"must be one line of 1 to {_TEXT_LENGTH_MAX} printable characters")
    return value


def read_name(value: object) -> str:
    """The name of an account, strategy or book."""
    if not isinstance(value, str):
        raise fault("must be a name", "put it in quotes")
    if not _NAME.fullmatch(value) or len(value) > _NAME_LENGTH_MAX:
        raise fault(
            "is no valid name",
            f"a lower-case letter, then a-z, 0-9 and _, at most {_NAME_LENGTH_MAX} in all",
        )
    return value


def read_symbol(value: object) -> Symbol:
    """A symbol in its one spelling: trimmed, upper case, without the slash of a pair."""
    try:
        return normalise_symbol(read_text(value))
    except ValueError:
        raise fault("is no symbol", 'like "TQQQ", "005930" or "BTC/USDT"') from None


def read_currency(value: object) -> str:
    """A currency or a coin, as the account counts its cash."""
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise fault("must be a currency in capital letters", 'like "USD"')
    return value


def read_zone(value: object) -> ZoneInfo:
    """A time zone of the IANA database."""
    if isinstance(value, ZoneInfo):
        return value
    try:
        return ZoneInfo(read_text(value))
    except (ValueError, OSError, LookupError):
        raise fault("no such time zone", 'write it like "Asia/Seoul"') from None


def read_date(value: object) -> date:
    """A day, as a TOML date or as a string."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(read_text(value))
    except ValueError:
        raise fault("must be a day", 'like "2026-11-19"') from None


def read_network(value: object) -> Network:
    """One address, or a network in CIDR notation."""
    if isinstance(value, Network):
        return value
    try:
        return ipaddress.ip_network(read_text(value))
    except ValueError:
        raise fault(
            "must be an address or a network",
            'like "192.0.2.7" or "10.0.0.0/8", with no bit set beyond the prefix',
        ) from None


def read_host(value: object) -> str:
    """A host name or address to listen on."""
    host = read_text(value)
    if not _HOST.fullmatch(host):
        raise fault("must be a host name or an address", 'like "127.0.0.1"')
    return host


def is_utf8(text: str) -> bool:
    """Whether a text can be written; one from the environment may hold half a character."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def read_chat_id(value: object) -> str:
    """A Telegram chat: its number (negative for groups) or its @name."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not _CHAT_ID.fullmatch(text):
        raise fault("must be the number of a chat, or its @name")
    return text


def read_user_id(value: object) -> int:
    """A Telegram user, who is known by a number."""
    return int(within(read_integer, 1, INTEGER_MAX)(value))


def url_of(*schemes: str) -> Callable[[object], str]:
    """A reader of a URL of one of these schemes, without a password in it."""
    example = f'like "{schemes[-1]}://host:port/path"'

    def read(value: object) -> str:
        text = read_text(value)
        try:
            parts = urlsplit(text)
            is_whole = bool(parts.hostname) and parts.port != 0 and " " not in text
        except ValueError:
            raise fault("is no valid URL", example) from None
        if parts.scheme not in schemes or not is_whole:
            raise fault(f"must be a URL of {' or '.join(schemes)}", example)
        if parts.username is not None or parts.password is not None:
            raise fault("must not hold a user name or password", "secrets never stand in the file")
        return text

    return read


def read_database_url(value: object, around: Surroundings | None) -> str:
    """``sqlite:///`` and a path, made absolute from the folder of the config file."""
    text = read_text(value)
    scheme, _, path = text.partition(":///")
    if scheme != "sqlite" or not path:
        raise fault("only SQLite for now", 'write "sqlite:///path/to/file.db"')
    return f"sqlite:///{read_path(path, around)}"


def choice_of(choices: type[ChoiceT], *only: ChoiceT) -> Callable[[object], ChoiceT]:
    """A reader of an enumeration's values, or of some of them."""
    allowed = {choice.value: choice for choice in only or choices}
    message = f"must be one of {listed(allowed)}"

    def read(value: object) -> ChoiceT:
        choice = allowed.get(value) if isinstance(value, str) else None
        if choice is None:
            raise fault(message)
        return choice

    return read


def read_option(value: object) -> object:
    """A rule's own key, of which only the rule knows the meaning; numbers are checked already."""
    match value:
        case Decimal():
            return read_decimal(value)
        case bool():
            return value
        case int():
            return within(read_integer, -INTEGER_MAX, INTEGER_MAX)(value)
        case list():
            return tuple(map(read_option, value))
        case dict():
            return MappingProxyType({key: read_option(each) for key, each in value.items()})
        case str() if not is_utf8(value):
            raise fault("must be UTF-8 text")
        case _:
            return value


def read_list(value: object) -> object:
    """An array; a single string counts as an array of one."""
    return [value] if isinstance(value, str) else value


def listed(values: Iterable[str]) -> str:
    """Values of a choice, as TOML writes them."""
    return ", ".join(f'"{value}"' for value in values)
