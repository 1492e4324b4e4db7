"""Orders on their way to an exchange: they arrive even when their sender has died."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.broker import BrokerError
from adapters.paper import PaperBroker
from adapters.paper.exchange import FateUnknownError, NotStoredError
from tests.simulation.happenings import Happening

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta

    from adapters.broker import Broker, OrderRequest, PlaceOutcome
    from adapters.clock import Clock
    from adapters.paper.faults import Call, Fault, Faults, Trouble
    from algorithms.domain import AccountName
    from tests.simulation.happenings import Tally


@dataclass(frozen=True, slots=True)
class Travelling:
    """An order that has left, and the last moment the exchange would still take it.

    ``latest`` is in seconds of the clock that is never set.
    """

    account: AccountName
    request: OrderRequest
    latest: float


class Wire:
    """Sees every order that leaves one process, and counts what calls and events meet."""

    def __init__(self, clock: Clock, margin: timedelta, tally: Tally) -> None:
        self._clock = clock
        self._margin = margin
        self._tally = tally
        self._travelling: dict[str, Travelling] = {}
        self._tapped: set[PaperBroker] = set()

    def tap(self, brokers: Mapping[AccountName, Broker]) -> None:
        """Watch what these brokers are sent from here on."""
        for account, broker in brokers.items():
            if isinstance(broker, PaperBroker) and broker not in self._tapped:
                self._tapped.add(broker)
                self._tap(account, broker)
                self._count(broker.faults)

    def cut(self) -> list[Travelling]:
        """Return what was under way when the process died."""
        return list(self._travelling.values())

    def _tap(self, account: AccountName, broker: PaperBroker) -> None:
        place = broker.place
        allowed = broker.capabilities.settle_time - self._margin

        async def watched(request: OrderRequest) -> PlaceOutcome:
            latest = self._clock.monotonic() + allowed.total_seconds()
            self._travelling[request.client_id] = Travelling(account, request, latest)
            outcome = await place(request)
            del self._travelling[request.client_id]
            return outcome

        broker.place = watched  # type: ignore[method-assign]

    def _count(self, faults: Faults) -> None:
        of_call, of_event, tally = faults.of_call, faults.of_event, self._tally

        def counted_call(call: Call) -> Trouble:
            trouble = of_call(call)
            if trouble.fault is not None:
                tally.met(trouble.fault)
            if trouble.delay_s:
                tally.note(Happening.LATE)
            return trouble

        def counted_event(*, is_fill: bool) -> Fault | None:
            fault = of_event(is_fill=is_fill)
            if fault is not None:
                tally.met(fault)
            return fault

        faults.of_call = counted_call  # type: ignore[method-assign]
        faults.of_event = counted_event  # type: ignore[method-assign]


async def arrive(brokers: Mapping[AccountName, Broker], order: Travelling) -> bool:
    """Let an order reach its exchange, past the daemon that no longer waits for its answer."""
    broker = brokers.get(order.account)
    if not isinstance(broker, PaperBroker):
        return False
    try:
        await broker.exchange.place(order.request)
    except (BrokerError, NotStoredError, FateUnknownError):
        return False
    return True
