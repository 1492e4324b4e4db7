"""One Binance account, spot or USD-M futures, as a ``Broker``."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.binance.account import Account
from adapters.binance.answers import Reply, element_reply
from adapters.binance.events import Hearing
from adapters.binance.feed import FeedError
from adapters.binance.fields import decimal, time_of
from adapters.binance.futures_feed import FuturesFeed
from adapters.binance.hosts import MarketKind
from adapters.binance.outcomes import (
    ARCHIVED,
    NOT_FOUND,
    Remedy,
    not_cancelled,
    not_placed,
    remedy_for,
    said_by,
)
from adapters.binance.rules import VENUE_TYPES, refusal
from adapters.binance.wire import LEAVE_S, RECV_WINDOW_MS
from adapters.broker import (
    Absent,
    Accepted,
    BrokerOrder,
    BrokerOrderState,
    BrokerUnavailableError,
    CancelAccepted,
    CancelConfirmed,
    CancelRefused,
    Capabilities,
    Found,
    OutcomeUnknown,
    Quote,
    RefusalCode,
    Refused,
    Undecided,
    UnknownSymbolError,
)
from adapters.departures import Departures
from adapters.fields import MalformedError, fields_of
from adapters.http import ANSWER_S, Lost, NotSent
from adapters.limits import Urgency
from adapters.sessions import AlwaysOpen
from algorithms.decimals import ZERO

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import date, datetime

    from adapters.binance.account import BinanceSettings
    from adapters.binance.answers import Observation
    from adapters.binance.hub import Hub
    from adapters.binance.spot_feed import SpotFeed
    from adapters.binance.wire import Call
    from adapters.broker import (
        BrokerEvent,
        BrokerFill,
        CancelOutcome,
        FindOutcome,
        Funding,
        Holdings,
        OrderRequest,
        PlaceOutcome,
        SentOrder,
    )
    from algorithms.domain import BrokerOrderId, Symbol
    from algorithms.instruments import Instrument

MAX_IN_FLIGHT = 60
"""Of one account; the weight of the address is shared by all."""
PROCESSING_S = 10.0
"""How long the venue may still work on a request that it took in time."""
MARGIN_S = 1.0
"""The most by which our notion of the venue's time is wrong, or it would refuse every request."""
SETTLE_S = LEAVE_S[Urgency.PLACE] + RECV_WINDOW_MS / 1000 + PROCESSING_S + MARGIN_S
"""An order is stored, waits for room in the budgets, is stamped, travels and is worked."""
FORGOTTEN_AFTER = {MarketKind.SPOT: timedelta(days=90), MarketKind.FUTURES: timedelta(days=3)}
"""After so long the venue forgets orders that ended without a fill."""
NOT_CONNECTED = "not connected"


