"""What a strategy's requests wait for: prices, and the cancels of the same strategy.

A strategy has one lane. Orders that arrive while it cancels wait there, in order of arrival, and
are worked when the cancels are confirmed or their time is over. Other strategies are not held up.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import insort
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from adapters.sqlite.errors import StorageError
from algorithms.domain import StrategyName
from daemon.execution.requests import CancelsConfirmed
from daemon.signals import RequestSettled, RequestWorked
from daemon.storage.rows import from_us

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from daemon.execution.backlog import Backlog
    from daemon.execution.requests import Requests
    from daemon.signals import SignalBus
    from daemon.storage.store import Store

MOST_AT_ONCE = 64
STORAGE_RETRY_S = 1.0
LOOK_AGAIN_S = 1.0
CONNECTED_WITHIN_S = 10.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Lane:
    """One strategy's requests that wait, and the cancels they wait for."""

    waiting: list[str] = field(default_factory=list)
    """Ids, which sort by arrival."""
    cancelling: set[str] = field(default_factory=set)
    cancels_seen: int = 0
    starting: bool = False
    """The brokers are being connected; what the last process left waits for them."""
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    working: bool = False

    def leave(self, request_id: str) -> None:
        """Let a request go; what arrives from here on need not wait for it."""
        with suppress(ValueError):  # it has gone already
            self.waiting.remove(request_id)


class Lanes:
    """The lanes of all strategies."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        tasks: TaskSupervisor,
        bus: SignalBus,
        requests: Requests,
        backlog: Backlog,
    ) -> None:
        self._store = store
        self._clock = clock
        self._tasks = tasks
        self._requests = requests
        self._backlog = backlog
        self._lanes: dict[StrategyName, _Lane] = {}
        self._cancelling: dict[str, StrategyName] = {}
        bus.subscribe(RequestSettled, self._settled)
        bus.subscribe(CancelsConfirmed, self._settled)
        bus.subscribe(RequestWorked, self._worked)

    def __len__(self) -> int:
        """Count the requests that wait or cancel."""
        return len(self._cancelling) + sum(len(lane.waiting) for lane in self._lanes.values())

    def waiting(self, strategy: StrategyName) -> int:
        """Count the strategy's requests that wait for their turn."""
        lane = self._lanes.get(strategy)
        return 0 if lane is None else len(lane.waiting)

    def is_clear(self, strategy: StrategyName) -> bool:
        """Whether an order of the strategy has nothing to wait for but its price."""
        lane = self._lanes.get(strategy)
        return lane is None or not (lane.waiting or lane.cancelling)

    def cancels_seen(self, strategy: StrategyName) -> int:
        """Count the cancels there have been, to notice one that comes between."""
        lane = self._lanes.get(strategy)
        return 0 if lane is None else lane.cancels_seen

    def begin_cancelling(self, strategy: StrategyName, request_id: str) -> None:
        """Hold up what arrives from here on."""
        lane = self._lane(strategy)
        lane.cancelling.add(request_id)
        lane.cancels_seen += 1
        self._cancelling[request_id] = strategy

    def cancels_over(self, request_id: str) -> None:
        """Let go on what waited for this request's cancels."""
        strategy = self._cancelling.pop(request_id, None)
        if strategy is not None:
            lane = self._lanes[strategy]
            lane.cancelling.discard(request_id)
            lane.moved.set()

    def watch_deadline(self, request_id: str, deadline: datetime) -> None:
        """Report at the deadline what is not cancelled by then."""
        self._tasks.spawn(
            self._at_deadline(request_id, deadline), name=f"cancel deadline {request_id}"
        )

    def enqueue(self, strategy: StrategyName, request_id: str) -> None:
        """Have a stored request worked when its turn has come."""
        lane = self._lane(strategy)
        insort(lane.waiting, request_id)
        if not lane.working:
            lane.working = True
            self._tasks.spawn(self._work(strategy, lane), name=f"lane {strategy}")

    async def recover(self, connected: Callable[[], Awaitable[None]]) -> None:
        """Take up the requests that the last process left without an answer.

        Their orders are placed once ``connected`` has returned: a broker that is only being
        connected would seem to refuse them.
        """
        rows = await self._store.read(lambda view: view.fetch("unfinished_requests"))
        for row in rows:
            strategy = StrategyName(row["strategy"])
            if row["cancels"]:
                self.begin_cancelling(strategy, row["id"])
                self.watch_deadline(row["id"], from_us(row["deadline"]))
            if row["unworked"]:
                self._lane(strategy).starting = True
                self.enqueue(strategy, row["id"])
        self._tasks.spawn(self._start(connected), name="lanes start")
        now = self._clock.now()
        for begin in range(0, len(rows), MOST_AT_ONCE):
            await asyncio.gather(
                *(
                    self._store.write(partial(self._requests.settle, request_id=row["id"], now=now))
                    for row in rows[begin : begin + MOST_AT_ONCE]
                )
            )

    async def _start(self, connected: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(CONNECTED_WITHIN_S):
                await connected()
        except TimeoutError:
            log.warning("some brokers are slow; what was left over is worked without them")
        for lane in self._lanes.values():
            lane.starting = False
            lane.moved.set()

    async def _work(self, strategy: StrategyName, lane: _Lane) -> None:
        """Work a strategy's waiting requests in their order, when no cancel is under way."""
        try:
            while lane.waiting:
                while lane.cancelling or lane.starting:
                    lane.moved.clear()
                    await lane.moved.wait()
                batch = lane.waiting[:MOST_AT_ONCE]
                try:
                    await self._backlog.work(strategy, batch)
                except StorageError as error:
                    log.warning("strategy %s: requests wait for the database: %s", strategy, error)
                    await self._clock.sleep(STORAGE_RETRY_S)
                    continue
                for request_id in batch:
                    lane.leave(request_id)
        finally:
            lane.working = False

    async def _at_deadline(self, request_id: str, deadline: datetime) -> None:
        """Let a request's cancels have their time; then whatever is left is reported."""
        # Not by the time of day: that may be set meanwhile.
        end = self._clock.monotonic() + (deadline - self._clock.now()).total_seconds()
        while request_id in self._cancelling:
            left = end - self._clock.monotonic()
            if left > 0:
                await self._clock.sleep(min(left, LOOK_AGAIN_S))
                continue
            now = max(self._clock.now(), deadline)
            try:
                await self._store.write(
                    partial(self._requests.settle, request_id=request_id, now=now)
                )
            except StorageError as error:
                log.warning("request %s waits for the database: %s", request_id, error)
                await self._clock.sleep(STORAGE_RETRY_S)
            else:
                self.cancels_over(request_id)

    def _settled(self, signal: RequestSettled | CancelsConfirmed) -> None:
        self.cancels_over(signal.request_id)

    def _worked(self, signal: RequestWorked) -> None:
        """Let a request go before it is answered: bots send again at once when they are."""
        self._lane(signal.strategy).leave(signal.request_id)

    def _lane(self, strategy: StrategyName) -> _Lane:
        lane = self._lanes.get(strategy)
        if lane is None:
            lane = self._lanes[strategy] = _Lane()
        return lane
