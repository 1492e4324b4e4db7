"""Asking on behalf of one account: its orders, trades and holdings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from adapters.broker import BrokerUnavailableError, Holdings, UnknownSymbolError
from adapters.ccxt_bridge.fitness import FINDS_BY_CLIENT_ID
from adapters.ccxt_bridge.observations import Trace, tracing
from adapters.ccxt_bridge.outcomes import is_not_found, words
from adapters.ccxt_bridge.reading import Known, Reader, Row, amount, text, time_of
from adapters.fields import MalformedError, fields_of, plain, rows_of, to_ms
from adapters.limits import Urgency
from adapters.sessions import AlwaysOpen
from algorithms.decimals import ZERO
from algorithms.instruments import default_instrument, normalise_symbol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from adapters.broker import BrokerFill, BrokerOrder, SentOrder
    from adapters.ccxt_bridge.hub import Exchange
    from adapters.ccxt_bridge.library import Client
    from adapters.clock import Clock
    from algorithms.domain import ChildId, Symbol
    from algorithms.instruments import Instrument

PAGE = 100
MOST_PAGES = 100
LOOK_BACK = timedelta(minutes=1)
"""Lists are asked for from a little earlier: the exchange's clock may differ from ours."""
DECIMAL_PLACES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeSettings:
    """One account. ``currency`` is what its symbols are quoted, and its books kept, in."""

    account: str
    exchange: str
    currency: str
    keys: Mapping[str, str]
    is_test: bool
    base_url: str | None = None
    no_orders: str | None = None
    """Why this account places nothing; it may be looked at, and its orders cancelled."""


@dataclass(slots=True)
class Call:
    """What came of a call of the library: a value, or an error, and the requests it made."""

    trace: Trace
    value: object = None
    error: Exception | None = None


