"""Orders as the ledger keeps them, and how they looked at any time before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime, timedelta

    from tests.simulators.kis.divisions import Division
    from tests.simulators.kis.hours import Phase
    from tests.simulators.kis.listings import Listing

SELL, BUY = "01", "02"
SIDE_NAMES = {SELL: "현금매도", BUY: "현금매수"}


class What(StrEnum):
    """RCTF_CLS of a notice: what kind of order this is."""

    NEW = "0"
    AMEND = "1"
    CANCEL = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An order before it has a number. ``price`` is 0 where the type needs none.

    ``venue``: KRX, NXT or SOR; NASD, NYSE or AMEX. ``by_hand``: from the broker's own app."""

    account: str
    listing: Listing
    side: str
    division: Division
    quantity: int
    price: Decimal
    venue: str
    stop: Decimal | None = None
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """Where the units of an order are, and since when."""

    at: datetime
    filled: int = 0
    amount: Decimal = Decimal(0)
    cancelled: int = 0
    expired: int = 0
    rejected: int = 0
    moved: int = 0
    """To the order that amended it."""

    @property
    def gone(self) -> int:
        return self.filled + self.cancelled + self.expired + self.rejected + self.moved


@dataclass(frozen=True, slots=True)
class Execution:
    at: datetime
    quantity: int
    price: Decimal
    charges: Decimal


@dataclass(slots=True, eq=False)
class Order:
    """``day`` is the market's own; ``lag``: how much later lists show what happens to it.

    ``serial`` counts all orders ever, ``number`` is what the day's clients see."""

    serial: int
    number: int
    day: date
    branch: str
    draft: Draft
    placed_at: datetime
    good_until: datetime
    lag: timedelta
    what: What = What.NEW
    original: Order | None = None
    price: Decimal = Decimal(0)
    """The limit it has now, when its type finds one by itself."""
    triggered: bool = True
    held: bool = False
    """Accepted, but not yet at the exchange: it cannot trade."""
    reason: str = ""
    states: list[State] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)

    @property
    def state(self) -> State:
        return self.states[-1]

    @property
    def quantity(self) -> int:
        return self.draft.quantity

    @property
    def is_buy(self) -> bool:
        return self.draft.side == BUY

    @property
    def symbol(self) -> str:
        return self.draft.listing.symbol

    @property
    def remaining(self) -> int:
        """What can still trade; nothing of a cancellation."""
        return 0 if self.what is What.CANCEL else self.quantity - self.state.gone

    @property
    def charges(self) -> Decimal:
        return sum((each.charges for each in self.executions), Decimal(0))

    def seen_at(self, at: datetime) -> State | None:
        """Return what a list shows at a time; None before it shows the order at all."""
        behind = at - self.lag
        if self.state.at <= behind:
            return self.state
        return next((each for each in reversed(self.states) if each.at <= behind), None)

    def record(self, at: datetime, quantity: int, price: Decimal, charges: Decimal) -> None:
        """Add an execution."""
        self.executions.append(Execution(at, quantity, price, charges))
        now = self.state
        filled, amount = now.filled + quantity, now.amount + quantity * price
        self.states.append(replace(now, at=at, filled=filled, amount=amount))

    def works_in(self, phases: frozenset[Phase]) -> bool:
        return bool(self.draft.division.phases(self.draft.venue) & phases)


class NewsKind(StrEnum):
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    FILLED = "filled"
    LAPSED = "lapsed"
    """What an IOC or FOK order could not take at once."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that a notice tells. ``quantity`` and ``price``: of this event alone."""

    kind: NewsKind
    order: Order
    at: datetime
    quantity: int
    price: Decimal
