"""What the daemon does, counted and timed as it happens, for ``GET /metrics``.

Everything is heard from the signals of committed transactions, so nothing is counted that a full
disk or a kill took back, and nothing in the way of an order waits for a count.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from adapters.sqlite.errors import StorageError
from algorithms.domain import ChildState, FillSource
from daemon.api.metrics import OrderOutcome, Phase
from daemon.signals import (
    ChildMoved,
    Committed,
    FillBooked,
    NoticeRaised,
    OrderPlanned,
    PairCrossed,
)

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.clock import Clock
    from daemon.api.metrics import Metrics
    from daemon.signals import SignalBus
    from daemon.storage.store import Store
    from daemon.storage.tx import View

LOOK_EVERY_S = 15.0

_OUTCOMES = {
    ChildState.REJECTED: OrderOutcome.REFUSED,
    ChildState.UNKNOWN: OrderOutcome.UNKNOWN,
    ChildState.CANCELLED: OrderOutcome.CANCELLED,
}
_ANSWERED = (ChildState.OPEN, ChildState.PARTIALLY_FILLED, ChildState.FILLED)


class Measures:
    """Turns what happens into figures."""

    def __init__(self, bus: SignalBus, metrics: Metrics) -> None:
        self._metrics = metrics
        bus.subscribe(OrderPlanned, self._planned)
        bus.subscribe(ChildMoved, self._moved)
        bus.subscribe(FillBooked, self._booked)
        bus.subscribe(PairCrossed, self._crossed)
        bus.subscribe(Committed, self._committed)
        bus.subscribe(NoticeRaised, self._noticed)

    async def count_what_stands(self, store: Store, clock: Clock) -> None:
        """Look again and again how many orders have not ended, and what is halted."""
        while True:
            with suppress(StorageError):  # the database's own watch tells of it
                self._metrics.standing(**await store.read(_standing))
            await clock.sleep(LOOK_EVERY_S)

    def _planned(self, signal: OrderPlanned) -> None:
        self._time(Phase.DUE_TO_PLANNED, signal.due_at, signal.at)

    def _moved(self, signal: ChildMoved) -> None:
        before, child = signal
        outcome = _OUTCOMES.get(child.state)
        if child.state in _ANSWERED and before in {ChildState.SENDING, ChildState.UNKNOWN}:
            outcome = OrderOutcome.PLACED
            self._time(Phase.SENT_TO_ACKNOWLEDGED, child.sent_at, child.acknowledged_at)
        if outcome is not None and before is not ChildState.PLANNED:
            self._metrics.order(child.account, outcome)
        if child.state is ChildState.SENDING:
            self._time(Phase.STORED_TO_SENT, child.created_at, child.sent_at)
        elif child.state is ChildState.CANCELLED and child.acknowledged_at is not None:
            self._time(Phase.CANCEL_TO_CONFIRMED, child.cancel_requested_at, child.ended_at)

    def _time(self, phase: Phase, since: datetime | None, until: datetime | None) -> None:
        if since is not None and until is not None:
            self._metrics.phase(phase, max((until - since).total_seconds(), 0.0))

    def _booked(self, signal: FillBooked) -> None:
        self._metrics.fill(signal.account, signal.source.value)
        if signal.source is FillSource.BROKER:
            self._time(Phase.FILLED_TO_BOOKED, signal.at, signal.booked_at)

    def _crossed(self, signal: PairCrossed) -> None:
        self._metrics.netting(
            signal.account,
            pairs=1,
            value=signal.value,
            commission=signal.commission_saved,
            broker_orders=signal.broker_orders_saved,
        )
        if signal.waited is not None:
            self._metrics.phase(Phase.STORED_TO_CROSSED, max(signal.waited.total_seconds(), 0.0))

    def _noticed(self, signal: NoticeRaised) -> None:
        self._metrics.noticed(signal.level)

    def _committed(self, signal: Committed) -> None:
        self._metrics.commit(signal.writes)


def _standing(view: View) -> dict[str, int]:
    row = view.fetch_one("open_order_counts")
    assert row is not None  # it counts
    return dict(row)
