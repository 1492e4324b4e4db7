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
from algorithms.domain import ChildState, Side
from daemon.execution.slicer import PLANNED_TOGETHER, SliceTerms
from daemon.storage.rows import child_from_row, time_or_none, to_us

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from algorithms.domain import AccountName, ChildId, ChildOrder, ParentId, Symbol
    from daemon.execution.evidence import Evidence
    from daemon.execution.netter import Netter
    from daemon.execution.persistence import Persistence
    from daemon.execution.sender import Sender
    from daemon.execution.settler import Settler
    from daemon.execution.slicer import DueOrder, Slicer
    from daemon.market import Market
    from daemon.signals import OrderTaken, WorkArrived
    from daemon.storage.tx import Tx, View

PAUSE_BETWEEN_ROUNDS_S = 0.005
"""A burst of orders is worked together; a single one is worked at once."""
PAUSE_AFTER_FAILURE_S = 1.0
MOST_ASKED_AT_ONCE = 256
LOOK_AGAIN = timedelta(seconds=5)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Due:
    """Which orders of an account want planning now, and when the next one will."""

    parents: list[DueOrder]
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
        self._attention = asyncio.Event()
        self._next_cancel_at: datetime | None = None
        self._dirty: set[Symbol] = set()
        self._in_hand: dict[ChildId, asyncio.Task[None]] = {}
        self._stopping = False
        self._sides: dict[Symbol, set[Side]] = {}
        """On which sides a symbol may have live orders that net; never too few."""
        self._next_at: datetime | None = None
        self._failures: list[str] = []
        self._awaited: list[asyncio.Future[None]] = []
        """Who waits for the end of a round that has not begun yet."""
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
            self.wake()

    def taken(self, signal: OrderTaken) -> None:
        """Hear of a new order. One that nothing opposes waits for its time without a look."""
        if signal.account != self.account:
            return
        sides = self._sides.setdefault(signal.symbol, set())
        sides.add(signal.side)
        if len(sides) == 1 and self._next_at is not None and signal.due_at >= self._next_at:
            return  # the worker looks before that anyway
        if len(sides) > 1 or signal.due_at <= self._clock.now():
            self._dirty.add(signal.symbol)
            self._wake.set()
        else:
            self._wake.set()

    def wake(self) -> None:
        """Look again at what is due."""
        self._wake.set()
        self._attention.set()

    def wake_all(self) -> None:
        """Look again at every symbol: a resume may let orders meet that a halt kept apart."""
        self._dirty |= self._sides.keys()
        self.wake()

    def went_back(self, back: timedelta) -> None:
        """Wait for no longer than before, now that the clock was set back by so much."""
        self._sender.went_back(back)

    async def net_now(self, symbols: Iterable[Symbol]) -> None:
        """Have these symbols netted in the next round, and wait until that is over."""
        self._dirty |= set(symbols)
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._awaited.append(over)
        self._wake.set()
        await over

    async def recover(self) -> None:
        """Make sure of what the last process left: sent without an answer means unknown."""
        account, now, read = self.account, self._clock.now(), self._persistence.read
        sending = await read(lambda view: view.fetch("sending_children", account=account))

        def doubt(tx: Tx) -> None:
            for row in sending:
                reason = "the daemon stopped before the answer"
                self._evidence.unanswered(tx, row["id"], reason, now)

        if sending:
            await self._persistence.write(doubt)
        for row in await read(lambda view: view.fetch("live_child_symbols", account=account)):
            self._dirty.add(row["symbol"])
        for row in await read(lambda view: view.fetch("live_symbols", account=account)):
            self._sides.setdefault(row["symbol"], set()).add(Side(row["side"]))
            self._dirty.add(row["symbol"])
        self.wake()

    async def run(self) -> None:
        """Work rounds for ever: at once when something arrives, else when something is due.

        Orders that wait to be sent, cancelled or looked for are attended to beside the rounds: a
        cancel does not wait for a price that netting or planning has asked a slow broker for.
        """
        self._tasks.spawn(self._attend(), name=f"orders of {self.account}")
        while True:
            await wait_until(self._clock, self._wake, self._next_at)
            self._wake.clear()
            awaited, self._awaited = self._awaited, []
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
            finally:
                for over in awaited:
                    if not over.done():
                        over.set_result(None)

    async def _attend(self) -> None:
        while True:
            await wait_until(self._clock, self._attention, self._next_cancel_at)
            self._attention.clear()
            try:
                children, self._next_cancel_at = await self._persistence.read(self._to_work)
            except Exception:
                log.exception("account %s: its orders could not be read", self.account)
                self._attention.set()
                await self._clock.sleep(PAUSE_AFTER_FAILURE_S)
                continue
            held_until = self._sender.held_until
            if held_until is not None:
                self._next_cancel_at = min(self._next_cancel_at or held_until, held_until)
            for child in children:
                if held_until is None or child.state is not ChildState.PLANNED:
                    self._take_up(child)
            await self._clock.sleep(PAUSE_BETWEEN_ROUNDS_S)

    def _to_work(self, view: View) -> tuple[list[ChildOrder], datetime | None]:
        """Return the orders that somebody must act on now, and when the next one is cancelled."""
        now = to_us(self._clock.now())
        rows = view.fetch(
            "children_to_work", account=self.account, now=now, one_by_one=int(self._one_by_one)
        )
        row = view.fetch_one("next_cancel", account=self.account, now=now)
        next_cancel_at = None if row is None else time_or_none(row["at"])
        return [child_from_row(found) for found in rows], next_cancel_at

    async def settle_in_hand(self, timeout_s: float) -> None:
        """Wait for the network calls under way; what is left is resolved after the next start."""
        if self._in_hand:
            await asyncio.wait(self._in_hand.values(), timeout=timeout_s)

    async def _round(self) -> None:
        dirty, self._dirty = self._dirty, set()
        self._failures = []
        try:
            due = await self._persistence.read(self._due)
            for parent in due.parents:
                if parent.nets:
                    self._sides.setdefault(parent.symbol, set()).add(parent.side)
            for symbol in sorted(dirty | {parent.symbol for parent in due.parents}):
                await self._guarded(partial(self._net, symbol))
            if due.parents:
                await self._plan(due.parents)
                self._attention.set()
                due = await self._persistence.read(self._due)
        except BaseException:
            self._dirty |= dirty
            raise
        self._next_at = due.next_at
        if self._failures:
            self._dirty |= dirty
        if due.parents or self._failures:
            # Held up by a halt, an unknown order or a silent broker: look again before long.
            again = self._clock.now() + LOOK_AGAIN
            self._next_at = again if due.next_at is None else min(due.next_at, again)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do one piece of a round; its failure is kept and shown, and the other pieces go on."""
        try:
            await work()
        except Exception as error:
            log.exception("account %s: a part of a round failed", self.account)
            self._failures.append(f"{type(error).__name__}: {error}")

    def _due(self, view: View) -> _Due:
        now = self._clock.now()
        row = view.fetch_one("next_due", account=self.account, now=to_us(now))
        return _Due(
            self._slicer.due(view, self.account, now),
            None if row is None else time_or_none(row["at"]),
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
        before, self._sides[symbol] = self._sides[symbol], set()
        try:
            found = await self._persistence.read(present)
        except BaseException:
            self._sides[symbol] |= before
            raise
        self._sides[symbol] |= found
        if found == set(Side):
            await self._netter.run(self.account, symbol)

    async def _plan(self, due: list[DueOrder]) -> None:
        """Plan what is due, many orders at a time; after a failure one by one."""
        terms = await self._terms(due)
        now = self._clock.now()
        for start in range(0, len(due), PLANNED_TOGETHER):
            chunk = due[start : start + PLANNED_TOGETHER]
            work = partial(
                self._slicer.plan_many,
                account=self.account,
                terms=terms,
                now=now,
                first=chunk[0].id,
                last=chunk[-1].id,
            )
            try:
                await self._persistence.write(work)
            except Exception:
                log.exception("account %s: orders could not be planned together", self.account)
                for order in chunk:
                    await self._guarded(partial(self._plan_one, order.id, terms[order.symbol], now))

    async def _plan_one(self, order: ParentId, terms: SliceTerms, now: datetime) -> None:
        await self._persistence.write(
            lambda tx: self._slicer.plan(tx, order, terms.instrument, terms.price, now)
        )

    async def _terms(self, due: list[DueOrder]) -> dict[Symbol, SliceTerms]:
        """Ask for instrument and price of every symbol that is due."""
        priced: dict[Symbol, bool] = {}
        for order in due:
            wants = self._slicer.wants_price(order.order_type)
            priced[order.symbol] = priced.get(order.symbol, False) or wants
        symbols = list(priced)
        found: dict[Symbol, SliceTerms] = {}
        for start in range(0, len(symbols), MOST_ASKED_AT_ONCE):
            chunk = symbols[start : start + MOST_ASKED_AT_ONCE]
            answers = await asyncio.gather(*(self._terms_of(each, priced[each]) for each in chunk))
            found.update(zip(chunk, answers, strict=True))
        return found

    async def _terms_of(self, symbol: Symbol, wants_price: bool) -> SliceTerms:  # noqa: FBT001 - the fact itself
        try:
            instrument = await self._market.instrument(self.account, symbol)
            if not wants_price:
                return SliceTerms(instrument, None)
            return SliceTerms(instrument, (await self._market.quote(self.account, symbol)).last)
        except BrokerError as error:
            log.warning("account %s: no price of %s: %s", self.account, symbol, error)
            return SliceTerms(self._market.known_instrument(self.account, symbol), None)

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

    def _work_for(self, child: ChildOrder) -> Callable[[], Awaitable[None]] | None:
        match child.state:
            case ChildState.PLANNED:
                return partial(self._send, child)
            case ChildState.UNKNOWN:
                return partial(self._settler.resolve, child)
            case ChildState.OPEN | ChildState.PARTIALLY_FILLED | ChildState.CANCELLING:
                return partial(self._settler.cancel, child.id)
            case ChildState.SENDING:
                # Whoever sent it broke off: nothing is known of it.
                return partial(self._interrupted, child)
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

    async def _carried_out(self, child: ChildOrder, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work; a mistake of ours leaves the order as it is, to be taken up again."""
        try:
            await work()
        except Exception:
            log.exception("account %s: work on order %s failed", self.account, child.id)
            await self._clock.sleep(PAUSE_AFTER_FAILURE_S)

    def _put_down(self, child_id: ChildId) -> None:
        self._in_hand.pop(child_id, None)
        self.wake()
