"""What the daemon asks of a broker, and the answers it can get.

One protocol for every venue; ``tests/contracts`` holds the suite that each adapter must pass.
Two rules shape it. Placing and cancelling answer with a value that says what is *known*, never
with an exception: "unknown" is an ordinary answer. And what a venue needs to find a lost order
again (a client id, or what was there before it was sent) stays the adapter's business: the core
only stores it before sending and hands it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from algorithms.decimals import ZERO

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from datetime import date, datetime
    from decimal import Decimal

    from algorithms.domain import (
        BrokerOrderId,
        ChildId,
        OrderType,
        Side,
        Symbol,
        TimeInForce,
    )
    from algorithms.instruments import Instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a venue can do. The core refuses, before sending, what it cannot."""

    client_order_ids: bool
    order_types: frozenset[OrderType]
    good_till_cancelled: bool
    batch_cancel: int
    """Most orders in one cancel request; 1 where there is no batch."""
    max_in_flight: int
    """Most requests under way at once."""
    settle_time: timedelta
    """How long after sending "no such order" is no proof yet that it was never accepted."""
    second_look: timedelta = timedelta()
    """How long ``place`` may look, beside sending, whether an order that was turned away is there
    all the same."""
    day_orders: bool = True
    """Whether an order for the day ends with it. A venue that never closes keeps it."""
    moc_buys: bool = True
    """Whether a buy for the close may go without a limit, where such sells may."""
    holds_each_order: bool = False
    """Whether each resting buy holds cash of its own, also where one close cannot fill them all."""
    short_selling: bool = False
    """Whether more may be sold than is held, and more bought than the cash pays for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """An order as it is sent. Prices are on the tick, the quantity on the lot."""

    client_id: ChildId
    symbol: Symbol
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Decimal
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    reduce_only: bool = False
    """It may only make the account's position smaller. Only futures know that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentOrder:
    """An order that was, or may have been, sent: all we know to find it again."""

    request: OrderRequest
    sent_at: datetime
    fingerprint: str | None
    broker_order_id: BrokerOrderId | None
    market_day: date | None


class BrokerOrderState(StrEnum):
    """The broker's own view of an order."""

    OPEN = "open"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    EXPIRED = "expired"

    @property
    def is_final(self) -> bool:
        return self not in {BrokerOrderState.OPEN, BrokerOrderState.PARTIALLY_FILLED}


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOrder:
    """An order as the broker reports it. ``filled`` counts units executed so far."""

    id: BrokerOrderId
    client_id: ChildId | None
    symbol: Symbol
    side: Side
    order_type: OrderType
    quantity: Decimal
    limit_price: Decimal | None
    state: BrokerOrderState
    filled: Decimal
    market_day: date
    placed_at: datetime
    reason: str = ""


SELF_TRADE = "self_trade: it would have traded with an order of the same account"
"""``BrokerOrder.reason`` of an order that the venue ended to prevent a self-trade."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerFill:
    """One execution.

    ``trade_id`` is the venue's, None where it has none; then ``cumulative`` (units executed of
    this order including this fill) tells repeats from news, and only the increase is booked.
    Where the venue tells totals, ``cumulative_value`` is what all of them traded for, and the
    increase costs what that grew by, whatever ``price`` says of this fill alone; so does
    ``cumulative_fee`` for ``fee``, where a fee is rounded for the order as a whole.
    ``fee`` is what was charged, in ``fee_asset``: the currency, the bought coin or a third one.
    """

    order_id: BrokerOrderId
    client_id: ChildId | None
    symbol: Symbol
    side: Side
    trade_id: str | None
    cumulative: Decimal
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    market_day: date
    at: datetime
    cumulative_value: Decimal | None = None
    cumulative_fee: Decimal | None = None


class RefusalCode(StrEnum):
    """Why an order is surely not at the broker."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    INSUFFICIENT_HOLDINGS = "insufficient_holdings"
    UNKNOWN_SYMBOL = "unknown_symbol"
    BAD_PRICE = "bad_price"
    BAD_QUANTITY = "bad_quantity"
    UNSUPPORTED = "unsupported"
    MARKET_CLOSED = "market_closed"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"

    @property
    def is_transient(self) -> bool:
        """The venue did not judge the order: the same order may succeed later."""
        return self in {RefusalCode.RATE_LIMITED, RefusalCode.UNAVAILABLE}


