"""What a rule is: one class with a model of its options and one method that decides.

The daemon asks the rule of every active book once per market day. A rule reads what it is given
and returns what it wants; it stores nothing itself and sends nothing. What it returns as state is
stored in the transaction that stores its orders, and given to it the next time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Generic, Protocol, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict

from algorithms.domain import Kind, OrderType

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from algorithms.domain import AccountName, BookName, Symbol
    from algorithms.instruments import Instrument
    from algorithms.loc.lots import Lot

NO_STATE: Mapping[str, str] = MappingProxyType({})


class RuleOptions(BaseModel):
    """The keys of ``[books.NAME.rule]`` beside ``type``. A rule's options derive from this."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """Units of a symbol that the book sold, at the broker or by netting.

    ``profit`` is what they brought above their average cost, without fees. ``is_full``: nothing
    was left.
    """

    day: date
    profit: Decimal
    is_full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolDay:
    """One symbol of a book on one day.

    ``quantity`` is held, ``free`` of it promised to no order; ``invested`` is what the units
    cost, without fees. ``last_close`` and ``close_before`` are the closes of the last two trading
    days, None where the daemon does not know them. ``sales`` are those since the rule last
    decided, oldest first; ``state`` is what it stored then. ``lots`` make up the quantity, oldest
    first, for rules that want them.
    """

    symbol: Symbol
    price: Decimal
    lot: Decimal
    quantity: Decimal
    free: Decimal
    invested: Decimal
    last_close: Decimal | None = None
    close_before: Decimal | None = None
    sales: tuple[Sale, ...] = ()
    state: Mapping[str, str] = field(default_factory=lambda: NO_STATE)
    instrument: Instrument | None = None
    lots: tuple[Lot, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDay:
    """What a rule is asked about: a book on a trading day of its market.

    ``cash`` is what new orders may use, in the account's currency. ``previous_day`` is the
    trading day before, None where the calendar begins. ``days_since`` counts the trading days
    after a day up to this one. ``sends_at_close``: whether a rule's orders for the close are
    sent (``loc.mode``).
    """

    book: BookName
    account: AccountName
    currency: str
    day: date
    previous_day: date | None
    now: datetime
    cash: Decimal
    symbols: tuple[SymbolDay, ...]
    days_since: Callable[[date], int]
    sends_at_close: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An order that a rule wants: ``cash`` to spend or ``quantity`` to trade, one of the two.

    The kind carries the side. A ``TWAP`` is worked at the day's twap jobs.
    """

    kind: Kind
    cash: Decimal | None = None
    quantity: Decimal | None = None
    order_type: OrderType = OrderType.TWAP
    limit_price: Decimal | None = None

    def __post_init__(self) -> None:
        if (self.cash is None) == (self.quantity is None):
            raise ValueError("an order is for cash or for a quantity")
        amount = self.cash if self.quantity is None else self.quantity
        if amount is None or not amount.is_finite() or amount <= 0:
            raise ValueError(f"an order must be above zero, not {amount}")
        if self.cash is not None and self.kind not in {Kind.BUY, Kind.BUY_FORCE}:
            raise ValueError("only buys are for cash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a rule says of one symbol. ``reason`` explains it to people, with the numbers.

    ``state`` replaces what is stored; None keeps it.
    """

    symbol: Symbol
    reason: str
    wishes: tuple[Wish, ...] = ()
    state: Mapping[str, str] | None = None


OptionsT = TypeVar("OptionsT", bound=RuleOptions)


class Rule(Protocol):
    """A rule with its options, as the daemon uses it."""

    wants_lots: ClassVar[bool]

    async def decide(self, day: BookDay) -> tuple[Decision, ...]:
        """Say what the book shall do today. May wait for things outside, not for long."""
        ...


class RuleClass(Generic[OptionsT]):
    """Base of rules: ``class Mine(RuleClass[MyOptions])`` with its ``decide``.

    The options named in the brackets check the keys of the configuration.
    """

    options_model: ClassVar[type[RuleOptions]] = RuleOptions
    wants_lots: ClassVar[bool] = False
    """Whether it asks for the lots that make up what its book holds."""

    def __init__(self, options: OptionsT) -> None:
        self.options = options

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for base in getattr(cls, "__orig_bases__", ()):
            named = get_args(base)[0] if get_origin(base) is RuleClass else None
            if isinstance(named, type) and issubclass(named, RuleOptions):
                cls.options_model = named

    async def decide(self, day: BookDay) -> tuple[Decision, ...]:
        """Say what the book shall do today."""
        raise NotImplementedError
