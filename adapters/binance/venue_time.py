"""The venue's clock: ours and an offset, taken from the quickest of a few questions.

A request is refused when its time is a second ahead of the venue's or older than ``recvWindow``.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.clock import Clock

MOST_SAMPLES = 8
FRESH_S = 900.0
"""A sample counts this long; clocks drift."""


class VenueTime:
    """Tells the venue's time, to about half a round trip."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._samples: deque[tuple[float, float, timedelta]] = deque(maxlen=MOST_SAMPLES)
        self._offset = timedelta()

    def now(self) -> datetime:
        return self._clock.now() + self._offset

    def learn(self, theirs: datetime, *, asked_at: datetime, round_trip_s: float) -> None:
        """Take in an answer: the venue read its clock about half-way of the round trip."""
        offset = theirs - asked_at - timedelta(seconds=round_trip_s / 2)
        now = self._clock.monotonic()
        self._samples.append((round_trip_s, now, offset))
        recent = [sample for sample in self._samples if now - sample[1] <= FRESH_S]
        self._offset = min(recent, key=lambda sample: sample[0])[2]

    def forget(self) -> None:
        """Drop what was measured before: a clock has been set, ours or theirs."""
        self._samples.clear()
