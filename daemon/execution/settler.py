"""Orders whose fate is open: cancels until confirmed, unknown orders until found or proven absent.

Both ask the broker again and again, with growing pauses, and believe only what it shows. A cancel
is harmless to repeat; an order is never sent again from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from adapters.broker import (
    Absent,
    Ambiguous,
    CancelConfirmed,
    CancelRefused,
    Found,
    NotOpen,
    OutcomeUnknown,
)
from algorithms.domain import ChildState
from daemon.execution.sent import sent_order
from daemon.notices import raise_notice
from daemon.storage.rows import to_us

if TYPE_CHECKING:
    from adapters.broker import BrokerOrder, CancelOutcome, FindOutcome
    from adapters.clock import Clock
    from algorithms.domain import ChildId, ChildOrder
    from daemon.execution.broker_calls import BrokerCalls
    from daemon.execution.evidence import Evidence
    from daemon.execution.orders import Orders
    from daemon.execution.persistence import Persistence
    from daemon.ids import IdSource
    from daemon.storage.tx import Tx

PAUSES_S = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Between the first questions about an order; the last goes on."""
AMBIGUOUS_PAUSE_S = 30.0
SLOW_AFTER_ROUNDS = 5
"""People are told once when a cancel has not been confirmed after so many rounds."""


@dataclass(slots=True)
class _Pauses:
    """How long to wait before the next question."""

    rounds: int = 0

    def next(self, told: float | None = None) -> float:
        pause = PAUSES_S[min(self.rounds, len(PAUSES_S) - 1)]
        self.rounds += 1
        return max(pause, told or 0.0)


