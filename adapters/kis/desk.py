"""What the Korean and the US half of KIS have in common, and who the account is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters.broker import RefusalCode, Refused
from adapters.kis.charges import Charges
from adapters.kis.fields import text
from adapters.kis.krx import Venue
from algorithms.decimals import to_text
from algorithms.domain import OrderType, Side
from algorithms.instruments import default_instrument

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    from adapters.broker import OrderRequest, Quote
    from adapters.fields import Fields
    from adapters.http import Hosts
    from adapters.kis.asking import Asker
    from adapters.kis.hosts import Profile
    from adapters.kis.rows import Row
    from adapters.kis.tokens import Keys
    from adapters.kis.wire import Call, Params
    from adapters.sessions import Sessions
    from algorithms.domain import Symbol
    from algorithms.instruments import Instrument

SIDE_CODES = {Side.SELL: "01", Side.BUY: "02"}
PRICED = frozenset({OrderType.LIMIT, OrderType.LOC, OrderType.LOO})
SIDES = {code: side for side, code in SIDE_CODES.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class KisSettings:
    """One account. ``cano`` and ``product`` are the parts of its number, 8 and 2 digits.

    ``hts_id``: whose execution notices are listened for; without it only polling tells of fills.
    ``instruments`` and ``exchanges`` say what KIS does not, or says wrongly, of a symbol.
    ``venue`` is where Korean orders go unless ``venues`` says otherwise of their symbol.
    """

    account: str
    profile: Profile
    hosts: Hosts
    keys: Keys
    cano: str
    product: str
    market: str
    currency: str
    hts_id: str | None = None
    instruments: Mapping[Symbol, Instrument] = field(default_factory=dict)
    exchanges: Mapping[Symbol, str] = field(default_factory=dict)
    venue: Venue = Venue.KRX
    venues: Mapping[Symbol, Venue] = field(default_factory=dict)
    after_market: bool = False
    """Whether limit orders after the close go to KRX's after-market."""
    charges: Charges = field(default_factory=Charges)
    no_orders: str | None = None
    """Why this account places nothing; it may be looked at, and its orders cancelled."""

    @property
    def identity(self) -> Params:
        return ("CANO", self.cano), ("ACNT_PRDT_CD", self.product)


