"""Calls to one account's broker: each with a time limit, never more at once than it allows.

Nothing else in the daemon calls ``Broker.place`` or ``Broker.cancel``. Whatever goes wrong in a
call that may have reached the broker is an unknown outcome, an adapter's own mistake included.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.broker import (
    Absent,
    BrokerError,
    BrokerUnavailableError,
    OutcomeUnknown,
    Undecided,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapters.broker import (
        Broker,
        CancelOutcome,
        FindOutcome,
        OrderRequest,
        PlaceOutcome,
        SentOrder,
    )
    from adapters.clock import Clock
    from algorithms.domain import ChildId

CALL_TIMEOUT_S = 10.0
CANCEL_SHARE = 4
"""One in so many of the allowed requests is kept for cancels, so that they never queue behind
placements."""


@dataclass(slots=True, eq=False)
class _Cancel:
    """An order that waits to be cancelled, and where its answer goes."""

    sent: SentOrder
    answer: asyncio.Future[CancelOutcome]


class BrokerCalls:
    """The order calls of one account's broker."""

    def __init__(self, broker: Broker, clock: Clock) -> None:
        self._broker = broker
        self._clock = clock
        self._began = clock.monotonic()
        self._left: dict[ChildId, float] = {}
        """When orders left whose fate is open, by the clock that is never set."""
        self._settle_s = broker.capabilities.settle_time.total_seconds()
        self._place_s = CALL_TIMEOUT_S + broker.capabilities.second_look.total_seconds()
        most = broker.capabilities.max_in_flight
        self._most_together = broker.capabilities.batch_cancel
        self._to_cancel: list[_Cancel] = []
        kept = max(1, most // CANCEL_SHARE)
        self._cancel_places = asyncio.Semaphore(kept)
        self._find_places = asyncio.Semaphore(kept)
        self._places = asyncio.Semaphore(max(1, most - kept))

    async def fingerprint(self, request: OrderRequest) -> str | None:
        """Return what must be stored before sending; raise BrokerError when it cannot be had."""
        try:
            async with self._places, asyncio.timeout(CALL_TIMEOUT_S):
                return await self._broker.fingerprint(request)
        except TimeoutError as error:
            message = f"no answer within {CALL_TIMEOUT_S} s"
            raise BrokerUnavailableError(message) from error

    async def place(self, request: OrderRequest) -> PlaceOutcome:
        """Send one order, once."""
        async with self._places:
            try:
                self._note_leaving(request.client_id)
                async with asyncio.timeout(self._place_s):
                    outcome = await self._broker.place(request)
            except TimeoutError:
                return OutcomeUnknown(f"no answer within {self._place_s} s")
            except Exception as error:  # noqa: BLE001 - it may have been sent before this failed
                return OutcomeUnknown(f"{type(error).__name__}: {error}")
            if not isinstance(outcome, OutcomeUnknown):
                self._left.pop(request.client_id, None)
            return outcome

    async def cancel(self, sent: SentOrder) -> CancelOutcome:
        """Ask for the end of one order; orders that wait at the same time go in one request."""
        one = _Cancel(sent, asyncio.get_running_loop().create_future())
        self._to_cancel.append(one)
        try:
            if self._most_together > 1:
                await asyncio.sleep(0)  # lets the orders that end at this moment come along
            if one in self._to_cancel:
                async with self._cancel_places:
                    if one in self._to_cancel:
                        await self._cancel_together(one)
            return await one.answer
        finally:
            if one in self._to_cancel:
                self._to_cancel.remove(one)

    async def _cancel_together(self, first: _Cancel) -> None:
        """Send one request for an order and for what waits with it; answer each."""
        others = [each for each in self._to_cancel if each is not first]
        batch = [first, *others[: self._most_together - 1]]
        self._to_cancel = [each for each in self._to_cancel if each not in batch]
        outcomes: Sequence[CancelOutcome] = [OutcomeUnknown("interrupted")] * len(batch)
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                answered = await self._broker.cancel(tuple(each.sent for each in batch))
            if len(answered) != len(batch):
                raise ValueError(f"{len(answered)} answers to {len(batch)} cancels")  # noqa: TRY301
            outcomes = answered
        except TimeoutError:
            outcomes = [OutcomeUnknown(f"no answer within {CALL_TIMEOUT_S} s")] * len(batch)
        except Exception as error:  # noqa: BLE001 - it may have been sent before this failed
            outcomes = [OutcomeUnknown(f"{type(error).__name__}: {error}")] * len(batch)
        finally:
            # Also when this task alone is ended: the others must not wait for ever.
            for each, outcome in zip(batch, outcomes, strict=True):
                if not each.answer.done():
                    each.answer.set_result(outcome)

    async def find(self, sent: SentOrder) -> FindOutcome:
        """Ask what became of an order; no answer leaves it undecided.

        A question may take several slow requests, so it holds no place of a cancel.
        """
        async with self._find_places:
            try:
                asked = self._clock.monotonic()
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    outcome = await self._broker.find(sent)
            except TimeoutError:
                return Undecided(f"no answer within {CALL_TIMEOUT_S} s")
            except BrokerError as error:
                return Undecided(str(error))
            except Exception as error:  # noqa: BLE001 - asking again is always harmless
                return Undecided(f"{type(error).__name__}: {error}")
        if isinstance(outcome, Absent) and self._may_be_on_its_way(sent, asked):
            return Undecided("too early to be sure")
        return outcome

    def _note_leaving(self, client_id: ChildId) -> None:
        """Remember when an order leaves, as long as it may be on its way."""
        now = self._clock.monotonic()
        for oldest, left in tuple(self._left.items()):
            if now < left + self._settle_s:
                break
            del self._left[oldest]
        self._left.pop(client_id, None)  # what is sent again comes last
        self._left[client_id] = now

    def _may_be_on_its_way(self, sent: SentOrder, asked: float) -> bool:
        """Whether an order could still arrive after it was asked for.

        The broker's adapter judges by the time it was sent at. That is of no use when the clock
        was set forward meanwhile, so as much time must have passed by the clock that is never
        set: since the order left, or since the start if another process had sent it.
        """
        left = self._left.get(sent.request.client_id, self._began)
        return asked < left + self._settle_s
