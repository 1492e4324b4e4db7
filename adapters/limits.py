"""How much a venue lets us ask: budgets for each window, and a gate where requests queue for them.

Venues count in windows aligned to the calendar (a minute, ten seconds) and end a caller who goes
on asking. A gate spends no more than was told, keeps a share that only cancels may take, lets
cancels pass everything that queues, and is silent for as long as the venue asks.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from adapters.clock import Clock

Charges = tuple[tuple["Budget", int], ...]
"""What a request costs of which budget."""
MOST_WAITING = 20_000
PERCENT = 100
SHORTEST_PAUSE_S = 0.001


class Urgency(IntEnum):
    """Who goes first; a lower number passes a higher one."""

    CANCEL = 0
    PLACE = 1
    ASK = 2


MAY_USE_PERCENT = {Urgency.CANCEL: 100, Urgency.PLACE: 80, Urgency.ASK: 60}
"""The part of a budget that is open to each; the rest is kept for who is more urgent."""


class OverBudgetError(Exception):
    """There is no room within the time given; nothing was sent. ``retry_after_s`` says when."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"over the venue's budget for another {retry_after_s:.1f} s")
        self.retry_after_s = retry_after_s


class Budget:
    """So many units in each window of ``window_s`` seconds, counted from the epoch.

    What is under way when a window ends counts in the next one too: the venue may count it in
    either.
    """

    def __init__(self, name: str, limit: int, window_s: int) -> None:
        self.name = name
        self.limit = limit
        self.window_s = window_s
        self.used = 0
        self._under_way = 0
        self._window = 0

    def roll(self, now: datetime) -> None:
        """Begin the window that ``now`` (the venue's time) belongs to."""
        window = int(now.timestamp()) // self.window_s
        if window != self._window:
            self._window = window
            self.used = self._under_way

    def has_room(self, cost: int, urgency: Urgency) -> bool:
        """Whether ``cost`` fits. A cost beyond the whole share goes when nothing else has."""
        most = self.limit * MAY_USE_PERCENT[urgency] // PERCENT
        return self.used + cost <= most or (not self.used and cost <= self.limit)

    def window_ends_in(self, now: datetime) -> float:
        """Seconds until the window of ``now`` ends."""
        return self.window_s - now.timestamp() % self.window_s

    def spend(self, cost: int) -> int:
        """Take units; return the window they were taken in."""
        self.used += cost
        self._under_way += cost
        return self._window

    def settle(self, cost: int, window: int, told: int | None) -> None:
        """Take in an answer, and how much the venue says was used in the request's window."""
        self._under_way -= cost
        if told is not None and window == self._window:
            self.used = max(self.used, told)

    def exhaust(self) -> None:
        """Believe the venue that the window is used up."""
        self.used = max(self.used, self.limit)


@dataclass(slots=True, eq=False)
class Permit:
    """Leave to send one request; ``release`` it when its answer is there, or none will come."""

    gate: Gate
    spent: tuple[tuple[Budget, int, int], ...]

    def release(self, told: Mapping[str, int] | None = None) -> None:
        """End the request. ``told``: units used so far, by the name of the budget."""
        spent, self.spent = self.spent, ()
        for budget, cost, window in spent:
            budget.settle(cost, window, None if told is None else told.get(budget.name))


@dataclass(slots=True, eq=False)
class _Waiting:
    """A request at the gate. ``lacking``: the budgets that have no room for it."""

    urgency: Urgency
    charges: Charges
    admitted: asyncio.Future[Permit]
    lacking: tuple[Budget, ...]


