"""How portfolios stand, for pages: asked of the broker now and then, not at every look."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from daemon.api.errors import Refused
from daemon.signals import RebalanceMoved, StandingChanged

if TYPE_CHECKING:
    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from daemon.rebalancing.desk import RebalanceDesk, Standing
    from daemon.signals import SignalBus

KEPT_S = 30.0
"""Prices of a portfolio take a slow broker some seconds; people look at weights, not at ticks."""
WAIT_S = 0.5
"""How long one who looks waits for an answer that is all new; it comes all the same."""
NEVER = float("-inf")


class Standings:
    """Keeps the last standing of each account."""

    def __init__(
        self, desk: RebalanceDesk, bus: SignalBus, tasks: TaskSupervisor, clock: Clock
    ) -> None:
        self._desk = desk
        self._bus = bus
        self._tasks = tasks
        self._clock = clock
        self._known: dict[str, tuple[float, Standing | Refused]] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}
        bus.subscribe(RebalanceMoved, lambda _: self.renew())

    async def of(self, account: str) -> Standing | Refused | None:
        """Return how a portfolio stood a short while ago, or why nobody knows; None: not yet."""
        known = self._known.get(account)
        if known is None or self._clock.monotonic() - known[0] > KEPT_S:
            asking = self._asking.get(account)
            if asking is None:
                asking = self._tasks.spawn(self._ask(account), name=f"standing of {account}")
                self._asking[account] = asking
            if known is None or known[0] == NEVER:
                await asyncio.wait({asking}, timeout=WAIT_S)
        found = self._known.get(account)
        return None if found is None else found[1]

    def renew(self) -> None:
        """Ask anew at the next look: targets or thresholds have changed, or a run has moved.

        What is being asked now may have begun before that, and is not waited for. Whoever has
        looked already, between what was stored and this, is told to look again.
        """
        self._known = {account: (NEVER, found) for account, (_, found) in self._known.items()}
        self._asking.clear()
        self._bus.deliver([StandingChanged(account) for account in self._known])

    async def _ask(self, account: str) -> None:
        asking = asyncio.current_task()
        try:
            found: Standing | Refused = await self._desk.standing(account)
        except Refused as refused:
            found = refused
        finally:
            is_newest = self._asking.get(account) is asking
            if is_newest:
                del self._asking[account]
        if is_newest:
            self._known[account] = (self._clock.monotonic(), found)
            self._bus.deliver([StandingChanged(account)])