@dataclass(frozen=True, slots=True)
class Terms:
    """How an order is spelt: KIS's type code, its price (None: the market's), where it goes.

    ``stop``: from which price on it is an order, for the type that waits for one.
    """

    division: str
    price: Decimal | None
    venue: str
    stop: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Owned:
    """What the account has, by trade date."""

    positions: dict[Symbol, Decimal]
    cash: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An order to be changed, with all that KIS wants to hear of it."""

    number: str
    branch: str
    venue: str
    symbol: Symbol
    left: Decimal


class Desk(ABC):
    """One market of one account: how orders are spelt there, and how lists are read."""

    zone: ZoneInfo
    order_types: frozenset[OrderType]

    def __init__(self, settings: KisSettings, asker: Asker, sessions: Sessions) -> None:
        self.settings = settings
        self.asker = asker
        self.sessions = sessions
        self._instruments: dict[Symbol, Instrument] = {}

    @abstractmethod
    async def terms(self, request: OrderRequest, at: datetime) -> Terms:
        """Decide how an order is spelt; raise BrokerError where a price it needs is not told."""

    async def refusal(self, request: OrderRequest, at: datetime) -> Refused | None:
        """Return why this market takes no such order now; None where it may."""
        del request, at
        return None

    @abstractmethod
    def order(self, request: OrderRequest, terms: Terms) -> Call:
        """Spell a new order."""

    @abstractmethod
    def cancel(self, target: Target) -> Call:
        """Spell the cancel of all that is left of an order."""

    @abstractmethod
    def amend(self, target: Target, price: Decimal, division: str) -> Call:
        """Spell another price for all that is left of an order; it gets a new number."""

    @abstractmethod
    async def orders(
        self, first: date, last: date, *, symbol: Symbol | None = None, number: str | None = None
    ) -> list[Row]:
        """Return the orders of some market days, requests to change them included."""

    @abstractmethod
    async def open_orders(self, today: date) -> list[Row]:
        """Return the orders of which something is left."""

    @abstractmethod
    async def owned(self) -> Owned:
        """Return positions and cash."""

    @abstractmethod
    async def spendable(self) -> Decimal:
        """Return cash that new orders may take now, without buying on receivables."""

    @abstractmethod
    async def sellable(self, symbol: Symbol) -> Decimal:
        """Return how much of a symbol KIS lets be sold now."""

    async def trace(self, request: OrderRequest) -> Decimal | None:
        """Return what such an order changes at once, where lists may never show it.

        None where they show every order in the end. Raises BrokerError.
        """
        del request
        return None

    async def is_hiding(self, request: OrderRequest, before: Decimal | None) -> bool:
        """Whether there may be an order that lists do not show, however long one waits.

        ``before``: the trace, noted before it was sent; None where none was. Raises BrokerError.
        """
        return before is not None and await self.trace(request) != before

    @abstractmethod
    async def quote(self, symbol: Symbol, at: datetime) -> Quote:
        """Return the price now; raise UnknownSymbolError."""

    async def daily_close(self, symbol: Symbol, day: date) -> Decimal | None:
        """Return what a list of past days says of a day's close; None where there is no list."""
        del symbol, day
        return None

    @abstractmethod
    def over_at(self, row: Row) -> datetime:
        """Return when, surely, an order does not live any more."""

    @abstractmethod
    async def _describe(self, symbol: Symbol) -> Instrument:
        """Ask KIS what a symbol is; raise UnknownSymbolError."""

    def side_of(self, line: Fields) -> Side | None:
        """Read the direction of a line; a code that nobody has described is told once."""
        code = text(line, "sll_buy_dvsn_cd")
        if code not in SIDES:
            self.asker.oddities.tell(f"an unfamiliar direction of an order, {code!r}")
        return SIDES.get(code)

    async def instrument(self, symbol: Symbol) -> Instrument:
        """Return lot and ticks, as told by a person, or else by KIS."""
        known = self.settings.instruments.get(symbol) or self._instruments.get(symbol)
        if known is None:
            known = self._instruments[symbol] = await self._describe(symbol)
        return known

    def told_instrument(self, symbol: Symbol) -> Instrument | None:
        """Return what is known of a symbol without asking."""
        return self.settings.instruments.get(symbol) or self._instruments.get(symbol)

    def plain_instrument(self, symbol: Symbol, kind: str = "stock") -> Instrument:
        settings = self.settings
        return default_instrument(symbol, settings.market, settings.currency, type=kind)

    def day_at(self, at: datetime) -> date:
        """Return the date in the market's zone: the day KIS files an order under."""
        return at.astimezone(self.zone).date()


def refusal(request: OrderRequest, instrument: Instrument) -> Refused | None:
    """Return why an order would be refused, as far as that is known before it is sent."""
    if request.quantity <= 0 or not instrument.is_on_lot(request.quantity):
        what = f"{to_text(request.quantity)} is no whole number of lots"
        return Refused(RefusalCode.BAD_QUANTITY, f"{what} of {to_text(instrument.lot)}")
    for price in _prices(request):
        if price is None or price <= 0:
            kind = request.order_type.value
            return Refused(RefusalCode.BAD_PRICE, f"a {kind} order needs prices above zero")
        if not instrument.is_on_tick(price):
            low = to_text(instrument.round_down_to_tick(price))
            high = to_text(instrument.round_up_to_tick(price))
            what = f"{to_text(price)} is not on a tick; {low} and {high} are"
            return Refused(RefusalCode.BAD_PRICE, what)
    return None


def _prices(request: OrderRequest) -> tuple[Decimal | None, ...]:
    if request.order_type is OrderType.STOP_LIMIT:
        return request.limit_price, request.stop_price
    return (request.limit_price,) if request.order_type in PRICED else ()