class BinanceBroker:
    """A ``Broker``. Every account of a process is given the same hub."""

    def __init__(self, settings: BinanceSettings, hub: Hub) -> None:
        self._settings = settings
        self._hub = hub
        self._clock = hub.clock
        self._venue = hub.venue(settings.kind, settings.hosts)
        self._sessions = AlwaysOpen()
        self._feed: SpotFeed | FuturesFeed | None = None
        self._account: Account | None = None
        self._hearing: Hearing | None = None
        self._is_closed = False
        self._departures = Departures(hub.clock)
        self.capabilities = Capabilities(
            client_order_ids=True,
            order_types=frozenset(VENUE_TYPES[settings.kind]),
            good_till_cancelled=True,
            batch_cancel=self._venue.routes.batch_cancel,
            max_in_flight=MAX_IN_FLIGHT,
            settle_time=timedelta(seconds=SETTLE_S),
            day_orders=False,
            short_selling=settings.kind is MarketKind.FUTURES,
        )

    async def open(self) -> None:
        """Read the rules, check the account, and have its events told."""
        await self._venue.know_time()
        await self._venue.rules()
        if self._account is None:
            self._account = Account(self._settings, self._venue)
        await self._account.check()
        await self._listen(self._account)

    async def close(self) -> None:
        """Stop listening; orders stay, and so does what other accounts share with this one."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._hearing is not None:
            self._hearing.followers.close()
        if isinstance(self._feed, FuturesFeed):
            await self._feed.close()
        elif self._feed is not None and self._hearing is not None:
            await self._feed.leave(self._hearing)

    async def fingerprint(self, request: OrderRequest) -> str | None:
        """Return nothing: our own id is enough to find an order."""
        del request
        return None

    async def place(self, request: OrderRequest) -> PlaceOutcome:
        account = self._account
        if account is None or self._is_closed:
            return Refused(RefusalCode.UNAVAILABLE, NOT_CONNECTED)
        if self._settings.no_orders is not None:
            return Refused(RefusalCode.REJECTED, self._settings.no_orders)
        try:
            rules = account.rules(request.symbol)
        except UnknownSymbolError as error:
            return Refused(RefusalCode.UNKNOWN_SYMBOL, str(error))
        refused = refusal(rules, request, self._settings.kind)
        refused = refused or await account.prepare(request.symbol)
        if refused is not None:
            return refused
        account.moved(request.symbol)
        try:
            seen = await account.seen(account.routes.place(request))
        finally:
            self._departures.note(request.client_id)
            account.moved(request.symbol)
        if isinstance(seen, Reply) and seen.is_good:
            return self._placed(account, request, seen)
        return not_placed(seen, self._settings.kind, request.side)

    def _placed(self, account: Account, request: OrderRequest, seen: Reply) -> PlaceOutcome:
        """Read the order out of an answer that says it was placed."""
        try:
            row = fields_of(seen.body)
            algo = account.routes.is_conditional(request)
            order = account.reader.algo(row) if algo else account.reader.order(row)
        except BrokerUnavailableError as error:
            return OutcomeUnknown(str(error))
        if order.client_id != request.client_id or not _is_as_asked(order, request):
            return OutcomeUnknown(f"answered with another order, {order.client_id}")
        return Accepted(order)

    async def cancel(self, orders: tuple[SentOrder, ...]) -> tuple[CancelOutcome, ...]:
        most = self.capabilities.batch_cancel
        if len(orders) > most:
            raise ValueError(f"at most {most} orders in one cancel, not {len(orders)}")
        account = self._account
        if account is None or self._is_closed:
            return (CancelRefused(NOT_CONNECTED),) * len(orders)
        groups: dict[Symbol | int, list[int]] = {}
        for place, sent in enumerate(orders):
            alone = account.routes.is_conditional(sent.request)
            groups.setdefault(place if alone else sent.request.symbol, []).append(place)
            account.moved(sent.request.symbol)
        outcomes: list[CancelOutcome] = [OutcomeUnknown("not answered")] * len(orders)
        answers = await asyncio.gather(
            *(
                self._cancel(account, [orders[place] for place in places])
                for places in groups.values()
            )
        )
        for places, answered in zip(groups.values(), answers, strict=True):
            for place, outcome in zip(places, answered, strict=True):
                outcomes[place] = outcome
        return tuple(outcomes)

    async def _cancel(self, account: Account, group: Sequence[SentOrder]) -> list[CancelOutcome]:
        """Cancel orders of one symbol; together, where there are several."""
        first = group[0]
        if len(group) > 1:
            call = account.routes.cancel_batch(first.request.symbol, group)
        elif account.routes.is_conditional(first.request):
            return [await self._cancel_conditional(account, first)]
        else:
            call = account.routes.cancel(first)
        seen = await account.seen(call)
        if remedy_for(seen) is Remedy.CLOCK:
            seen = await account.seen(call)  # a cancel is harmless to repeat
        elements: Sequence[Observation] = [seen]
        if len(group) > 1:
            elements = _elements(seen, len(group))
        return [
            _cancelled(account, sent, element)
            for sent, element in zip(group, elements, strict=True)
        ]

    async def _cancel_conditional(self, account: Account, sent: SentOrder) -> CancelOutcome:
        """Cancel a conditional order, or the plain one that was born of it meanwhile."""
        seen = await account.seen(account.routes.cancel(sent))
        if isinstance(seen, Reply) and seen.is_good:
            return CancelAccepted()
        outcome = not_cancelled(seen)
        if isinstance(outcome, CancelRefused | OutcomeUnknown):
            return outcome
        try:
            found = await account.algos.find(sent)
        except BrokerUnavailableError as error:
            return OutcomeUnknown(str(error))
        if found is None or found[1] is None or found[0].state.is_final:
            return outcome
        call = account.routes.cancel_number(sent.request.symbol, found[1])
        return _cancelled(account, sent, await account.seen(call))

    async def find(self, sent: SentOrder) -> FindOutcome:
        account = self._account
        if account is None or self._is_closed:
            return Undecided(NOT_CONNECTED)
        account.moved(sent.request.symbol)
        try:
            found = await self._find(account, sent)
        except BrokerUnavailableError as error:
            return Undecided(str(error))
        if found is None:
            return self._not_found(sent)
        order, number = found
        if number is None:
            return Found(order, ())
        try:
            return Found(order, await account.fills_of(order, number))
        except BrokerUnavailableError as error:
            return Undecided(f"its fills are not told: {error}")

    async def _find(
        self, account: Account, sent: SentOrder
    ) -> tuple[BrokerOrder, str | None] | None:
        """Return the order, and the number its fills are under; None where it is not shown."""
        if account.routes.is_conditional(sent.request):
            return await account.algos.find(sent)
        seen = await _shown(account, account.routes.find(sent))
        number = sent.broker_order_id
        if seen is None and number is not None:
            # An order that a person placed may go by another id than ours.
            seen = await _shown(account, account.routes.find_number(sent.request.symbol, number))
        if seen is None:
            return None
        if seen.code == ARCHIVED and number is not None:
            return _forgotten(sent, number), None
        row = fields_of(seen.body)
        order = account.reader.order(row)
        if not _is_as_asked(order, sent.request):
            raise BrokerUnavailableError(f"answered with another order, {order.client_id}")
        return order, str(row["orderId"])

    def _not_found(self, sent: SentOrder) -> FindOutcome:
        """Judge "no such order": answers come from copies, and requests may still travel."""
        now = self._clock.now()
        left_at = self._departures.of(sent)
        if sent.broker_order_id is not None:
            if now - left_at > FORGOTTEN_AFTER[self._settings.kind]:
                return Found(_forgotten(sent, sent.broker_order_id), ())
            return Undecided("the venue does not show an order that it had taken")
        if now < left_at + self.capabilities.settle_time:
            return Undecided("too early to be sure")
        return Absent()

    async def open_orders(self) -> tuple[BrokerOrder, ...]:
        return tuple(await self._connected().open_orders())

    async def fills_since(self, since: datetime) -> tuple[BrokerFill, ...]:
        return await self._connected().fills_since(since)

    async def holdings(self) -> Holdings:
        return await self._connected().holdings()

    async def funding_since(self, since: datetime) -> tuple[Funding, ...]:
        """Return what was paid for futures held; nothing on spot."""
        return await self._connected().funding_since(since)

    async def quote(self, symbol: Symbol) -> Quote:
        account = self._connected()
        account.rules(symbol)
        at = self._clock.now()
        row = fields_of(await account.ask(account.routes.ticker(symbol)))
        return Quote(
            symbol=symbol,
            last=decimal(row, "lastPrice"),
            bid=(decimal(row, "bidPrice") or None) if "bidPrice" in row else None,
            ask=(decimal(row, "askPrice") or None) if "askPrice" in row else None,
            previous_close=decimal(row, "openPrice") or None,
            at=at,
        )

    async def instrument(self, symbol: Symbol) -> Instrument:
        account = self._connected()
        await self._venue.rules()
        return account.rules(symbol).instrument

    async def server_time(self) -> datetime:
        account = self._connected()
        return time_of(fields_of(await account.ask(account.routes.time())), "serverTime")

    def market_day(self, at: datetime) -> date:
        return self._sessions.day_at(at)

    def events(self) -> AsyncIterator[BrokerEvent]:
        hearing = self._hearing
        assert hearing is not None  # opened before
        return hearing.followers.follow()

    def _connected(self) -> Account:
        if self._account is None or self._is_closed:
            raise BrokerUnavailableError(NOT_CONNECTED)
        return self._account

    async def _listen(self, account: Account) -> None:
        """Have events told, and wait until they are: what happens before is not replayed."""
        if self._hearing is None:
            self._hearing = Hearing(account)
        try:
            if self._feed is None:
                self._feed = await self._join(account, self._hearing)
            async with asyncio.timeout(ANSWER_S):
                await self._hearing.up.wait()
        except (FeedError, TimeoutError) as error:
            raise BrokerUnavailableError(f"no event stream: {str(error) or 'time-out'}") from error

    async def _join(self, account: Account, hearing: Hearing) -> SpotFeed | FuturesFeed:
        settings, hub = self._settings, self._hub
        if settings.kind is MarketKind.SPOT:
            feed = self._venue.spot_feed()
            await feed.join(hearing, settings.keys)
            return feed
        own = FuturesFeed(
            hearing,
            address=settings.hosts.socket,
            wire=self._venue.wire(settings.keys),
            routes=account.routes,
            session=hub.session,
            clock=hub.clock,
            tasks=hub.tasks,
            dice=hub.dice,
        )
        own.start()
        return own


def _elements(seen: Observation, count: int) -> list[Observation]:
    """Take a batch's answer apart, in the order asked."""
    if not isinstance(seen, Reply) or not seen.is_good:
        return [seen] * count
    if not isinstance(seen.body, list) or len(seen.body) != count:
        return [Lost("a batch was not answered order by order")] * count
    return [element_reply(element) for element in seen.body]