@dataclass(frozen=True, slots=True)
class Accepted:
    """The order is at the broker; it may already have filled."""

    order: BrokerOrder


@dataclass(frozen=True, slots=True)
class Refused:
    """Not placed, for certain. ``retry_after_s`` is the wait the venue asked for, if any."""

    code: RefusalCode
    message: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """It may or may not have reached the broker. Never resend: ask with ``Broker.find``."""

    reason: str


PlaceOutcome = Accepted | Refused | OutcomeUnknown


@dataclass(frozen=True, slots=True)
class CancelConfirmed:
    """The order has ended; ``order`` is its final state, fills included."""

    order: BrokerOrder


@dataclass(frozen=True, slots=True)
class CancelAccepted:
    """The venue took the request but has not confirmed the end: ask with ``Broker.find``."""


@dataclass(frozen=True, slots=True)
class NotOpen:
    """The venue knows no such open order: filled, ended, or never there. Look it up."""


@dataclass(frozen=True, slots=True)
class CancelRefused:
    """Not cancelled, for certain (rate limit, venue down); try again later."""

    message: str
    retry_after_s: float | None = None


CancelOutcome = CancelConfirmed | CancelAccepted | NotOpen | CancelRefused | OutcomeUnknown


@dataclass(frozen=True, slots=True)
class Found:
    """The order is, or was, at the broker, with every fill it has had."""

    order: BrokerOrder
    fills: tuple[BrokerFill, ...]