class Gate:
    """Where every request to one venue from this machine passes.

    ``now`` is the venue's own time, because the windows are the venue's. ``on_silence`` hears for
    how many seconds the gate is closed, whenever it is.
    """

    def __init__(
        self,
        clock: Clock,
        now: Callable[[], datetime],
        *,
        on_silence: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._now = now
        self._on_silence = on_silence
        self._closed_until = 0.0
        self._waiting: dict[Urgency, dict[_Waiting, None]] = {each: {} for each in Urgency}
        """Who waits, by urgency and then by arrival."""
        self._wanted: Counter[tuple[Budget, Urgency]] = Counter()
        """How many wait for room in a budget."""
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return sum(len(queue) for queue in self._waiting.values())

    @property
    def closed_for_s(self) -> float:
        """For how long no request may leave, cancels included."""
        return max(0.0, self._closed_until - self._clock.monotonic())

    def close_for(self, seconds: float) -> None:
        """Let nothing through for so long; a shorter silence never cuts a longer one."""
        self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)
        self._on_silence(self.closed_for_s)

    async def enter(
        self, charges: Iterable[tuple[Budget, int]], urgency: Urgency, within_s: float
    ) -> Permit:
        """Wait for room in every budget, at most ``within_s``; raise OverBudgetError if none."""
        wanted = tuple((budget, cost) for budget, cost in charges if cost)
        if self.closed_for_s > within_s:
            raise OverBudgetError(self.closed_for_s)
        if self.waiting >= MOST_WAITING:
            raise OverBudgetError(self._pause(wanted))
        lacking = self._lacking(wanted, urgency)
        if not lacking and not self.closed_for_s:
            return self._permit(wanted)
        one = _Waiting(urgency, wanted, asyncio.get_running_loop().create_future(), lacking)
        self._waiting[urgency][one] = None
        self._wanted.update((budget, urgency) for budget in lacking)
        self._look_again_in(self._pause(wanted))
        try:
            async with asyncio.timeout(within_s):
                return await one.admitted
        except TimeoutError:
            if _was_admitted(one):
                return one.admitted.result()
            raise OverBudgetError(self._pause(wanted)) from None
        except asyncio.CancelledError:
            if _was_admitted(one):
                one.admitted.result().release()
            raise
        finally:
            if self._waiting[urgency].pop(one, one) is None:
                self._wanted.subtract((budget, urgency) for budget in one.lacking)

    def _lacking(self, wanted: Charges, urgency: Urgency) -> tuple[Budget, ...]:
        """Return the budgets that have no room, or that somebody waits for who goes before.

        Found without going through those who wait: they may be thousands.
        """
        if self.closed_for_s:
            return tuple(budget for budget, _ in wanted)
        now = self._now()
        for budget, _ in wanted:
            budget.roll(now)
        return tuple(
            budget
            for budget, cost in wanted
            if not budget.has_room(cost, urgency)
            or any(self._wanted[budget, each] for each in Urgency if each <= urgency)
        )

    def _permit(self, charges: Charges) -> Permit:
        return Permit(self, tuple((budget, cost, budget.spend(cost)) for budget, cost in charges))

    def _pump(self) -> None:
        """Admit, in order of urgency and then of arrival, whatever fits now."""
        self._timer = None
        if not self.closed_for_s:
            now, full = self._now(), set[Budget]()
            for queue in self._waiting.values():
                for one in [one for one in queue if self._admit(one, now, full)]:
                    del queue[one]
            self._wanted = Counter(
                (budget, one.urgency)
                for queue in self._waiting.values()
                for one in queue
                for budget in one.lacking
            )
        left = [one for queue in self._waiting.values() for one in queue]
        if left:
            self._look_again_in(min(self._pause(one.charges) for one in left))

    def _admit(self, one: _Waiting, now: datetime, full: set[Budget]) -> bool:
        """Let one through. Who finds a budget full keeps its later users waiting too."""
        if one.admitted.done():
            return True
        for budget, cost in one.charges:
            budget.roll(now)
            if not budget.has_room(cost, one.urgency):
                full.add(budget)
        one.lacking = tuple(budget for budget, _ in one.charges if budget in full)
        if one.lacking:
            return False
        one.admitted.set_result(self._permit(one.charges))
        return True

    def _look_again_in(self, seconds: float) -> None:
        """Look again when something that somebody waits for may have room."""
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._timer.when() <= loop.time() + seconds:
                return
            self._timer.cancel()
        self._timer = loop.call_later(seconds, self._pump)

    def _pause(self, charges: Iterable[tuple[Budget, int]]) -> float:
        """Seconds until a request with these charges may find room."""
        now = self._now()
        ends = [budget.window_ends_in(now) for budget, _ in charges]
        return max(self.closed_for_s or min(ends, default=0.0), SHORTEST_PAUSE_S)


def _was_admitted(one: _Waiting) -> bool:
    return one.admitted.done() and not one.admitted.cancelled()
