"""When orders left: "no such order" proves nothing as long as one may still be on its way."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.broker import SentOrder
    from adapters.clock import Clock
    from algorithms.domain import ChildId

MOST_REMEMBERED = 10_000


class Departures:
    """Remembers the newest of them; of any other an order's own time has to do."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at: OrderedDict[ChildId, datetime] = OrderedDict()

    def note(self, client_id: ChildId) -> None:
        """Note that an order's request has left by now, if it ever does."""
        self._at[client_id] = self._clock.now()
        if len(self._at) > MOST_REMEMBERED:
            self._at.popitem(last=False)

    def of(self, sent: SentOrder) -> datetime:
        """Return from when on an order settles: it was stored first, and may have waited."""
        return max(sent.sent_at, self._at.get(sent.request.client_id, sent.sent_at))
