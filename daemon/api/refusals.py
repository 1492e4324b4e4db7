"""Who is turned away, counted, and told to the log no faster than it can be read."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapters.clock import Clock
    from daemon.api.errors import Refused

LINES_A_SECOND = 10
PLACES_SHOWN = 5

log = logging.getLogger(__name__)


class RefusalLog:
    """Writes one line for each refused request, at most ten a second; the rest is counted.

    A line holds the code, the address and the places of the faults: never a value of the request,
    since anything in it may be a token.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._second = -1
        self._lines = 0
        self._silent = 0

    def refused(self, what: str, address: str, refusal: Refused) -> None:
        """Log a refusal."""
        second = int(self._clock.monotonic())
        if second != self._second:
            if self._silent:
                log.warning("%d more requests were refused", self._silent)
            self._second, self._lines, self._silent = second, 0, 0
        self._lines += 1
        if self._lines > LINES_A_SECOND:
            self._silent += 1
            return
        places = [problem.path for problem in refusal.problems[:PLACES_SHOWN]]
        log.warning(
            "%s from %s refused: %d %s%s",
            what,
            address,
            refusal.status.value,
            refusal.code.value,
            f" ({', '.join(places)})" if places else "",
        )
