"""One key's turn to ask: requests leave one by one, evenly spaced, the urgent ones first.

How KIS counts its requests a second is not known, so none leaves sooner than a fixed time after
the one before. New customers are said to be allowed fewer, and orders fewer than questions: a key
that is turned away again and again goes slower, until that has ended. Cancels pass everything that
waits. The others go by when they came and how long they can wait, so that a stream of orders
delays a price and never shuts it out.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count
from typing import TYPE_CHECKING

from adapters.limits import OverBudgetError

if TYPE_CHECKING:
    from adapters.clock import Clock

MOST_WAITING = 2_000
AGAIN_S = 10.0
"""A refusal so soon after another one is no accident: the requests come too fast."""
CALM_S = 30.0
"""After so long without one they go faster again, step by step."""
STEP = 2.0
JUST_S = 1e-6
"""A timer may fire so much early; it is then time."""


class Rank(IntEnum):
    """What a request is for; a cancel goes before anything else."""

    CANCEL = 0
    ORDER = 1
    FIND = 2
    ASK = 3


PATIENCE_S = {Rank.CANCEL: 0.0, Rank.ORDER: 0.0, Rank.FIND: 1.0, Rank.ASK: 2.0}
"""How much later each may go than an order that came at the same time."""
LEAVE_S = {Rank.CANCEL: 6.0, Rank.ORDER: 4.0, Rank.FIND: 6.0, Rank.ASK: 12.0}
"""How long a request waits for its turn before it is given up, surely not sent."""


@dataclass(slots=True, eq=False)
class _Waiting:
    order: tuple[int, float, int]
    turn: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Pace:
    """Lets the requests of one key leave.

    ``spacing_s``: between two of them; up to ``slowest_s`` when KIS turns them away.
    """

    def __init__(self, clock: Clock, spacing_s: float, slowest_s: float | None = None) -> None:
        self._clock = clock
        self._usual_s = spacing_s
        self._slowest_s = spacing_s if slowest_s is None else slowest_s
        self._spacing_s = spacing_s
        self._refused_at: float | None = None
        self._changed_at = 0.0
        self._next_at = 0.0
        self._waiting: list[_Waiting] = []
        self._timer: asyncio.TimerHandle | None = None
        self._serial = count()

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return len(self._waiting)

    @property
    def spacing_s(self) -> float:
        """How far apart requests leave at present."""
        return self._spacing_s

    def refused(self, wait_s: float) -> None:
        """Hear that KIS had too many: be silent for so long, and slower if that repeats."""
        now = self._clock.monotonic()
        if self._refused_at is not None and now - self._refused_at < AGAIN_S:
            self._spacing_s = min(STEP * self._spacing_s, self._slowest_s)
        self._refused_at = self._changed_at = now
        self.close_for(wait_s)

    def _recover(self, now: float) -> None:
        if self._spacing_s > self._usual_s and now - self._changed_at >= CALM_S:
            self._spacing_s = max(self._spacing_s / STEP, self._usual_s)
            self._changed_at = now

    def close_for(self, seconds: float) -> None:
        """Let nothing leave for so long; a shorter silence never cuts a longer one."""
        self._next_at = max(self._next_at, self._clock.monotonic() + seconds)
        self._pump()

    async def enter(self, rank: Rank, within_s: float | None = None) -> None:
        """Wait for a turn, at most ``within_s``; raise OverBudgetError if it does not come."""
        if len(self._waiting) >= MOST_WAITING:
            raise OverBudgetError(len(self._waiting) * self._spacing_s)
        now = self._clock.monotonic()
        last = int(rank is not Rank.CANCEL)
        one = _Waiting((last, now + PATIENCE_S[rank], next(self._serial)))
        self._waiting.append(one)
        self._pump()
        try:
            async with asyncio.timeout(LEAVE_S[rank] if within_s is None else within_s):
                await one.turn
        except TimeoutError:
            if one.turn.done() and not one.turn.cancelled():
                return
            raise OverBudgetError(self._spacing_s * (1 + len(self._waiting))) from None
        finally:
            with suppress(ValueError):
                self._waiting.remove(one)

    def _pump(self) -> None:
        """Let the next one leave if it is time, and come back when it will be."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._waiting:
            now = self._clock.monotonic()
            if now + JUST_S < self._next_at:
                loop = asyncio.get_running_loop()
                self._timer = loop.call_later(self._next_at - now, self._pump)
                return
            first = min(self._waiting, key=lambda one: one.order)
            self._waiting.remove(first)
            if not first.turn.done():
                self._recover(now)
                self._next_at = now + self._spacing_s
                first.turn.set_result(None)