@dataclass(frozen=True, slots=True)
class Absent:
    """The broker never accepted it: this is proof, not just an empty answer."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """Not seen, but too early to be sure; ask again."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several orders could be it (venues without client ids). A person must say.

    Without candidates: the venue lists none, yet cash or units are gone that it would have held.
    """

    candidates: tuple[BrokerOrder, ...]


FindOutcome = Found | Absent | Undecided | Ambiguous


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """A price with its age. ``bid``, ``ask`` and ``previous_close`` where the venue has them."""

    symbol: Symbol
    last: Decimal
    bid: Decimal | None
    ask: Decimal | None
    previous_close: Decimal | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """What the account owns, in total: units per symbol and cash per currency.

    ``tolerance``: by how much the cash may be off because the venue rounds what it books.
    """

    positions: Mapping[Symbol, Decimal]
    cash: Mapping[str, Decimal]
    at: datetime
    tolerance: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """The broker says how an order stands now."""

    order: BrokerOrder


@dataclass(frozen=True, slots=True)
class FillEvent:
    """The broker reports an execution; it may be repeated, late or out of order."""

    fill: BrokerFill


@dataclass(frozen=True, slots=True)
class StreamLost:
    """Events may be missing from here on; what happened meanwhile is not replayed."""

    reason: str


@dataclass(frozen=True, slots=True)
class StreamRestored:
    """Events flow again: reconcile now, nothing of the gap will come by itself."""


BrokerEvent = OrderEvent | FillEvent | StreamLost | StreamRestored


class BrokerError(Exception):
    """A question to the broker could not be answered."""


class BrokerUnavailableError(BrokerError):
    """No answer, or not now; the same question may be asked again."""


class BrokerMisconfiguredError(BrokerError):
    """The account cannot be used until a person has changed something at the venue or here."""


class UnknownSymbolError(BrokerError):
    """The broker does not trade this symbol."""


@runtime_checkable
class TradingDays(Protocol):
    """A broker that says itself on which days its market trades; it is the authority then."""

    async def is_trading_day(self, day: date) -> bool | None:
        """Return None where it does not say. Raises BrokerUnavailableError."""
        ...


@runtime_checkable
class ClosingPrices(Protocol):
    """A broker that tells at what price the closing auction of a past day traded."""

    async def closing_price(self, symbol: Symbol, day: date) -> Decimal | None:
        """Return a market day's official close; None as long as it is not final, or not known.

        Raises BrokerUnavailableError and UnknownSymbolError.
        """
        ...

    def close_due(self, day: date) -> datetime | None:
        """Return when a day's close, and the end of every order for it, is told at the latest.

        None where that is at once.
        """
        ...


class Funding(NamedTuple):
    """What a venue paid for a position (+) or took for it (-), in cash of ``asset``.

    ``id`` is never given twice in one account.
    """

    id: str
    symbol: Symbol
    asset: str
    amount: Decimal
    at: datetime


@runtime_checkable
class FundingPayments(Protocol):
    """A broker of futures, which charges those who hold them and pays those on the other side."""

    async def funding_since(self, since: datetime) -> tuple[Funding, ...]:
        """Return what was paid at or after ``since``, oldest first.

        Raises BrokerUnavailableError.
        """
        ...


@runtime_checkable
class BuyingPower(Protocol):
    """A broker that tells how much cash it lets new orders spend; what is settled may be less."""

    async def buying_power(self, currency: str) -> Decimal:
        """Return cash for new buys, fees included. Raises BrokerUnavailableError."""
        ...


@runtime_checkable
class Amending(Protocol):
    """A broker that gives an open order another limit, and what is left of it another number.

    To us that is a new order in place of an old one, which ends as cancelled. The request for the
    new one has an id of its own, the quantity that is left, and differs in its limit alone.
    """

    async def amendment(self, order: SentOrder, request: OrderRequest) -> str | None:
        """Return what must be stored before ``amend``, as ``Broker.fingerprint`` does."""
        ...

    async def amend(self, order: SentOrder, request: OrderRequest) -> PlaceOutcome:
        """Put ``request`` in the place of ``order``, once. An unknown one is found as any other."""
        ...


class Broker(Protocol):
    """One brokerage account.

    ``place``, ``cancel`` and ``find`` never raise for what the venue does; the reading calls
    raise ``BrokerError``. The caller sets a time limit around every call: an adapter must
    survive being cancelled at any await, and a cancelled ``place`` counts as unknown.
    """

    @property
    def capabilities(self) -> Capabilities:
        """What this venue can do."""
        ...

    async def open(self) -> None:
        """Connect; raise BrokerUnavailableError if that is not possible now.

        Raises BrokerMisconfiguredError where trying again is no use.
        """
        ...

    async def close(self) -> None:
        """Disconnect; orders stay as they are."""
        ...

    async def fingerprint(self, request: OrderRequest) -> str | None:
        """Return what must be stored before ``request`` is sent, to find it again.

        None where the client id is enough, or where ``place`` will refuse and send nothing. The
        text means something to this adapter only.
        """
        ...

    async def place(self, request: OrderRequest) -> PlaceOutcome:
        """Send one order, once."""
        ...

    async def cancel(self, orders: tuple[SentOrder, ...]) -> tuple[CancelOutcome, ...]:
        """Cancel up to ``capabilities.batch_cancel`` orders; one outcome for each, in order."""
        ...

    async def find(self, sent: SentOrder) -> FindOutcome:
        """Look an order up, with all its fills."""
        ...

    async def open_orders(self) -> tuple[BrokerOrder, ...]:
        """Return every order alive at the broker, whoever placed it."""
        ...

    async def fills_since(self, since: datetime) -> tuple[BrokerFill, ...]:
        """Return all executions of the account at or after ``since``, oldest first."""
        ...

    async def holdings(self) -> Holdings:
        """Return positions and cash of the whole account."""
        ...

    async def quote(self, symbol: Symbol) -> Quote:
        """Return the current price; raise UnknownSymbolError for a symbol not traded here."""
        ...

    async def instrument(self, symbol: Symbol) -> Instrument:
        """Return lot and ticks; raise UnknownSymbolError for a symbol not traded here."""
        ...

    async def server_time(self) -> datetime:
        """Return the venue's clock, to measure our skew."""
        ...

    def market_day(self, at: datetime) -> date:
        """Return the day of the market's session that ``at`` belongs to."""
        ...

    def events(self) -> AsyncIterator[BrokerEvent]:
        """Follow the account. Nothing is replayed; the iterator ends when the broker closes."""
        ...
