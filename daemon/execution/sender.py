"""Sending: the intent is committed, the order leaves once, the answer is committed.

A planned order becomes ``sending`` on disk before a byte of it leaves. Whatever happens from then
on (a time-out, a kill, an unreadable answer) it is never sent again: it is ``unknown`` until the
broker has been asked. Only a refusal that proves that nothing was placed allows another attempt.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.broker import Accepted, BrokerError, OutcomeUnknown, RefusalCode, Refused
from algorithms.domain import LADDER, ChildState
from daemon.execution.sent import request_of
from daemon.execution.slicer import TOO_OLD

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.broker import Broker, OrderRequest, PlaceOutcome
    from adapters.clock import Clock
    from algorithms.domain import ChildId, ChildOrder, Symbol
    from daemon.execution.broker_calls import BrokerCalls
    from daemon.execution.evidence import Evidence
    from daemon.execution.halts import Halts
    from daemon.execution.ladder.closing import Closings
    from daemon.execution.orders import Orders
    from daemon.execution.persistence import Persistence
    from daemon.setup import Current
    from daemon.storage.tx import Tx

MOST_ATTEMPTS = 3
WAIT_BETWEEN_ATTEMPTS_S = 0.5
USUAL_SILENCE_S = 1.0
"""How long nothing is sent where a venue refuses for the rate and does not say for how long."""


@dataclass(frozen=True, slots=True)
class SendResult:
    """What is known after sending; ``look`` asks for a look at the order's fills."""

    look: bool


