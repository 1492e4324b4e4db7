"""One KIS account, its Korean or its US half, as a ``Broker``."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.broker import (
    Accepted,
    BrokerError,
    BrokerUnavailableError,
    CancelAccepted,
    CancelRefused,
    Capabilities,
    Holdings,
    NotOpen,
    OutcomeUnknown,
    RefusalCode,
    Refused,
    SentOrder,
    Undecided,
    UnknownSymbolError,
)
from adapters.followers import Followers
from adapters.kis.asking import Asker
from adapters.kis.closes import Closes
from adapters.kis.desk import PRICED, Target, refusal
from adapters.kis.domestic import Domestic
from adapters.kis.fingerprint import Fingerprint
from adapters.kis.hosts import Profile
from adapters.kis.lookout import Lookout
from adapters.kis.orders import Orders
from adapters.kis.outcomes import cancelled, not_placed, receipt_of, was_throttled
from adapters.kis.overseas import Overseas
from algorithms.decimals import ZERO, to_text

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import date, datetime
    from decimal import Decimal

    from adapters.broker import (
        BrokerEvent,
        BrokerFill,
        BrokerOrder,
        CancelOutcome,
        FindOutcome,
        OrderRequest,
        PlaceOutcome,
        Quote,
    )
    from adapters.kis.desk import Desk, KisSettings, Terms
    from adapters.kis.hub import Access
    from adapters.kis.lookout import Attempt
    from adapters.kis.register import Known
    from adapters.kis.wire import Call
    from adapters.sessions import Sessions
    from algorithms.domain import Symbol
    from algorithms.instruments import Instrument

MAX_IN_FLIGHT = {Profile.REAL: 12, Profile.PAPER: 2}
"""On paper one order and one cancel wait for their turn; the rest waits without a time limit."""
EXPLAIN_S = 2.0
"""How long a refusal may be held up to be explained."""
NOT_CONNECTED = "not connected"


class KisBroker:
    """A ``Broker``. Accounts with one app key share an ``Access``."""

    def __init__(self, settings: KisSettings, access: Access, sessions: Sessions) -> None:
        self._settings = settings
        self._access = access
        self._clock = access.clock
        asker = Asker(access)
        self._desk: Desk = _desk(settings, asker, sessions)
        self._closes = Closes(self._desk, sessions)
        self._followers = Followers()
        self._orders = Orders(settings, self._desk, access, self._followers)
        self._lookout = Lookout(settings, self._desk, self._orders, access.clock)
        self._is_open = False
        self._is_closed = False
        self.capabilities = Capabilities(
            client_order_ids=False,
            order_types=self._desk.order_types,
            good_till_cancelled=False,
            batch_cancel=1,
            max_in_flight=MAX_IN_FLIGHT[settings.profile],
            settle_time=self._lookout.settle_time,
            second_look=self._lookout.second_look,
            moc_buys=False,
            holds_each_order=True,
        )

    async def open(self) -> None:
        """Make sure that the keys open this account, and follow it."""
        await self._desk.owned()
        self._is_open = True
        await self._orders.follow()

    async def close(self) -> None:
        """Stop following; orders stay, and so does what other accounts share with this one."""
        if self._is_closed:
            return
        self._is_closed = True
        self._followers.close()
        await self._orders.leave()

    async def fingerprint(self, request: OrderRequest) -> str | None:
        """Note how an order is spelt, and which orders of its symbol are there already."""
        return await self._note(request)

    async def amendment(self, order: SentOrder, request: OrderRequest) -> str | None:
        """Note the same of an order that takes the place of another."""
        return await self._note(request, order.broker_order_id or "")

    async def _note(self, request: OrderRequest, origin: str = "") -> str | None:
        self._require_open()
        terms = await self._terms(request)
        if isinstance(terms, Refused):
            self._lookout.note_refusal(request.client_id, terms)
            return None  # ``place`` says so, whatever could be had by then
        today = self._desk.day_at(self._clock.now())
        rows = await self._orders.listed(today, today, symbol=request.symbol)
        known = {each.number for each in self._orders.register.all() if each.day == today}
        numbers = frozenset({row.number for row in rows} | known)
        print_ = Fingerprint(terms, numbers, await self._desk.trace(request), origin)
        self._lookout.note(request.client_id, print_)
        return print_.written()

    async def place(self, request: OrderRequest) -> PlaceOutcome:
        attempt = self._not_now() or await self._attempt(request)
        if isinstance(attempt, Refused):
            return attempt
        return await self._send(request, attempt, self._desk.order(request, attempt.print_.terms))

    async def amend(self, order: SentOrder, request: OrderRequest) -> PlaceOutcome:
        attempt = self._not_now() or await self._attempt(request, order.broker_order_id or "")
        if isinstance(attempt, Refused):
            return attempt
        known = None
        if order.broker_order_id is not None:
            known = self._orders.of(order) or await self._lookout.look_up(order)
        if known is None or not known.is_live:
            return Refused(RefusalCode.REJECTED, "nothing is left of the order to be amended")
        terms = attempt.print_.terms
        if request.order_type not in PRICED or terms.price is None:
            what = f"{request.order_type.value} orders have no limit to be amended"
            return Refused(RefusalCode.UNSUPPORTED, what)
        if request.quantity != known.left:
            what = f"{to_text(known.left)} are left, not {to_text(request.quantity)}"
            return Refused(RefusalCode.BAD_QUANTITY, what)
        call = self._desk.amend(_target(order, known), terms.price, terms.division)
        outcome = await self._send(request, attempt, call)
        if isinstance(outcome, Accepted):
            known.cancel_sent_at = self._clock.now()  # that is how it ends
        return outcome

    def _not_now(self) -> Refused | None:
        """Return why nothing is placed at all."""
        if not self._is_open or self._is_closed:
            return Refused(RefusalCode.UNAVAILABLE, NOT_CONNECTED)
        if self._settings.no_orders is not None:
            return Refused(RefusalCode.REJECTED, self._settings.no_orders)
        return None

    async def _attempt(self, request: OrderRequest, origin: str = "") -> Attempt | Refused:
        """Return what was noted of an order, or why nothing was.

        Where nobody asked for a fingerprint it is noted now, as well as that is possible.
        """
        attempt = self._lookout.attempt(request.client_id)
        if attempt is None:
            terms = await self._terms(request)
            if isinstance(terms, Refused):
                return terms
            print_ = Fingerprint(terms, frozenset(), origin=origin)
            attempt = self._lookout.note(request.client_id, print_)
        return attempt

    async def _send(self, request: OrderRequest, attempt: Attempt, call: Call) -> PlaceOutcome:
        """Send an order, once, and judge what came back."""
        began = self._clock.now()
        with self._lookout.under_way(request.client_id, attempt):
            seen = await self._access.send(call)
        receipt = receipt_of(seen)
        if receipt is not None:
            known = self._orders.taken(request, receipt, attempt.print_)
            if isinstance(known, Fingerprint):
                attempt.print_ = known
                return OutcomeUnknown(f"told as number {receipt.number}, which is another order's")
            return Accepted(known.order)
        if was_throttled(seen):
            return await self._lookout.until_sure(request, attempt, began)
        return await self._explained(not_placed(seen), request.symbol)

    async def _explained(
        self, outcome: Refused | OutcomeUnknown, symbol: Symbol
    ) -> Refused | OutcomeUnknown:
        """Add how much KIS lets be sold, where it refused a sale for that."""
        if (
            not isinstance(outcome, Refused)
            or outcome.code is not RefusalCode.INSUFFICIENT_HOLDINGS
        ):
            return outcome
        try:
            async with asyncio.timeout(EXPLAIN_S):
                sellable = await self._desk.sellable(symbol)
        except (BrokerError, TimeoutError):
            return outcome
        what = f"{outcome.message}; {to_text(sellable)} {symbol} can be sold"
        return replace(outcome, message=what)

    async def _terms(self, request: OrderRequest) -> Terms | Refused:
        """Decide how an order is spelt; refuse what KIS would, without asking it."""
        if request.order_type not in self._desk.order_types:
            what = f"{request.order_type.value} orders are not taken here"
            return Refused(RefusalCode.UNSUPPORTED, what)
        try:
            instrument = await self._desk.instrument(request.symbol)
            now = self._clock.now()
            refused = refusal(request, instrument) or await self._desk.refusal(request, now)
            return refused or await self._desk.terms(request, now)
        except UnknownSymbolError as error:
            return Refused(RefusalCode.UNKNOWN_SYMBOL, str(error))
        except BrokerError as error:
            return Refused(RefusalCode.UNAVAILABLE, str(error))

    async def cancel(self, orders: tuple[SentOrder, ...]) -> tuple[CancelOutcome, ...]:
        if len(orders) > 1:
            raise ValueError(f"at most 1 order in one cancel, not {len(orders)}")
        return tuple([await self._cancel(sent) for sent in orders])

    async def _cancel(self, sent: SentOrder) -> CancelOutcome:
        if not self._is_open or self._is_closed:
            return CancelRefused(NOT_CONNECTED)
        if sent.broker_order_id is None:
            return NotOpen()  # who has no number cannot be named
        known = self._orders.of(sent)
        now = self._clock.now()
        if known is not None and not known.is_live:
            return NotOpen()
        if known is not None and known.is_being_cancelled(now):
            return CancelAccepted()
        if known is None or (not known.listed and self._lookout.is_overdue(sent)):
            known = await self._lookout.look_up(sent)
        if known is None and self._orders.is_anothers(sent):
            return NotOpen()
        outcome = cancelled(await self._access.send(self._desk.cancel(_target(sent, known))))
        if isinstance(outcome, CancelAccepted) and known is not None:
            known.cancel_sent_at = now
        self._orders.look_soon()
        return outcome

    async def find(self, sent: SentOrder) -> FindOutcome:
        if not self._is_open or self._is_closed:
            return Undecided(NOT_CONNECTED)
        try:
            return await self._lookout.find(sent)
        except BrokerError as error:
            return Undecided(str(error))

    async def open_orders(self) -> tuple[BrokerOrder, ...]:
        self._require_open()
        return await self._orders.open_orders()

    async def fills_since(self, since: datetime) -> tuple[BrokerFill, ...]:
        self._require_open()
        return await self._orders.fills_since(since)

    async def holdings(self) -> Holdings:
        self._require_open()
        at = self._clock.now()
        owned = await self._desk.owned()
        return Holdings(
            positions=owned.positions, cash={self._settings.currency: owned.cash}, at=at
        )

    async def buying_power(self, currency: str) -> Decimal:
        """Return the cash that KIS lets new orders take now."""
        self._require_open()
        return await self._desk.spendable() if currency == self._settings.currency else ZERO

    async def quote(self, symbol: Symbol) -> Quote:
        self._require_open()
        return await self._desk.quote(symbol, self._clock.now())

    async def instrument(self, symbol: Symbol) -> Instrument:
        self._require_open()
        return await self._desk.instrument(symbol)

    async def closing_price(self, symbol: Symbol, day: date) -> Decimal | None:
        self._require_open()
        return await self._closes.of(symbol, day, self._clock.now())

    def close_due(self, day: date) -> datetime:
        return self._closes.due(day)

    async def server_time(self) -> datetime:
        """Return KIS's clock as its last heartbeat told it; nothing else does."""
        self._require_open()
        return self._orders.server_time()

    def market_day(self, at: datetime) -> date:
        return self._desk.day_at(at)

    async def is_trading_day(self, day: date) -> bool | None:
        """Return whether KRX trades on a day, as KIS says; None where it does not say."""
        settings = self._settings
        if settings.market != "XKRX" or settings.profile is Profile.PAPER:
            return None
        return await self._access.holidays.is_trading_day(day)

    def events(self) -> AsyncIterator[BrokerEvent]:
        return self._followers.follow()

    def _require_open(self) -> None:
        if not self._is_open or self._is_closed:
            raise BrokerUnavailableError(NOT_CONNECTED)


def _desk(settings: KisSettings, asker: Asker, sessions: Sessions) -> Desk:
    kind = Domestic if settings.market == "XKRX" else Overseas
    return kind(settings, asker, sessions)


def _target(sent: SentOrder, known: Known | None) -> Target:
    """Return what is to be cancelled, as well as it is known."""
    request = sent.request
    assert sent.broker_order_id is not None  # the caller's to see to
    return Target(
        number=sent.broker_order_id if known is None else known.number,
        branch="" if known is None else known.branch,
        venue="" if known is None else known.venue,
        symbol=request.symbol,
        left=request.quantity if known is None else known.left,
    )
