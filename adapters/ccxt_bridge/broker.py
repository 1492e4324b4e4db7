"""One spot account at an exchange that only ccxt speaks to, as a ``Broker``."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.broker import (
    Absent,
    Accepted,
    BrokerMisconfiguredError,
    BrokerOrder,
    BrokerOrderState,
    BrokerUnavailableError,
    CancelAccepted,
    CancelRefused,
    Capabilities,
    Found,
    NotOpen,
    OutcomeUnknown,
    Quote,
    RefusalCode,
    Refused,
    Undecided,
    UnknownSymbolError,
)
from adapters.ccxt_bridge.account import Account
from adapters.ccxt_bridge.feed import Feed
from adapters.ccxt_bridge.fitness import (
    CARRIES_A_WINDOW,
    COSTS_ONLY,
    FINDS_BY_CLIENT_ID,
    NO_STOPS,
    obstacles,
    wants_cost,
)
from adapters.ccxt_bridge.hub import LEAVE_S, RECV_WINDOW_MS
from adapters.ccxt_bridge.library import LibraryError
from adapters.ccxt_bridge.outcomes import not_cancelled, not_placed
from adapters.ccxt_bridge.reading import SIDES, TYPES, amount, text, time_of
from adapters.departures import Departures
from adapters.fields import fields_of
from adapters.limits import Urgency
from adapters.sessions import AlwaysOpen
from algorithms.decimals import ZERO, is_multiple, to_text
from algorithms.domain import BrokerOrderId, OrderType, Side

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import date, datetime

    from adapters.broker import (
        BrokerEvent,
        BrokerFill,
        CancelOutcome,
        FindOutcome,
        Holdings,
        OrderRequest,
        PlaceOutcome,
        SentOrder,
    )
    from adapters.ccxt_bridge.account import BridgeSettings
    from adapters.ccxt_bridge.hub import Hub
    from algorithms.domain import Symbol
    from algorithms.instruments import Instrument

MAX_IN_FLIGHT = 10
PROCESSING_S = 10.0
MARGIN_S = 1.0
SETTLE_S = LEAVE_S + RECV_WINDOW_MS / 1000 + PROCESSING_S + MARGIN_S
"""Where a request carries how long it may travel: it waits, travels, and is worked."""
UNBOUNDED_SETTLE_S = 120.0
"""Where it does not. No exchange says how long a request may take; this is a caution of ours."""
NOT_CONNECTED = "not connected"


class BridgeBroker:
    """A ``Broker``. Every account of a process is given the same hub."""

    def __init__(self, settings: BridgeSettings, hub: Hub) -> None:
        self._settings = settings
        self._hub = hub
        self._clock = hub.clock
        self._sessions = AlwaysOpen()
        self._account: Account | None = None
        self._feed = Feed(settings.account, hub.clock, hub.tasks)
        self._is_closed = False
        self._departures = Departures(hub.clock)
        bounded = settings.exchange in CARRIES_A_WINDOW
        self.capabilities = Capabilities(
            client_order_ids=True,
            order_types=frozenset(TYPES),
            good_till_cancelled=True,
            batch_cancel=1,
            max_in_flight=MAX_IN_FLIGHT,
            settle_time=timedelta(seconds=SETTLE_S if bounded else UNBOUNDED_SETTLE_S),
            day_orders=False,
        )

    async def open(self) -> None:
        """Read the markets and see whether the keys are taken."""
        if self._account is None:
            self._account = await self._connect()
        await self._account.holdings()
        self._feed.start(self._account)

    async def _connect(self) -> Account:
        settings = self._settings
        is_test = settings.is_test and settings.base_url is None
        found = obstacles(settings.exchange, is_test=is_test)
        if found:
            raise BrokerMisconfiguredError("; ".join(found))
        try:
            exchange = self._hub.exchange(
                settings.exchange, is_test=settings.is_test, base_url=settings.base_url
            )
        except LibraryError as error:
            raise BrokerMisconfiguredError(str(error)) from error
        client = exchange.client(dict(settings.keys))
        client.set_markets_from_exchange(await exchange.markets())
        return Account(settings, exchange, client, self._clock)

    async def close(self) -> None:
        """Stop asking; orders stay, and so does what other accounts share with this one."""
        if self._is_closed:
            return
        self._is_closed = True
        self._feed.close()
        if self._account is not None:
            await self._account.client.close()

    async def fingerprint(self, request: OrderRequest) -> str | None:
        """Return nothing: our own id is sent with every order."""
        del request
        return None

    async def place(self, request: OrderRequest) -> PlaceOutcome:
        account = self._account
        if account is None or self._is_closed:
            return Refused(RefusalCode.UNAVAILABLE, NOT_CONNECTED)
        if self._settings.no_orders is not None:
            return Refused(RefusalCode.REJECTED, self._settings.no_orders)
        refused = _refusal(account, request)
        if refused is not None:
            return refused
        account.watched.add(request.symbol)
        client, name = account.client, account.name(request.symbol)
        try:
            made = await account.call(
                lambda: client.create_order(
                    name,
                    TYPES[request.order_type],
                    SIDES[request.side],
                    to_text(request.quantity),
                    None if request.limit_price is None else to_text(request.limit_price),
                    {"clientOrderId": str(request.client_id)},
                ),
                Urgency.PLACE,
            )
        finally:
            self._departures.note(request.client_id)
        if made.error is not None:
            return not_placed(made.error, made.trace, request.side)
        outcome = self._placed(account, request, made.value)
        if isinstance(outcome, Accepted):
            self._feed.follow(outcome.order)
        return outcome

    def _placed(self, account: Account, request: OrderRequest, value: object) -> PlaceOutcome:
        """Read an answer without an error: ccxt gives one for bodies that say nothing, too."""
        try:
            row = fields_of(value)
            number = text(row, "id")
        except BrokerUnavailableError as error:
            return OutcomeUnknown(f"answered without an order: {error}")
        account.reader.learn_prefix(row, request.client_id)
        told = account.reader.client_id(row)
        if told not in {None, request.client_id}:
            return OutcomeUnknown(f"answered with another order, {told}")
        try:
            return Accepted(replace(account.reader.order(row), client_id=request.client_id))
        except BrokerUnavailableError:
            now = self._clock.now()
            return Accepted(
                BrokerOrder(
                    id=BrokerOrderId(number),
                    client_id=request.client_id,
                    symbol=request.symbol,
                    side=request.side,
                    order_type=request.order_type,
                    quantity=request.quantity,
                    limit_price=request.limit_price,
                    state=BrokerOrderState.OPEN,
                    filled=ZERO,
                    market_day=self.market_day(now),
                    placed_at=now,
                )
            )

    async def cancel(self, orders: tuple[SentOrder, ...]) -> tuple[CancelOutcome, ...]:
        if len(orders) > self.capabilities.batch_cancel:
            raise ValueError(f"at most 1 order in one cancel, not {len(orders)}")
        account = self._account
        if account is None or self._is_closed:
            return (CancelRefused(NOT_CONNECTED),) * len(orders)
        return tuple([await self._cancel(account, sent) for sent in orders])

    async def _cancel(self, account: Account, sent: SentOrder) -> CancelOutcome:
        number, client = sent.broker_order_id, account.client
        named: dict[str, object] = {}
        try:
            name = account.name(sent.request.symbol)
            if client.id in FINDS_BY_CLIENT_ID:
                # Our own id cannot be a stranger's, whatever an answer said.
                number, named = None, {"clientOrderId": str(sent.request.client_id)}
            elif number is None:
                found = await account.find(sent)
                if found is None:
                    return NotOpen()
                number = found.id
        except UnknownSymbolError:
            return NotOpen()
        except BrokerUnavailableError as error:
            return CancelRefused(f"it could not be looked up: {error}")
        made = await account.call(
            lambda: client.cancel_order(None if number is None else str(number), name, named),
            Urgency.CANCEL,
        )
        if made.error is not None:
            return not_cancelled(made.error, made.trace)
        try:
            text(fields_of(made.value), "id")
        except BrokerUnavailableError as error:
            return OutcomeUnknown(f"answered without an order: {error}")
        return CancelAccepted()

    async def find(self, sent: SentOrder) -> FindOutcome:
        account = self._account
        if account is None or self._is_closed:
            return Undecided(NOT_CONNECTED)
        account.watched.add(sent.request.symbol)
        try:
            order = await account.find(sent)
            if order is None:
                return self._not_found(sent)
            if not order.state.is_final:
                self._feed.follow(order)
            return Found(order, await account.fills_of(order) if order.filled else ())
        except (BrokerUnavailableError, UnknownSymbolError) as error:
            return Undecided(str(error))

    def _not_found(self, sent: SentOrder) -> FindOutcome:
        """Judge "no such order": answers may lag, and requests may still travel."""
        if sent.broker_order_id is not None:
            return Undecided("the exchange does not show an order that it had taken")
        left_at = self._departures.of(sent)
        if self._clock.now() < left_at + self.capabilities.settle_time:
            return Undecided("too early to be sure")
        return Absent()

    async def open_orders(self) -> tuple[BrokerOrder, ...]:
        return tuple(await self._connected().open_orders())

    async def fills_since(self, since: datetime) -> tuple[BrokerFill, ...]:
        return await self._connected().fills_since(since)

    async def holdings(self) -> Holdings:
        return await self._connected().holdings()

    async def quote(self, symbol: Symbol) -> Quote:
        account = self._connected()
        name, at = account.name(symbol), self._clock.now()
        row = fields_of(await account.ask(lambda: account.client.fetch_ticker(name)))
        prices = {
            field: amount(row, field) if row.get(field) else None
            for field in ("bid", "ask", "previousClose")
        }
        return Quote(
            symbol=symbol,
            last=amount(row, "last"),
            bid=prices["bid"],
            ask=prices["ask"],
            previous_close=prices["previousClose"],
            at=at,
        )

    async def instrument(self, symbol: Symbol) -> Instrument:
        return self._connected().instrument(symbol)

    async def server_time(self) -> datetime:
        """Return the exchange's clock; ours where it does not tell."""
        account = self._connected()
        if account.client.has.get("fetchTime") is not True:
            return self._clock.now()
        told = await account.ask(account.client.fetch_time)
        return time_of({"time": told}, "time")

    def market_day(self, at: datetime) -> date:
        return self._sessions.day_at(at)

    def events(self) -> AsyncIterator[BrokerEvent]:
        return self._feed.followers.follow()

    def _connected(self) -> Account:
        if self._account is None or self._is_closed:
            raise BrokerUnavailableError(NOT_CONNECTED)
        return self._account


