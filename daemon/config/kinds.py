"""The types of the configuration's fields: a Python type, with the kind of value it is read from.

The kind names itself in the reference and brings the reader of ``values`` that pydantic calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, TypeVar, cast
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, WrapSerializer
from pydantic_core import core_schema

from algorithms.domain import AccountName, BookName, StrategyName, Symbol
from daemon.config.values import (
    INTEGER_MAX,
    ChoiceT,
    Network,
    NumberT,
    bounds_text,
    choice_of,
    listed,
    read_boolean,
    read_chat_id,
    read_currency,
    read_database_url,
    read_date,
    read_decimal,
    read_host,
    read_integer,
    read_name,
    read_network,
    read_option,
    read_path,
    read_seconds,
    read_symbol,
    read_text,
    read_user_id,
    read_zone,
    url_of,
    within,
)

if TYPE_CHECKING:
    from daemon.config.secret import Surroundings

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: its name in the reference, and the function that reads one.

    ``text`` marks kinds whose environment override is taken letter by letter, not as TOML.
    """

    name: str
    read: Callable[[object], object]
    text: bool = False

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: object
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)


@dataclass(frozen=True, slots=True)
class PlacedKind:
    """A kind of value that is read relative to the folder of the config file."""

    name: str
    read: Callable[[object, Surroundings | None], object]
    text: bool = True

    def __get_pydantic_core_schema__(
        self, _source: object, _handler: object
    ) -> core_schema.CoreSchema:
        def read(value: object, info: core_schema.ValidationInfo[object]) -> object:
            return self.read(value, cast("Surroundings | None", info.context))

        return core_schema.with_info_plain_validator_function(read)


def bounded(
    noun: str,
    read: Callable[[object], NumberT],
    low: int,
    high: int | None = None,
    *,
    above: bool = False,
) -> Kind:
    """A kind of number whose name in the reference states its bounds."""
    shown_high = None if high == INTEGER_MAX else high
    return Kind(
        f"{noun}, {bounds_text(low, shown_high, above=above)}", within(read, low, high, above=above)
    )


def one_of(choices: type[ChoiceT], *only: ChoiceT) -> Kind:
    """One of an enumeration's values, or of some of them."""
    return Kind(listed(only or choices), choice_of(choices, *only), text=True)


def empty_table() -> Mapping[K, V]:
    """Default of a table."""
    return MappingProxyType({})


Table = Annotated[
    Mapping[K, V],
    AfterValidator(MappingProxyType),
    WrapSerializer(lambda table, dump: dump(dict(table))),
]
"""A table whose keys the user chooses, read-only once loaded."""

Boolean = Annotated[bool, Kind("true or false", read_boolean)]
Whole = Annotated[int, bounded("whole number", read_integer, 0, INTEGER_MAX)]
Count = Annotated[int, bounded("whole number", read_integer, 1, 1_000_000)]
Milliseconds = Annotated[int, bounded("whole number", read_integer, 0, 3_600_000)]
Port = Annotated[int, bounded("whole number", read_integer, 0, 65_535)]
Amount = Annotated[Decimal, bounded("number", read_decimal, 0)]
Positive = Annotated[Decimal, bounded("number", read_decimal, 0, above=True)]
Percent = Annotated[Decimal, bounded("number", read_decimal, 0, 100)]
PositivePercent = Annotated[Decimal, bounded("number", read_decimal, 0, 100, above=True)]
Probability = Annotated[Decimal, bounded("number", read_decimal, 0, 1)]
Seconds = Annotated[float, bounded("number", read_seconds, 0)]
PositiveSeconds = Annotated[float, bounded("number", read_seconds, 0, above=True)]
Text = Annotated[str, Kind("string", read_text, text=True)]
AccountRef = Annotated[AccountName, Kind("name of an account", read_name, text=True)]
BookRef = Annotated[BookName, Kind("name of a book", read_name, text=True)]
StrategyRef = Annotated[StrategyName, Kind("name of a strategy", read_name, text=True)]
CredentialName = Annotated[str, Kind("name", read_name, text=True)]
RuleType = Annotated[str, Kind("name of a rule", read_name, text=True)]
RuleOption = Annotated[object, Kind("as the rule says", read_option)]
SymbolName = Annotated[Symbol, Kind("symbol", read_symbol, text=True)]
Currency = Annotated[str, Kind("currency", read_currency, text=True)]
Zone = Annotated[ZoneInfo, Kind("time zone", read_zone, text=True)]
Day = Annotated[date, Kind("date", read_date, text=True)]
AddressRange = Annotated[Network, Kind("address or network", read_network, text=True)]
UserId = Annotated[int, Kind("number of a user", read_user_id)]
ChatId = Annotated[str, Kind("number or @name", read_chat_id, text=True)]
Host = Annotated[str, Kind("host", read_host, text=True)]
HttpUrl = Annotated[str, Kind("URL (http, https)", url_of("http", "https"), text=True)]
SocketUrl = Annotated[str, Kind("URL (ws, wss)", url_of("ws", "wss"), text=True)]
DatabaseUrl = Annotated[str, PlacedKind("URL (sqlite)", read_database_url)]
FilePath = Annotated[Path, PlacedKind("path", read_path)]