async def _shown(account: Account, call: Call) -> Reply | None:
    """Ask for an order; None where the venue does not show it. Raises BrokerUnavailableError."""
    seen = await account.seen(call)
    if isinstance(seen, NotSent | Lost):
        raise BrokerUnavailableError(seen.reason)
    if seen.is_good or seen.code == ARCHIVED:
        return seen
    if seen.code in NOT_FOUND:
        return None
    raise BrokerUnavailableError(said_by(seen))


def _is_as_asked(order: BrokerOrder, request: OrderRequest) -> bool:
    """Whether the venue describes what we have asked for, and not another order."""
    return (
        order.symbol == request.symbol
        and order.side is request.side
        and order.quantity == request.quantity
    )


def _cancelled(account: Account, sent: SentOrder, seen: Observation) -> CancelOutcome:
    """Judge an answer to a plain cancel."""
    if not isinstance(seen, Reply) or not seen.is_good:
        return not_cancelled(seen)
    try:
        order = account.reader.order(fields_of(seen.body), sent.sent_at)
    except MalformedError as error:
        return OutcomeUnknown(str(error))
    if not _is_as_asked(order, sent.request):
        return OutcomeUnknown(f"answered with another order, {order.client_id}")
    return CancelConfirmed(order) if order.state.is_final else CancelAccepted()


def _forgotten(sent: SentOrder, number: BrokerOrderId) -> BrokerOrder:
    """Describe an order that the venue keeps no longer: it ended long ago, without a fill."""
    request, day = sent.request, sent.market_day
    return BrokerOrder(
        id=number,
        client_id=request.client_id,
        symbol=request.symbol,
        side=request.side,
        order_type=request.order_type,
        quantity=request.quantity,
        limit_price=request.limit_price,
        state=BrokerOrderState.EXPIRED,
        filled=ZERO,
        market_day=day if day is not None else sent.sent_at.date(),
        placed_at=sent.sent_at,
        reason="forgotten: the venue keeps unfilled orders only for some time",
    )
