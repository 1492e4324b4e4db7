"""The paper broker: the paper exchange behind a network that can fail.

A request travels for ``latency_ms``, is carried out, and its answer travels back. Once it has left
it is no longer the caller's: whoever gives up waiting does not stop it from being carried out
later. So each order and cancel travels in a task of the broker's own.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from adapters.broker import (
    Absent,
    Accepted,
    Ambiguous,
    BrokerUnavailableError,
    CancelConfirmed,
    CancelRefused,
    Capabilities,
    Found,
    NotOpen,
    OutcomeUnknown,
    RefusalCode,
    Refused,
    Undecided,
)
from adapters.paper.acceptance import ORDER_TYPES
from adapters.paper.exchange import FateUnknownError, NotStoredError
from adapters.paper.faults import Fault
from adapters.paper.fingerprint import (
    PLACED_BEFORE_SENT,
    newest_before,
    write_fingerprint,
)
from adapters.paper.orders import View

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
    from datetime import date, datetime
    from decimal import Decimal

    from adapters.broker import (
        BrokerEvent,
        BrokerFill,
        BrokerOrder,
        CancelOutcome,
        FindOutcome,
        Holdings,
        OrderRequest,
        PlaceOutcome,
        Quote,
        SentOrder,
    )
    from adapters.clock import Clock
    from adapters.paper.engine import Engine
    from adapters.paper.exchange import PaperExchange
    from adapters.paper.faults import Call, Trouble
    from adapters.paper.orders import PaperOrder
    from adapters.paper.settings import PaperSettings
    from adapters.paper.stream import Stream
    from adapters.sessions import Sessions
    from adapters.tasks import TaskSupervisor
    from algorithms.domain import ChildId, Symbol
    from algorithms.instruments import Instrument

T = TypeVar("T")

BATCH_CANCEL = 10
MAX_IN_FLIGHT = 100
RETRY_AFTER_S = 1.0
"""The wait a rate limit asks for."""
CLOSE_WITHIN_S = 5.0
MOST_CLAIMS = 10_000
"""Accepted orders whose owner is remembered, at venues without client ids."""


class PaperBroker:
    """A ``Broker``. ``exchange``, ``faults`` and ``stream`` are open to tests and to the demo."""

    def __init__(
        self,
        settings: PaperSettings,
        clock: Clock,
        sessions: Sessions,
        *,
        exchange: PaperExchange,
        stream: Stream,
        tasks: TaskSupervisor,
    ) -> None:
        self.exchange = exchange
        self.faults = stream.faults
        self.stream = stream
        self._clock = clock
        self._sessions = sessions
        self._tasks = tasks
        self._view = View(settings.currency, settings.client_order_ids)
        self._client_order_ids = settings.client_order_ids
        self._latency_s = settings.latency_ms / 1000
        margin_s = float(settings.settle_margin_s)
        longest_way_s = self._latency_s + settings.faults.delay_ms / 1000
        self._too_late_s = longest_way_s + margin_s / 2
        self._in_flight: Counter[ChildId] = Counter()
        self._claims: OrderedDict[tuple[str, date], ChildId] = OrderedDict()
        self._closed = asyncio.Event()
        self.capabilities = Capabilities(
            client_order_ids=settings.client_order_ids,
            order_types=ORDER_TYPES,
            good_till_cancelled=True,
            batch_cancel=BATCH_CANCEL,
            max_in_flight=MAX_IN_FLIGHT,
            settle_time=timedelta(seconds=longest_way_s + margin_s),
        )

    async def open(self) -> None:
        await self._ask("open", _nothing)

    async def close(self) -> None:
        """Disconnect; requests still on their way are lost."""
        if self._closed.is_set():
            return
        self._closed.set()
        self.stream.close()
        await self.exchange.close()
        await self._tasks.close(CLOSE_WITHIN_S)

    async def fingerprint(self, request: OrderRequest) -> str | None:
        if self._client_order_ids:
            return None
        return await self._ask("fingerprint", lambda: self._take_fingerprint(request))

    async def place(self, request: OrderRequest) -> PlaceOutcome:
        client_id = request.client_id
        self._in_flight[client_id] += 1
        outcome = await self._send(
            "place",
            lambda: self._carry_out_placing(request),
            _refuse_placing,
            arrived=lambda: self._arrived(client_id),
        )
        if isinstance(outcome, Accepted):
            self._claim(outcome.order.id, outcome.order.market_day, client_id)
        return outcome

    async def cancel(self, orders: tuple[SentOrder, ...]) -> tuple[CancelOutcome, ...]:
        if len(orders) > BATCH_CANCEL:
            raise ValueError(f"at most {BATCH_CANCEL} orders in one cancel, not {len(orders)}")
        outcome = await self._send(
            "cancel",
            lambda: self._carry_out_cancelling(orders),
            lambda fault: (_refuse_cancelling(fault),) * len(orders),
        )
        return (outcome,) * len(orders) if isinstance(outcome, OutcomeUnknown) else outcome

    async def find(self, sent: SentOrder) -> FindOutcome:
        try:
            return await self._ask("find", lambda: self._find(sent))
        except BrokerUnavailableError as error:
            return Undecided(str(error))

    async def open_orders(self) -> tuple[BrokerOrder, ...]:
        orders = await self._ask("open_orders", self.exchange.open_orders)
        return tuple(self._view.order(order) for order in orders)

    async def fills_since(self, since: datetime) -> tuple[BrokerFill, ...]:
        fills = await self._ask("fills_since", lambda: self.exchange.fills_since(since))
        return tuple(self._view.fill(fill) for fill in fills)

    async def holdings(self) -> Holdings:
        return await self._ask("holdings", self.exchange.holdings)

    async def quote(self, symbol: Symbol) -> Quote:
        return await self._ask("quote", lambda: _at_once(self.exchange.quote, symbol))

    async def instrument(self, symbol: Symbol) -> Instrument:
        return await self._ask("instrument", lambda: _at_once(self.exchange.instrument, symbol))

    def close_due(self, day: date) -> None:
        del day  # it is known at once

    async def closing_price(self, symbol: Symbol, day: date) -> Decimal | None:
        return await self._ask("quote", lambda: self.exchange.closing_price(symbol, day))

    async def server_time(self) -> datetime:
        await self._ask("server_time", _nothing)
        return self._clock.now()

    def market_day(self, at: datetime) -> date:
        return self._sessions.day_at(at)

    def events(self) -> AsyncIterator[BrokerEvent]:
        return self.stream.follow()

    async def _send(
        self,
        call: Call,
        carry_out: Callable[[], Awaitable[T]],
        refuse: Callable[[Fault], T],
        *,
        arrived: Callable[[], None] = lambda: None,
    ) -> T | OutcomeUnknown:
        """Send a request that changes something, and wait for its answer.

        Cancelling this wait leaves the request on its way.
        """
        if self._closed.is_set():
            arrived()
            return refuse(Fault.SERVER_ERROR_BEFORE)
        trouble = self.faults.of_call(call)
        journey = self._tasks.spawn(self._travel(trouble, carry_out, refuse), name=f"paper {call}")
        journey.add_done_callback(lambda _: arrived())
        await asyncio.wait({journey})
        fault = trouble.fault
        if fault is not None and fault.loses_answer:
            await self._closed.wait()
        if journey.cancelled() or (fault is not None and (fault.loses_answer or fault.resets)):
            return OutcomeUnknown("the connection was reset")
        if fault is Fault.SERVER_ERROR_AFTER:
            return OutcomeUnknown("502 Bad Gateway")
        return journey.result()

    async def _travel(
        self,
        trouble: Trouble,
        carry_out: Callable[[], Awaitable[T]],
        refuse: Callable[[Fault], T],
    ) -> T | OutcomeUnknown:
        left_at = self._clock.monotonic()
        await self._pass(self._latency_s + trouble.delay_s)
        answer: T | OutcomeUnknown
        if trouble.fault is not None and trouble.fault.is_before:
            answer = refuse(trouble.fault)
        elif self._clock.monotonic() - left_at > self._too_late_s:
            # As Binance's recvWindow: what bounds how late a lost request can still appear.
            answer = refuse(Fault.REJECT)
        else:
            try:
                answer = await carry_out()
            except NotStoredError:
                answer = refuse(Fault.SERVER_ERROR_BEFORE)
            except FateUnknownError as error:
                answer = OutcomeUnknown(str(error))
        await self._pass(self._latency_s)
        return answer

    async def _ask(self, call: Call, answer: Callable[[], Coroutine[object, object, T]]) -> T:
        """Ask a question; raise BrokerUnavailableError where no answer comes."""
        if self._closed.is_set():
            raise BrokerUnavailableError("not connected")
        trouble = self.faults.of_call(call)
        await self._pass(self._latency_s + trouble.delay_s)
        if trouble.fault is not None:
            if trouble.fault.loses_answer:
                await self._closed.wait()
            raise BrokerUnavailableError(_WORDS[trouble.fault])
        answered = await answer()
        await self._pass(self._latency_s)
        return answered

    async def _pass(self, seconds: float) -> None:
        if seconds > 0:
            await self._clock.sleep(seconds)

    async def _carry_out_placing(self, request: OrderRequest) -> Accepted | Refused:
        placed = await self.exchange.place(request)
        return placed if isinstance(placed, Refused) else Accepted(self._view.order(placed))

    async def _carry_out_cancelling(
        self, orders: tuple[SentOrder, ...]
    ) -> tuple[CancelOutcome, ...]:
        ended = await self.exchange.cancel(
            lambda engine: [self._open_order(engine, sent) for sent in orders]
        )
        return tuple(
            NotOpen() if order is None else CancelConfirmed(self._view.order(order))
            for order in ended
        )

    def _open_order(self, engine: Engine, sent: SentOrder) -> PaperOrder | None:
        """Return the open order that a cancel means, by the names the venue knows."""
        number = sent.broker_order_id
        if number is None:
            return engine.book.of_client(sent.request.client_id) if self._client_order_ids else None
        if sent.market_day is not None:
            return engine.book.numbered(number, sent.market_day)
        return next((order for order in engine.book if order.number == number), None)

    async def _take_fingerprint(self, request: OrderRequest) -> str:
        holdings = await self.exchange.holdings()
        return write_fingerprint(await self.exchange.newest_order(), holdings, request)

    async def _find(self, sent: SentOrder) -> FindOutcome:
        if self._may_still_land(sent):
            return Undecided("the request is still on its way")
        candidates = await self._candidates(sent)
        if len(candidates) > 1:
            return Ambiguous(tuple(self._view.order(order) for order in candidates))
        if candidates:
            order = candidates[0]
            self._claim(order.number, order.market_day, sent.request.client_id)
            fills = await self.exchange.fills_of(order)
            return Found(self._view.order(order), tuple(self._view.fill(fill) for fill in fills))
        if self._in_flight[sent.request.client_id]:
            return Undecided("the request is still on its way")
        if self._clock.now() < sent.sent_at + self.capabilities.settle_time:
            return Undecided("too early to be sure")
        return Absent()

    def _may_still_land(self, sent: SentOrder) -> bool:
        """Whether what looks like the order now may be another one, and itself come later."""
        return (
            not self._client_order_ids
            and sent.broker_order_id is None
            and bool(self._in_flight[sent.request.client_id])
        )

    async def _candidates(self, sent: SentOrder) -> list[PaperOrder]:
        """Return the orders that may be the one that was sent."""
        order: PaperOrder | None = None
        if sent.broker_order_id is not None:
            order = await self.exchange.order_numbered(sent.broker_order_id, sent.market_day)
        elif self._client_order_ids:
            order = await self.exchange.order_of_client(sent.request.client_id)
        else:
            return await self._unknown_look_alikes(sent)
        return [] if order is None else [order]

    async def _unknown_look_alikes(self, sent: SentOrder) -> list[PaperOrder]:
        """Return the look-alikes that were not there before and that no other order claims.

        There is no latest time: a clock set back must not hide an order that exists. Nor does the
        earliest decide alone: set back after the order was sent, it is earlier than it was.
        """
        newest = newest_before(sent.fingerprint)
        since = sent.sent_at - PLACED_BEFORE_SENT
        owners = {
            order: self._claims.get((order.number, order.market_day))
            for order in await self.exchange.orders_like(sent.request, since)
            if order.sequence > newest
        }
        ours = [order for order in owners if owners[order] == sent.request.client_id]
        return ours or [order for order in owners if owners[order] is None]

    def _claim(self, number: str, day: date, owner: ChildId) -> None:
        """Remember whose order a number is."""
        if self._client_order_ids:
            return
        self._claims[number, day] = owner
        if len(self._claims) > MOST_CLAIMS:
            self._claims.popitem(last=False)

    def _arrived(self, client_id: ChildId) -> None:
        self._in_flight[client_id] -= 1
        if not self._in_flight[client_id]:
            del self._in_flight[client_id]


_WORDS = {
    Fault.ANSWER_LOST_BEFORE: "the connection was closed",
    Fault.ANSWER_LOST_AFTER: "the connection was closed",
    Fault.RESET_BEFORE: "the connection was reset",
    Fault.RESET_AFTER: "the connection was reset",
    Fault.SERVER_ERROR_BEFORE: "503 Service Unavailable",
    Fault.SERVER_ERROR_AFTER: "503 Service Unavailable",
    Fault.RATE_LIMIT: "429 Too Many Requests",
    Fault.REJECT: "rejected by the exchange",
}


def _refuse_placing(fault: Fault) -> Accepted | Refused:
    message = _WORDS[fault]
    if fault is Fault.RATE_LIMIT:
        return Refused(RefusalCode.RATE_LIMITED, message, RETRY_AFTER_S)
    if fault is Fault.REJECT:
        return Refused(RefusalCode.REJECTED, message)
    return Refused(RefusalCode.UNAVAILABLE, message)


def _refuse_cancelling(fault: Fault) -> CancelOutcome:
    return CancelRefused(_WORDS[fault], RETRY_AFTER_S if fault is Fault.RATE_LIMIT else None)


async def _at_once(question: Callable[[Symbol], T], symbol: Symbol) -> T:
    return question(symbol)


async def _nothing() -> None:
    """Ask nothing but whether the venue is there."""