class Sender:
    """Sends the planned orders of one account."""

    def __init__(
        self,
        *,
        broker: Broker,
        calls: BrokerCalls,
        persistence: Persistence,
        clock: Clock,
        orders: Orders,
        evidence: Evidence,
        halts: Halts,
        current: Current,
        closings: Closings,
    ) -> None:
        self._closings = closings
        self._calls = calls
        self._persistence = persistence
        self._clock = clock
        self._orders = orders
        self._evidence = evidence
        self._halts = halts
        self._current = current
        self._stopping = False
        self._held_until: datetime | None = None
        self._one_by_one = not broker.capabilities.client_order_ids
        self._turns: defaultdict[Symbol, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def held_until(self) -> datetime | None:
        """Until when nothing is sent because the venue wants to be left alone; None: now it is."""
        if self._held_until is not None and self._held_until <= self._clock.now():
            self._held_until = None
        return self._held_until

    def went_back(self, back: timedelta) -> None:
        """Leave the venue alone for no longer, now that the clock was set back by so much."""
        if self._held_until is not None:
            self._held_until -= back

    def stop(self) -> None:
        """Begin nothing more; what is planned is sent after the next start."""
        self._stopping = True

    async def send(self, child: ChildOrder) -> SendResult:
        """Send a planned order and record what became of it."""
        if not self._one_by_one:
            return await self._send(child)
        # Without client ids two like orders under way at once could not be told apart.
        async with self._turns[child.symbol]:
            return await self._send(child)

    async def _send(self, child: ChildOrder) -> SendResult:
        fingerprint = None
        if self._one_by_one:
            try:
                fingerprint = await self._calls.fingerprint(request_of(child))
            except BrokerError as error:
                await self._give_up(child.id, f"unavailable: {error}")
                return SendResult(look=False)
        request = await self._begin(child.id, fingerprint)
        if request is None:
            return SendResult(look=False)
        outcome = await self._attempt(child, request)
        return await self._record(child.id, outcome)

    async def _begin(self, child_id: ChildId, fingerprint: str | None) -> OrderRequest | None:
        """Commit the intent to send, unless the order must not be sent (any more)."""
        now = self._clock.now()

        def begin(tx: Tx) -> OrderRequest | None:
            child = self._orders.child(tx, child_id)
            if child.state is not ChildState.PLANNED or self._stopping or self._is_held(now):
                return None
            max_age = self._current.setup.slicing.max_age
            if child.cancel_at is None and now - child.created_at > max_age:
                self._orders.advance(tx, child, now, ChildState.EXPIRED, TOO_OLD)
                return None
            reason = self._forbidden(child, now)
            if reason is not None:
                self._orders.advance(tx, child, now, ChildState.CANCELLED, reason)
                return None
            if self._frozen(tx, child):
                return None
            reason = self._current.setup.risk.too_fast(tx, child.account, now)
            if reason is not None:
                self._evidence.not_sent(tx, child, reason, now)
                return None
            child = self._orders.advance(
                tx, child._replace(sent_at=now, fingerprint=fingerprint), now, ChildState.SENDING
            )
            return replace(request_of(child), reduce_only=self._only_reduces(tx, child))

        return await self._persistence.write(begin)

    def _only_reduces(self, tx: Tx, child: ChildOrder) -> bool:
        """Whether the venue is told that an order closes: it judges the account, not the book."""
        registry = self._current.registry
        if not registry.accounts[child.account].is_futures:
            return False
        if sum(book.account.name == child.account for book in registry.books.values()) > 1:
            return False
        return tx.fetch_one("closing_order", parent_id=child.parent_id) is not None

    def _is_held(self, now: datetime) -> bool:
        return self._held_until is not None and now < self._held_until

    def _frozen(self, tx: Tx, child: ChildOrder) -> bool:
        """Whether an order of unknown fate forbids this one for now."""
        query = "uncertain_children_of_symbol" if self._one_by_one else "unknown_children_of_symbol"
        rows = tx.fetch(query, account=child.account, symbol=child.symbol)
        return any(self._one_by_one or row["book"] == child.book for row in rows)

    def _forbidden(self, child: ChildOrder, now: datetime) -> str | None:
        """Why an order must not be sent (again) now, or None."""
        if child.cancel_requested_at is not None:
            return "cancelled by its strategy"
        if child.cancel_at is not None and child.cancel_at <= now:
            return "its time had passed before it could be sent"
        halted = self._halts.reason(child.account, child.strategy, child.book, child.symbol)
        if halted is not None:
            return f"halted: {halted}"
        if child.book == LADDER and self._closings.is_over(child.account, child.created_at, now):
            return "too_late: its closing auction takes no more orders"
        setup = self._current.setup
        return setup.risk.not_live(setup.registry.accounts[child.account])

    async def _attempt(self, child: ChildOrder, request: OrderRequest) -> PlaceOutcome:
        """Send; after a refusal that judged nothing, send again a bounded number of times."""
        for attempt in range(1, MOST_ATTEMPTS + 1):
            outcome = await self._calls.place(request)
            if not isinstance(outcome, Refused) or outcome.code is not RefusalCode.UNAVAILABLE:
                return outcome
            if attempt == MOST_ATTEMPTS:
                return outcome
            await self._clock.sleep(WAIT_BETWEEN_ATTEMPTS_S * attempt)
            if not await self._begin_again(child.id):
                return outcome
        raise AssertionError  # the loop returns in its last round

    async def _begin_again(self, child_id: ChildId) -> bool:
        """Commit the intent to send once more; False if the order is not wanted any longer.

        The time of sending is the last attempt's: from it on the broker needs its time to settle
        before "no such order" means anything.
        """
        now = self._clock.now()

        def begin(tx: Tx) -> bool:
            child = self._orders.child(tx, child_id)
            if child.state is not ChildState.SENDING or self._forbidden(child, now) is not None:
                return False
            self._orders.advance(tx, child._replace(sent_at=now), now, child.state)
            return True

        return await self._persistence.write(begin)

    def _hold(self, seconds: float, now: datetime) -> None:
        """Send nothing for so long; a shorter time never cuts a longer one."""
        until = now + timedelta(seconds=seconds)
        if self._held_until is None or until > self._held_until:
            self._held_until = until

    def _may_wait(self, child: ChildOrder, now: datetime, seconds: float) -> bool:
        """Whether an order is still wanted when the venue takes orders again."""
        last = child.cancel_at or child.created_at + self._current.setup.slicing.max_age
        then = now + timedelta(seconds=seconds)
        return then < last and self._forbidden(child, now) is None

    async def _record(self, child_id: ChildId, outcome: PlaceOutcome) -> SendResult:
        now = self._clock.now()
        wait_s = None
        if isinstance(outcome, Refused) and outcome.code is RefusalCode.RATE_LIMITED:
            wait_s = outcome.retry_after_s or USUAL_SILENCE_S
            self._hold(wait_s, now)

        def record(tx: Tx) -> SendResult:
            match outcome:
                case Accepted(order):
                    child = self._evidence.found(tx, child_id, order, (), now)
                    known = child.state.is_final or not order.state.is_final
                    return SendResult(look=child.filled < order.filled or not known)
                case Refused(RefusalCode.DUPLICATE, message):
                    # An order of ours with this id is there: this one, by an earlier attempt.
                    self._evidence.unanswered(tx, child_id, f"duplicate: {message}", now)
                case Refused(code, message):
                    reason = f"{code.value}: {message}"
                    child = self._orders.child(tx, child_id)
                    if wait_s is not None and self._may_wait(child, now, wait_s):
                        self._evidence.postponed(tx, child_id, reason, now, wait_s)
                    else:
                        self._evidence.refused(tx, child_id, reason, now)
                case OutcomeUnknown(reason):
                    self._evidence.unanswered(tx, child_id, reason, now)
            return SendResult(look=False)

        return await self._persistence.write(record)

    async def _give_up(self, child_id: ChildId, reason: str) -> None:
        now = self._clock.now()

        def give_up(tx: Tx) -> None:
            child = self._orders.child(tx, child_id)
            if child.state is ChildState.PLANNED:
                self._orders.advance(tx, child, now, ChildState.REJECTED, reason)

        await self._persistence.write(give_up)
