"""One account at work: nets, plans, sends, cancels and resolves what the database says is due.

The account is the unit of ownership: one worker plans for it, and its network calls run beside
the worker under the account's own limits, so that a slow broker delays nobody else. What to do is
always read from the database, so a restart goes on exactly where the last process stood.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from adapters.broker import BrokerError
from adapters.clock import wait_until
from algorithms.domain import ChildState, OrderType, Side
from daemon.storage.rows import child_from_row, time_or_none, to_us

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from datetime import datetime
    from decimal import Decimal

    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from algorithms.domain import AccountName, ChildId, ChildOrder, ParentOrder, Symbol
    from algorithms.instruments import Instrument
    from daemon.execution.evidence import Evidence
    from daemon.execution.netter import Netter
    from daemon.execution.persistence import Persistence
    from daemon.execution.sender import Sender
    from daemon.execution.settler import Settler
    from daemon.execution.slicer import Slicer
    from daemon.market import Market
    from daemon.signals import OrderTaken, WorkArrived
    from daemon.storage.tx import View

PAUSE_BETWEEN_ROUNDS_S = 0.005
"""A burst of orders is worked together; a single one is worked at once."""
PAUSE_AFTER_FAILURE_S = 1.0
MOST_PLANNED_AT_ONCE = 256
LOOK_AGAIN = timedelta(seconds=5)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Due:
    """What the database says about an account at one moment."""

    parents: list[ParentOrder]
    children: list[ChildOrder]
    next_at: datetime | None


class AccountWorker:
    """Works one account until cancelled."""

    def __init__(
        self,
        *,
        account: AccountName,
        clock: Clock,
        tasks: TaskSupervisor,
        persistence: Persistence,
        market: Market,
        netter: Netter,
        slicer: Slicer,
        sender: Sender,
        settler: Settler,
        evidence: Evidence,
        one_by_one: bool,
    ) -> None:
        self.account = account
        self._clock = clock
        self._tasks = tasks
        self._persistence = persistence
        self._market = market
        self._netter = netter
        self._slicer = slicer
        self._sender = sender
        self._settler = settler
        self._evidence = evidence
        self._one_by_one = one_by_one
        self._wake = asyncio.Event()
        self._dirty: set[Symbol] = set()
        self._in_hand: dict[ChildId, asyncio.Task[None]] = {}
        self._stopping = False
        self._sides: dict[Symbol, set[Side]] = {}
        """On which sides a symbol may have live orders that net; never too few."""
        self._next_at: datetime | None = None
        self._failures: list[str] = []
        self.problem: str | None = None
        """Why the last round failed; None when it did not."""

    @property
    def in_hand(self) -> int:
        """Orders that a network call is about right now."""
        return len(self._in_hand)

    def arrived(self, signal: WorkArrived) -> None:
        """Hear that there is something to do."""
        if signal.account == self.account:
            self._dirty.add(signal.symbol)
            self._wake.set()

    def taken(self, signal: OrderTaken) -> None:
        """Hear of a new order. One that nothing opposes waits for its time without a look."""
        if signal.account != self.account:
            return
        sides = self._sides.setdefault(signal.symbol, set())
        sides.add(signal.side)
        if len(sides) > 1 or signal.due_at <= self._clock.now():
            self._dirty.add(signal.symbol)
            self._wake.set()
        elif self._next_at is None or signal.due_at < self._next_at:
            self._wake.set()

    def wake(self) -> None:
        """Look again at what is due; for changes that belong to no symbol, such as a resume."""
        self._wake.set()

    async def recover(self) -> None:
        """Make sure of what the last process left: sent without an answer means unknown."""

        def left(view: View) -> list[ChildOrder]:
            rows = view.fetch("live_children_of_account", account=self.account)
            return [child_from_row(row) for row in rows]

        now = self._clock.now()
        for child in await self._persistence.read(left):
            self._dirty.add(child.symbol)
            if child.state is ChildState.SENDING:
                await self._persistence.write(
                    partial(
                        self._evidence.unanswered,
                        child_id=child.id,
                        reason="the daemon stopped before the answer",
                        now=now,
                    )
                )
        for row in await self._persistence.read(
            lambda view: view.fetch("live_symbols", account=self.account)
        ):
            self._sides.setdefault(row["symbol"], set()).add(Side(row["side"]))
            self._dirty.add(row["symbol"])
        self._wake.set()

    async def run(self) -> None:
        """Work rounds for ever: at once when something arrives, else when something is due."""
        while True:
            await wait_until(self._clock, self._wake, self._next_at)
            self._wake.clear()
            try:
                await self._round()
                self.problem = self._failures[0] if self._failures else None
                await self._clock.sleep(PAUSE_BETWEEN_ROUNDS_S)
            except Exception as error:
                # One failing round must not end the account's work; readiness reports it.
                log.exception("account %s: a round of work failed", self.account)
                self.problem = f"{type(error).__name__}: {error}"
                self._wake.set()
                await self._clock.sleep(PAUSE_AFTER_FAILURE_S)

    async def settle_in_hand(self, timeout_s: float) -> None:
        """Wait for the network calls under way; what is left is resolved after the next start."""
        if self._in_hand:
            await asyncio.wait(self._in_hand.values(), timeout=timeout_s)

    async def _round(self) -> None:
        dirty, self._dirty = self._dirty, set()
        self._failures = []
        try:
            due = await self._persistence.read(self._due)
            for child in due.children:
                # Cancels and unknown orders do not wait for prices that planning may need.
                if child.state is not ChildState.PLANNED:
                    self._take_up(child)
            for parent in due.parents:
                if parent.nets:
                    self._sides.setdefault(parent.symbol, set()).add(parent.side)
            for symbol in sorted(dirty | {parent.symbol for parent in due.parents}):
                await self._guarded(self._net(symbol))
            await self._plan(due.parents)
            due = await self._persistence.read(self._due)
        except BaseException:
            self._dirty |= dirty
            raise
        for child in due.children:
            self._take_up(child)
        self._next_at = due.next_at
        if due.parents:
            # Held up by a halt, an unknown order or a silent broker: look again before long.
            again = self._clock.now() + LOOK_AGAIN
            self._next_at = again if due.next_at is None else min(due.next_at, again)

    async def _guarded(self, work: Coroutine[object, object, None]) -> None:
        """Do one piece of a round; its failure is kept and shown, and the other pieces go on."""
        try:
            await work
        except Exception as error:
            log.exception("account %s: a part of a round failed", self.account)
            self._failures.append(f"{type(error).__name__}: {error}")

    def _due(self, view: View) -> _Due:
        now = self._clock.now()
        us = to_us(now)
        parents = self._slicer.due(view, self.account, now)
        rows = view.fetch(
            "children_to_work", account=self.account, now=us, one_by_one=int(self._one_by_one)
        )
        times = [
            time_or_none(row["at"])
            for query in ("next_due", "next_cancel")
            if (row := view.fetch_one(query, account=self.account, now=us)) is not None
        ]
        return _Due(
            parents,
            [child_from_row(row) for row in rows],
            min((at for at in times if at is not None), default=None),
        )

    async def _net(self, symbol: Symbol) -> None:
        """Cross what opposes in one symbol; the usual case, one side only, costs nothing."""
        if len(self._sides.get(symbol, ())) < len(Side):
            return

        def present(view: View) -> set[Side]:
            return {
                side
                for side in Side
                if view.fetch_one(
                    "any_live_side", account=self.account, symbol=symbol, side=side.value
                )
            }

        # A side that arrives while we look is added to the new set and so not forgotten.
        self._sides[symbol] = set()
        found = await self._persistence.read(present)
        self._sides[symbol] |= found
        if found == set(Side):
            await self._netter.run(self.account, symbol)

    async def _plan(self, parents: list[ParentOrder]) -> None:
        for start in range(0, len(parents), MOST_PLANNED_AT_ONCE):
            chunk = parents[start : start + MOST_PLANNED_AT_ONCE]
            await asyncio.gather(*(self._guarded(self._plan_one(parent)) for parent in chunk))

    async def _plan_one(self, parent: ParentOrder) -> None:
        price: Decimal | None = None
        instrument: Instrument | None
        try:
            instrument = await self._market.instrument(self.account, parent.symbol)
            if parent.order_type is OrderType.TWAP:
                price = (await self._market.quote(self.account, parent.symbol)).last
        except BrokerError as error:
            log.warning("account %s: no price of %s: %s", self.account, parent.symbol, error)
            instrument = self._market.known_instrument(self.account, parent.symbol)
        now = self._clock.now()
        await self._persistence.write(
            lambda tx: self._slicer.plan(tx, parent, instrument, price, now)
        )

    def stop(self) -> None:
        """Take up nothing more."""
        self._stopping = True
        self._sender.stop()

    def _take_up(self, child: ChildOrder) -> None:
        if child.id in self._in_hand or self._stopping:
            return
        work = self._work_for(child)
        if work is None:
            return
        task = self._tasks.spawn(self._carried_out(child, work), name=f"order {child.id}")
        self._in_hand[child.id] = task
        task.add_done_callback(lambda _: self._put_down(child.id))

    def _work_for(self, child: ChildOrder) -> Coroutine[object, object, None] | None:
        match child.state:
            case ChildState.PLANNED:
                return self._send(child)
            case ChildState.UNKNOWN:
                return self._settler.resolve(child)
            case ChildState.OPEN | ChildState.PARTIALLY_FILLED | ChildState.CANCELLING:
                return self._settler.cancel(child.id)
            case ChildState.SENDING:
                # Whoever sent it broke off: nothing is known of it.
                return self._interrupted(child)
            case _:
                return None

    async def _send(self, child: ChildOrder) -> None:
        result = await self._sender.send(child)
        if result.look:
            await self._settler.look(child)

    async def _interrupted(self, child: ChildOrder) -> None:
        await self._persistence.write(
            partial(
                self._evidence.unanswered,
                child_id=child.id,
                reason="its sending was interrupted",
                now=self._clock.now(),
            )
        )

    async def _carried_out(self, child: ChildOrder, work: Coroutine[object, object, None]) -> None:
        """Do the work; a mistake of ours leaves the order as it is, to be taken up again."""
        try:
            await work
        except Exception:
            log.exception("account %s: work on order %s failed", self.account, child.id)
            await self._clock.sleep(PAUSE_AFTER_FAILURE_S)

    def _put_down(self, child_id: ChildId) -> None:
        self._in_hand.pop(child_id, None)
        self._wake.set()