class Settler:
    """Settles the open fates of one account's orders."""

    def __init__(
        self,
        *,
        calls: BrokerCalls,
        persistence: Persistence,
        clock: Clock,
        orders: Orders,
        evidence: Evidence,
        ids: IdSource,
    ) -> None:
        self._calls = calls
        self._persistence = persistence
        self._clock = clock
        self._orders = orders
        self._evidence = evidence
        self._ids = ids

    async def look(self, child: ChildOrder) -> None:
        """Fetch the fills of an order that the broker says has traded, until all are booked."""
        pauses = _Pauses()
        while True:
            outcome = await self._calls.find(sent_order(child))
            if await self._has_all(child, outcome) or await self._lost(child, outcome, pauses):
                return
            await self._clock.sleep(pauses.next())
            child = await self._load(child.id)
            if child.state.is_final:
                return

    async def resolve(self, child: ChildOrder) -> None:
        """Ask until an unknown order is found or proven absent.

        If it is to be cancelled meanwhile, the cancel is sent along: should the order be there,
        it ends all the sooner.
        """
        pauses = _Pauses()
        warned = False
        while True:
            child = await self._load(child.id)
            if child.state is not ChildState.UNKNOWN:
                return
            if child.cancel_requested_at is not None and _can_be_named(child):
                await self._calls.cancel(sent_order(child))
            outcome = await self._calls.find(sent_order(child))
            match outcome:
                case Found():
                    await self._take_in(child, outcome)
                    return
                case Absent() if child.acknowledged_at is None:
                    now = self._clock.now()
                    await self._persistence.write(
                        partial(self._evidence.absent, child_id=child.id, now=now)
                    )
                    return
                case Ambiguous():
                    # A person must say; the worker has better to do than to ask all the time.
                    if not warned:
                        warned = True
                        await self._warn_ambiguous(child, outcome)
                    await self._clock.sleep(AMBIGUOUS_PAUSE_S)
                case Absent():
                    await self._clock.sleep(AMBIGUOUS_PAUSE_S)  # it was there: a person must say
                case _:
                    await self._clock.sleep(pauses.next())

    async def cancel(self, child_id: ChildId) -> None:
        """Cancel an order and stay with it until the broker has confirmed its end."""
        pauses = _Pauses()
        while True:
            child = await self._begin_cancel(child_id)
            if child.state is not ChildState.CANCELLING:
                return
            told = None
            outcome = await self._calls.cancel(sent_order(child))
            match outcome:
                case CancelConfirmed(order) if order.filled == child.filled:
                    await self._end(child_id, order)
                    return
                case CancelRefused(message, retry_after_s):
                    told = retry_after_s
                    await self._note(child, message)
                case _:
                    found = await self._calls.find(sent_order(child))
                    has_all = await self._has_all(child, found)
                    if has_all and (await self._load(child_id)).state.is_final:
                        return
                    await self._note(child, _words(outcome))
                    if await self._lost(child, found, pauses):
                        return
            if pauses.rounds == SLOW_AFTER_ROUNDS:
                await self._warn_slow(child)
            await self._clock.sleep(pauses.next(told))

    async def _note(self, child: ChildOrder, said: str) -> None:
        """Keep what a venue answered to a cancel that has not ended the order."""
        at = to_us(self._clock.now())
        await self._persistence.write(
            lambda tx: tx.execute("note_cancel_trouble", child_id=child.id, said=said, at=at)
        )

    async def _lost(self, child: ChildOrder, outcome: FindOutcome, pauses: _Pauses) -> bool:
        """See whether the broker shows an order no more, which it had taken; it is unknown then."""
        is_hidden = isinstance(outcome, Absent | Ambiguous)
        if not is_hidden or pauses.rounds < SLOW_AFTER_ROUNDS:
            return False
        now = self._clock.now()
        await self._persistence.write(partial(self._evidence.lost, child_id=child.id, now=now))
        return True

    async def _has_all(self, child: ChildOrder, outcome: FindOutcome) -> bool:
        """Take in what was found; return whether every fill in it is booked."""
        if isinstance(outcome, Found):
            after = await self._take_in(child, outcome)
            return after.filled >= outcome.order.filled
        return False

    async def _take_in(self, child: ChildOrder, found: Found) -> ChildOrder:
        """Take in an order that was found: by our id, or else by what it looks like."""
        now = self._clock.now()

        def take_in(tx: Tx) -> ChildOrder:
            if child.fingerprint is not None:
                self._evidence.renumbered(tx, child.id, found.order)
            return self._evidence.found(tx, child.id, found.order, found.fills, now)

        return await self._persistence.write(take_in)

    async def _end(self, child_id: ChildId, order: BrokerOrder) -> None:
        """Take in the end that a cancel has brought; every fill of the order is booked."""
        now = self._clock.now()
        await self._persistence.write(lambda tx: self._evidence.found(tx, child_id, order, (), now))

    async def _begin_cancel(self, child_id: ChildId) -> ChildOrder:
        now = self._clock.now()

        def begin(tx: Tx) -> ChildOrder:
            child = self._orders.child(tx, child_id)
            if child.state in {ChildState.OPEN, ChildState.PARTIALLY_FILLED}:
                child = self._orders.advance(tx, child, now, ChildState.CANCELLING)
            return child

        return await self._persistence.write(begin)

    async def _load(self, child_id: ChildId) -> ChildOrder:
        return await self._persistence.read(lambda view: self._orders.child(view, child_id))

    async def _warn_ambiguous(self, child: ChildOrder, outcome: Ambiguous) -> None:
        if child.acknowledged_at is not None and not outcome.candidates:
            return  # that it is lost was told
        if outcome.candidates:
            await self._warn(child, "order_ambiguous", count=str(len(outcome.candidates)))
        else:
            await self._warn(child, "order_hidden")

    async def _warn_slow(self, child: ChildOrder) -> None:
        await self._warn(child, "cancel_slow")

    async def _warn(self, child: ChildOrder, code: str, **params: str) -> None:
        now = self._clock.now()

        def warn(tx: Tx) -> None:
            raise_notice(
                tx,
                self._ids.new(),
                code,
                now,
                account=child.account,
                book=child.book,
                order=child.id,
                symbol=child.symbol,
                **params,
            )

        await self._persistence.write(warn)


def _can_be_named(child: ChildOrder) -> bool:
    """Whether a cancel can say which order it means: by our id, or by the broker's number."""
    return child.fingerprint is None or child.broker_order_id is not None


def _words(outcome: CancelOutcome) -> str:
    """Say what an answer to a cancel amounts to."""
    match outcome:
        case OutcomeUnknown(reason):
            return reason
        case NotOpen():
            return "the broker has no such open order, and does not show its end"
        case _:
            return "taken, not confirmed"
