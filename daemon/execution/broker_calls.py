"""Calls to one account's broker: each with a time limit, never more at once than it allows.

Nothing else in the daemon calls ``Broker.place`` or ``Broker.cancel``. Whatever goes wrong in a
call that may have reached the broker is an unknown outcome, an adapter's own mistake included.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adapters.broker import (
    BrokerError,
    BrokerUnavailableError,
    OutcomeUnknown,
    Undecided,
)

if TYPE_CHECKING:
    from adapters.broker import (
        Broker,
        CancelOutcome,
        FindOutcome,
        OrderRequest,
        PlaceOutcome,
        SentOrder,
    )

CALL_TIMEOUT_S = 10.0
CANCEL_SHARE = 4
"""One in so many of the allowed requests is kept for cancels, so that they never queue behind
placements."""


class BrokerCalls:
    """The order calls of one account's broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        most = broker.capabilities.max_in_flight
        kept = max(1, most // CANCEL_SHARE)
        self._cancel_places = asyncio.Semaphore(kept)
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
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    return await self._broker.place(request)
            except TimeoutError:
                return OutcomeUnknown(f"no answer within {CALL_TIMEOUT_S} s")
            except Exception as error:  # noqa: BLE001 - it may have been sent before this failed
                return OutcomeUnknown(f"{type(error).__name__}: {error}")

    async def cancel(self, sent: SentOrder) -> CancelOutcome:
        """Ask for the end of one order."""
        async with self._cancel_places:
            try:
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    return (await self._broker.cancel((sent,)))[0]
            except TimeoutError:
                return OutcomeUnknown(f"no answer within {CALL_TIMEOUT_S} s")
            except Exception as error:  # noqa: BLE001 - it may have been sent before this failed
                return OutcomeUnknown(f"{type(error).__name__}: {error}")

    async def find(self, sent: SentOrder) -> FindOutcome:
        """Ask what became of an order; no answer leaves it undecided."""
        async with self._cancel_places:
            try:
                async with asyncio.timeout(CALL_TIMEOUT_S):
                    return await self._broker.find(sent)
            except TimeoutError:
                return Undecided(f"no answer within {CALL_TIMEOUT_S} s")
            except BrokerError as error:
                return Undecided(str(error))
            except Exception as error:  # noqa: BLE001 - asking again is always harmless
                return Undecided(f"{type(error).__name__}: {error}")