class Account:
    """Reads one account. Needs the exchange's markets to have been read."""

    def __init__(
        self, settings: BridgeSettings, exchange: Exchange, client: Client, clock: Clock
    ) -> None:
        self._settings = settings
        self._exchange = exchange
        self._clock = clock
        self.client = client
        markets = _markets(client, settings.currency)
        self.names = {symbol: name for name, symbol in markets.items()}
        """ccxt's name of each symbol of ours."""
        self._assets = {
            text(row, "base"): markets[name]
            for name, row in _rows(client).items()
            if name in markets
        }
        self.reader = Reader(markets, AlwaysOpen().day_at, self._asset)
        self.watched: set[Symbol] = set()
        self.keeps_ids = False
        """Whether an order of ours was seen with the id we gave it."""
        self.clock_is_off = True

    async def call(self, make: Callable[[], Awaitable[object]], urgency: Urgency) -> Call:
        """Make a call of the library. Never raises for what the exchange or the library does."""
        with tracing(urgency) as trace:
            made = Call(trace)
            try:
                if self.clock_is_off and self.client.has.get("fetchTime") is True:
                    await self.client.load_time_difference()
                    self.clock_is_off = False
                made.value = await make()
            except Exception as error:  # noqa: BLE001 - it stumbles over answers it did not expect
                made.error = error
                self.clock_is_off = type(error).__name__ == "InvalidNonce"
        self._exchange.obey(trace)
        return made

    async def ask(
        self, make: Callable[[], Awaitable[object]], urgency: Urgency = Urgency.ASK
    ) -> object:
        """Ask a question; raise BrokerUnavailableError unless it is answered."""
        made = await self.call(make, urgency)
        if made.error is not None:
            raise BrokerUnavailableError(words(made.error)) from made.error
        return made.value

    def name(self, symbol: Symbol) -> str:
        """Return ccxt's name of a symbol; raise UnknownSymbolError for one not traded here."""
        if symbol not in self.names:
            raise UnknownSymbolError(f"{symbol} is not traded in {self._settings.currency} here")
        return self.names[symbol]

    def instrument(self, symbol: Symbol) -> Instrument:
        row = _rows(self.client)[self.name(symbol)]
        precision = fields_of(row.get("precision"))
        lot, tick = (self._step(precision, each) for each in ("amount", "price"))
        return default_instrument(symbol, "24/7", self._settings.currency, lot=lot, tick=tick)

    def _step(self, precision: Row, name: str) -> Decimal:
        step = amount(precision, name)
        if self.client.precisionMode == DECIMAL_PLACES:
            step = plain((ZERO + 10) ** -int(step))
        if step <= ZERO:
            raise MalformedError(f"precision {name} is {step}")
        return step

    def _asset(self, code: str) -> str:
        """Return what our books call an asset: the symbol that buys it, if there is one."""
        return self._assets.get(code, code) or self._settings.currency

    async def holdings(self) -> Holdings:
        at = self._clock.now()
        balance = fields_of(await self.ask(self.client.fetch_balance))
        positions: dict[Symbol, Decimal] = {}
        cash = {self._settings.currency: ZERO}
        for code, owned in fields_of(balance.get("total")).items():
            held = ZERO if owned is None else amount({code: owned}, code)
            if code in self._assets and held:
                positions[self._assets[code]] = held
            elif held or code == self._settings.currency:
                cash[code] = held
        self.watched.update(positions)
        return Holdings(positions=positions, cash=cash, at=at)

    async def open_orders(self) -> list[BrokerOrder]:
        """Return what is open; of symbols in use only, where the exchange must be told one."""
        if self._must_name_symbol():
            rows = [row for symbol in sorted(self.watched) for row in await self._open(symbol)]
        else:
            rows = rows_of(await self.ask(self.client.fetch_open_orders))
        return [self.reader.order(row) for row in rows]

    async def open_of(self, symbol: Symbol) -> list[BrokerOrder]:
        """Return the open orders of a symbol."""
        return [self.reader.order(row) for row in await self._open(symbol)]

    async def numbered(self, number: str, symbol: Symbol) -> BrokerOrder | None:
        """Return an order by its number; None where single orders cannot be asked for."""
        if self.client.has.get("fetchOrder") is not True:
            return None
        name = self.name(symbol)
        return self.reader.order(await self.ask(lambda: self.client.fetch_order(number, name, {})))

    async def _open(self, symbol: Symbol, urgency: Urgency = Urgency.ASK) -> list[Row]:
        name = self.name(symbol)
        return rows_of(await self.ask(lambda: self.client.fetch_open_orders(name), urgency))

    def _must_name_symbol(self) -> bool:
        here: object = self.client.features
        for name in ("spot", "fetchOpenOrders", "symbolRequired"):
            here = here.get(name) if isinstance(here, dict) else None
        return here is True

    async def find(self, sent: SentOrder) -> BrokerOrder | None:
        """Return an order as it stands; None where the exchange does not show it.

        Raises BrokerUnavailableError where that proves nothing.
        """
        number, client, ours = sent.broker_order_id, self.client, sent.request.client_id
        name = self.name(sent.request.symbol)
        if client.id in FINDS_BY_CLIENT_ID:
            by_ours = {"clientOrderId": str(ours)}
            order = await self._single(lambda: client.fetch_order(None, name, by_ours))
            if order is not None and order.client_id != ours:
                raise MalformedError(f"answered with another order, {order.id}")
            return order
        if number is not None and client.has.get("fetchOrder") is True:
            order = await self._single(lambda: client.fetch_order(str(number), name, {}))
            if order is not None and order.id == number:
                self.compare_ids(order, ours)
                return order
        return await self._listed(sent)

    def compare_ids(self, order: BrokerOrder, ours: ChildId | None) -> None:
        """Note that the exchange keeps the ids we give, once it has shown one."""
        self.keeps_ids = self.keeps_ids or (ours is not None and order.client_id == ours)

    async def _single(self, make: Callable[[], Awaitable[object]]) -> BrokerOrder | None:
        made = await self.call(make, Urgency.PLACE)
        if made.error is None:
            return self.reader.order(made.value)
        if is_not_found(made.error, made.trace):
            return None
        raise BrokerUnavailableError(words(made.error)) from made.error

    async def _listed(self, sent: SentOrder) -> BrokerOrder | None:
        """Look for an order among all that could be it."""
        rows = await self._open(sent.request.symbol, Urgency.PLACE) + await self._ended(sent)
        for row in rows:
            self.reader.learn_prefix(row, sent.request.client_id)
            order = self.reader.order(row)
            if sent.broker_order_id == order.id or sent.request.client_id == order.client_id:
                return order
        if any(not row.get("clientOrderId") for row in rows):
            raise BrokerUnavailableError("an order that does not show its id could be this one")
        if not self.keeps_ids:
            raise BrokerUnavailableError("nothing has shown yet that this exchange keeps our ids")
        return None

    async def _ended(self, sent: SentOrder) -> list[Row]:
        client, name = self.client, self.name(sent.request.symbol)
        listing = client.fetch_closed_orders
        if client.has.get("fetchOrders") is True:
            listing = client.fetch_orders
        since = to_ms(sent.sent_at - LOOK_BACK)
        rows = rows_of(await self.ask(lambda: listing(name, since, PAGE), Urgency.PLACE))
        if len(rows) >= PAGE:
            raise BrokerUnavailableError("too many orders to be sure that none is this one")
        return rows

    async def fills_of(self, order: BrokerOrder) -> tuple[BrokerFill, ...]:
        """Return every execution of an order, oldest first.

        Raises BrokerUnavailableError as long as the exchange tells fewer than it says there are.
        """
        rows = await self._trades(order.symbol, order.placed_at - LOOK_BACK, Urgency.PLACE)
        fills = self.reader.fills(rows, order.id, Known(order.client_id, order.placed_at))
        told = fills[-1].cumulative if fills else ZERO
        if told < order.filled:
            raise BrokerUnavailableError(f"trades of {told} of {order.filled} units are told")
        return fills

    async def fills_since(self, since: datetime) -> tuple[BrokerFill, ...]:
        """Return the executions of every symbol in use, oldest first."""
        found: list[BrokerFill] = []
        for symbol in sorted(self.watched):
            rows = await self._trades(symbol, since, Urgency.ASK)
            for number in dict.fromkeys(text(row, "order") for row in rows):
                known = await self._whose(symbol, number)
                theirs = rows
                if known.placed_at - LOOK_BACK < since:
                    earlier = known.placed_at - LOOK_BACK
                    theirs = await self._trades(symbol, earlier, Urgency.ASK)
                found += self.reader.fills(theirs, number, known)
        return tuple(sorted((each for each in found if each.at >= since), key=_by_time))

    async def _whose(self, symbol: Symbol, number: str) -> Known:
        """Find out whose order a number is."""
        known = self.reader.known(number)
        if known is None:
            name = self.name(symbol)
            self.reader.order(await self.ask(lambda: self.client.fetch_order(number, name, {})))
            known = self.reader.known(number)
        if known is None:
            raise MalformedError(f"order {number} is answered with another")
        return known

    async def _trades(self, symbol: Symbol, since: datetime, urgency: Urgency) -> list[Row]:
        """Read all trades of a symbol, page by page; each page overlaps the one before."""
        name, start = self.name(symbol), to_ms(since)
        found: dict[str, Row] = {}
        for _ in range(MOST_PAGES):
            trades = partial(self.client.fetch_my_trades, name, start, PAGE)
            page = rows_of(await self.ask(trades, urgency))
            found.update((text(row, "id"), row) for row in page)
            if len(page) < PAGE:
                return list(found.values())
            newest = to_ms(max(time_of(row, "timestamp") for row in page))
            start = max(newest, start + 1)
        raise BrokerUnavailableError(f"more than {MOST_PAGES} pages of trades")


def _rows(client: Client) -> Mapping[str, Row]:
    assert client.markets is not None  # set before an account is made
    return {name: fields_of(row) for name, row in client.markets.items()}


def _markets(client: Client, currency: str) -> dict[str, Symbol]:
    """Name the spot markets in a currency as our books do; what would be ambiguous is left out."""
    names: dict[Symbol, list[str]] = {}
    for name, row in _rows(client).items():
        if row.get("spot") is True and row.get("quote") == currency:
            try:
                symbol = normalise_symbol(f"{row.get('base')}{currency}")
            except ValueError:
                continue
            names.setdefault(symbol, []).append(name)
    return {found[0]: symbol for symbol, found in names.items() if len(found) == 1}


def _by_time(fill: BrokerFill) -> tuple[datetime, int]:
    return fill.at, int(fill.trade_id) if fill.trade_id and fill.trade_id.isdecimal() else 0