def _refusal(account: Account, request: OrderRequest) -> Refused | None:
    """Refuse what ccxt would change silently, and what it does not do everywhere alike."""
    try:
        instrument = account.instrument(request.symbol)
    except UnknownSymbolError as error:
        return Refused(RefusalCode.UNKNOWN_SYMBOL, str(error))
    except BrokerUnavailableError as error:
        return Refused(RefusalCode.UNAVAILABLE, f"its lot and tick are not known: {error}")
    return _unsupported(account, request) or _off_step(instrument, request)


def _unsupported(account: Account, request: OrderRequest) -> Refused | None:
    kind = request.order_type
    if kind not in TYPES:
        stops = kind in {OrderType.STOP_MARKET, OrderType.STOP_LIMIT}
        reason = NO_STOPS if stops else f"ccxt has no {kind.value} orders"
        return Refused(RefusalCode.UNSUPPORTED, reason)
    if kind is OrderType.MARKET and request.side is Side.BUY and wants_cost(account.client):
        return Refused(RefusalCode.UNSUPPORTED, COSTS_ONLY)
    return None


def _off_step(instrument: Instrument, request: OrderRequest) -> Refused | None:
    limit, lot = request.limit_price, instrument.lot
    if request.quantity <= ZERO or not is_multiple(request.quantity, lot):
        return Refused(RefusalCode.BAD_QUANTITY, f"not a multiple of the lot, {to_text(lot)}")
    is_limit = request.order_type is OrderType.LIMIT
    if is_limit and (limit is None or not instrument.is_on_tick(limit)):
        return Refused(RefusalCode.BAD_PRICE, "a limit order needs a price on its tick")
    return None
