"""Where requests come in: stored first, once, in order; worked; answered.

A request is on disk before it is answered and before anything is sent. What needs nothing but the
database is worked in the same transaction. What must wait, for a price or for a cancel of the
same strategy, waits in the strategy's lane, in order of arrival, and survives a restart there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import orjson

from adapters.sqlite.errors import StorageBusyError
from algorithms.domain import OrderType
from daemon.execution import answers
from daemon.execution.answers import Answer, Item, Outcome, RequestStatus
from daemon.execution.backlog import Backlog
from daemon.execution.commands import Place
from daemon.execution.enquiries import Enquiries
from daemon.execution.lanes import Lanes
from daemon.execution.requests import NewRequest
from daemon.execution.waiters import INTERIM, Reply, Waiters
from daemon.lately import Lately
from daemon.notices import raise_notice
from daemon.storage.rows import from_us
from daemon.storage.tx import NotUniqueError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping, Sequence
    from datetime import timedelta

    from adapters.broker import Broker
    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from algorithms.domain import AccountName, ParentId, StrategyName, Symbol
    from daemon.execution.cancels import CancelDesk
    from daemon.execution.commands import Command, Submission
    from daemon.execution.enquiries import AllTerms
    from daemon.execution.intake import Intake
    from daemon.execution.requests import Requests, Role
    from daemon.execution.sizing import Terms
    from daemon.ids import IdSource
    from daemon.market import Market
    from daemon.setup import Current
    from daemon.signals import SignalBus
    from daemon.storage.store import Store
    from daemon.storage.tx import Tx, View

Answered = Callable[[Reply | Exception], None]
"""Who is told the answer of a request, or why there is none."""

__all__ = ["Desk", "DeskSettings", "KeyReusedError", "Reply"]

RECENT_KEYS = 4096
MOST_IN_HAND = 2000
"""Orders that callers wait for, and of one strategy such as wait themselves. More are refused, so
that a flood costs those who send it; cancels always pass."""
TERMS_AT_ONCE_S = 0.1
"""A request is stored at the latest after this, whether or not the brokers have answered."""


class KeyReusedError(Exception):
    """The idempotency key belongs to another request with another body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSettings:
    """Times of requests, from [webhook] and [cancel]."""

    wait: timedelta
    max_age: timedelta
    dedup: timedelta
    cancel_timeout: timedelta


class _Stored(NamedTuple):
    """What came of storing a request: itself, or the earlier one it repeats."""

    request_id: str
    answer: Answer | None
    cancelling: bool = False
    repeats: bool = False


class Desk:
    """Takes requests of all strategies."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        tasks: TaskSupervisor,
        bus: SignalBus,
        ids: IdSource,
        intake: Intake,
        cancels: CancelDesk,
        requests: Requests,
        market: Market,
        brokers: Mapping[AccountName, Broker],
        current: Current,
        commands_of: Callable[[str], tuple[Command, ...]],
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._ids = ids
        self._intake = intake
        self._cancels = cancels
        self._requests = requests
        self._current = current
        self._enquiries = Enquiries(intake, market, brokers)
        self._waiters = Waiters(bus, current)
        self._lanes = Lanes(
            store=store,
            clock=clock,
            tasks=tasks,
            bus=bus,
            requests=requests,
            backlog=Backlog(
                store=store,
                clock=clock,
                ids=ids,
                intake=intake,
                enquiries=self._enquiries,
                requests=requests,
                current=current,
                commands_of=commands_of,
            ),
        )
        self._recent: Lately[tuple[str, str], bool] = Lately(RECENT_KEYS)

    @property
    def in_hand(self) -> int:
        """Requests that somebody waits for, or that wait themselves."""
        return len(self._waiters) + len(self._lanes)

    # The way in

    def submit_soon(self, submission: Submission, answered: Answered) -> bool:
        """Take a request that needs nothing but the database, if it is one.

        Then ``answered`` hears, once, what ``submit`` would have returned or raised. False: it has
        to go through ``submit``. The most frequent requests, TWAPs of symbols that trade already,
        are stored and answered without a task and a future each. Raises StorageBusyError.
        """
        strategy = submission.strategy
        places = _only_twaps(submission.commands)
        if not places or not self._lanes.is_clear(strategy):
            return False
        terms = self._enquiries.known(strategy, places)
        if terms is None:
            return False
        request_id = self._ids.new(submission.received_at)
        request = self._new_request(submission, request_id, cancels=False, waits=False)
        key = (strategy, request.dedup_key)
        if self._recent.get(key):
            return False

        def heard(stored: _Stored | None, error: Exception | None) -> None:
            if stored is not None and stored.answer is not None:
                answered(Reply(stored.answer.http_status, stored.answer.body))
            elif isinstance(error, NotUniqueError):
                self._tasks.spawn(self._submit_again(submission, answered), name="repeated request")
            else:
                answered(error or RuntimeError("a TWAP was stored without an answer"))

        self._recent.put(key, value=True)
        self._store.write_soon(
            lambda tx: self._accept(tx, request, submission, places, terms), heard
        )
        return True

    async def _submit_again(self, submission: Submission, answered: Answered) -> None:
        """Take the long way with a request whose key the database knows."""
        try:
            reply = await self.submit(submission)
        except Exception as error:  # noqa: BLE001 - the caller's to hear, no failure of this task
            answered(error)
        else:
            answered(reply)

    async def submit(self, submission: Submission) -> Reply:
        """Store and work a request; answer when it is settled, or after ``webhook.wait_seconds``.

        Raises KeyReusedError, and StorageError when it could not be stored, or when too many
        orders wait already; then nothing was.
        """
        request_id = self._ids.new()
        strategy = submission.strategy
        places = [c for c in submission.commands if isinstance(c, Place)]
        terms = self._enquiries.known(strategy, places)
        has_cancels = len(places) < len(submission.commands)
        if not has_cancels:
            self._refuse_a_flood(strategy)
        if terms is None and not has_cancels and self._lanes.is_clear(strategy):
            terms = await self._terms_soon(strategy, places)
        waits = bool(places) and (
            terms is None or has_cancels or not self._lanes.is_clear(strategy)
        )
        request = self._new_request(submission, request_id, cancels=has_cancels, waits=waits)
        at_once = _settles_at_once(places, submission) and not waits
        waiter = None if at_once else self._waiters.add(request_id)
        if has_cancels:
            # Before it is stored: an order that arrives from here on waits for the cancel.
            self._lanes.begin_cancelling(strategy, request_id)
        stored = None
        try:
            if waits or has_cancels:
                stored = await self._store_whoever_waits(request, submission)
            else:
                stored = await self._store_once(request, submission, places, terms or {})
        finally:
            is_new = stored is not None and stored.request_id == request_id
            if waiter is not None and (stored is None or not is_new or stored.answer is not None):
                self._waiters.remove(request_id, waiter)
        if stored.request_id != request_id:
            return await self._earlier(stored)
        if stored.answer is not None:
            return Reply(stored.answer.http_status, stored.answer.body)
        return await self._waiters.reply(request_id, waiter or self._waiters.add(request_id))

    def _refuse_a_flood(self, strategy: StrategyName) -> None:
        if max(len(self._waiters), self._lanes.waiting(strategy)) >= MOST_IN_HAND:
            raise StorageBusyError("too many orders are in hand")

    async def request_status(self, strategy: StrategyName, request_id: str) -> Reply | None:
        """Return what is known of a request: 200 whatever the outcome, None if there is none."""

        def read(view: View) -> Reply | None:
            row = view.fetch_one("request", id=request_id)
            if row is None or row["strategy"] != strategy:
                return None
            if row["answer"] is not None:
                return Reply(answers.ALL_GOOD, row["answer"].encode())
            status = RequestStatus(row["status"])
            return Reply(answers.ALL_GOOD, answers.interim(request_id, status, INTERIM[status]))

        return await self._store.read(read)

    async def recover(self, connected: Callable[[], Awaitable[None]]) -> None:
        """Take up the requests that the last process left without an answer.

        Their orders are placed once ``connected`` has returned.
        """
        await self._lanes.recover(connected)

    async def _terms_soon(self, strategy: StrategyName, places: Sequence[Place]) -> AllTerms | None:
        """Ask the brokers before storing, if they answer at once and no cancel comes between."""
        seen = self._lanes.cancels_seen(strategy)
        try:
            async with asyncio.timeout(TERMS_AT_ONCE_S):
                terms = await self._enquiries.ask(strategy, places)
        except TimeoutError:
            return None
        return terms if self._lanes.cancels_seen(strategy) == seen else None

    async def _earlier(self, stored: _Stored) -> Reply:
        """Answer a repeated request as the first one was answered."""
        request_id, answer = stored.request_id, stored.answer
        if answer is not None:
            reply = Reply(answer.http_status, answer.body)
        else:
            reply = await self._waiters.reply(request_id, self._waiters.add(request_id))
            if reply.http_status == answers.STILL_WORKING:
                # It may have been settled after it was looked up and before we began to wait.
                row = await self._store.read(lambda view: view.fetch_one("request", id=request_id))
                if row is not None and row["answer"] is not None:
                    reply = Reply(row["http_status"], row["answer"].encode())
        if not stored.repeats:
            return reply
        body = orjson.loads(reply.body) | {"duplicate": True}
        return Reply(reply.http_status, orjson.dumps(body))

    # Storing

    def _new_request(
        self, submission: Submission, request_id: str, *, cancels: bool, waits: bool
    ) -> NewRequest:
        timeout = self._current.setup.desk.cancel_timeout
        deadline = submission.received_at + timeout if cancels else None
        return NewRequest(  # without names, which cost three times as much on the busiest way
            request_id,
            submission.strategy,
            submission.source,
            _dedup_key(submission, request_id),
            submission.body_hash,
            submission.body,
            submission.warnings,
            cancels,
            waits,
            deadline,
            submission.received_at,
        )

    async def _store_whoever_waits(self, request: NewRequest, submission: Submission) -> _Stored:
        """Store a request that has to wait or to cancel, and see to what follows.

        A caller that goes away meanwhile takes nothing back: its request may be on disk.
        """
        outcome = await asyncio.shield(
            self._tasks.spawn(
                self._store_and_follow(request, submission), name=f"request {request.id}"
            )
        )
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _store_and_follow(
        self, request: NewRequest, submission: Submission
    ) -> _Stored | Exception:
        places = None if request.unworked else ()
        try:
            stored = await self._store_once(request, submission, places, {})
        except Exception as error:  # noqa: BLE001 - the caller's to hear, no failure of this task
            self._lanes.cancels_over(request.id)
            return error
        is_new = stored.request_id == request.id
        if is_new and stored.cancelling and request.deadline is not None:
            self._lanes.watch_deadline(request.id, request.deadline)
        elif request.cancels:
            self._lanes.cancels_over(request.id)
        if is_new and request.unworked:
            self._lanes.enqueue(submission.strategy, request.id)
        return stored

    async def _store_once(
        self,
        request: NewRequest,
        submission: Submission,
        places: Sequence[Place] | None,
        terms: Mapping[tuple[AccountName, Symbol], Terms],
    ) -> _Stored:
        """Store the request unless its key is known; the usual case costs no question.

        A key seen lately is looked up first. One that is new to this process but not to the
        database shows when the row does not go in; then nothing was stored, and it is looked up.
        """
        key = (request.strategy, request.dedup_key)
        careful = self._recent.get(key)
        self._recent.put(key, value=True)
        if not careful:
            try:
                return await self._store.write(
                    lambda tx: self._accept(tx, request, submission, places, terms)
                )
            except NotUniqueError:
                careful = True
        return await self._store.write(
            lambda tx: self._accept_unless_known(tx, request, submission, places, terms)
        )

    def _accept_unless_known(
        self,
        tx: Tx,
        request: NewRequest,
        submission: Submission,
        places: Sequence[Place] | None,
        terms: Mapping[tuple[AccountName, Symbol], Terms],
    ) -> _Stored:
        row = tx.fetch_one("request_by_key", strategy=request.strategy, dedup_key=request.dedup_key)
        if row is None:
            return self._accept(tx, request, submission, places, terms)
        if submission.key is None:
            if request.received_at - from_us(row["received_at"]) >= self._current.setup.desk.dedup:
                tx.execute(
                    "free_request_key", id=row["id"], new_key=f"{row['dedup_key']}:{row['id']}"
                )
                return self._accept(tx, request, submission, places, terms)
            raise_notice(
                tx,
                self._ids.new(),
                "request_repeated",
                request.received_at,
                strategy=request.strategy,
                seconds=str(int(self._current.setup.desk.dedup.total_seconds())),
            )
        elif bytes(row["body_hash"]) != request.body_hash:
            raise KeyReusedError(submission.key)
        answer = None
        if row["answer"] is not None:
            answer = Answer(
                RequestStatus(row["status"]), row["http_status"], row["answer"].encode()
            )
        return _Stored(row["id"], answer, repeats=submission.key is None)

    def _accept(
        self,
        tx: Tx,
        request: NewRequest,
        submission: Submission,
        places: Sequence[Place] | None,
        terms: Mapping[tuple[AccountName, Symbol], Terms],
    ) -> _Stored:
        """Store the request with everything that can be done for it at once.

        ``places`` None: its orders wait in the lane. Asks the database nothing that is not
        remembered by the transaction, so that many requests share one trip.
        """
        now = request.received_at
        targets: list[tuple[ParentId, Role]] = []
        refusals: list[Item] = []
        if request.cancels:
            cancels = (c for c in submission.commands if not isinstance(c, Place))
            found, refusals = self._cancels.cancel(tx, submission.strategy, cancels, now)
            targets += [(parent_id, "cancel") for parent_id in found]
        settled = places is not None and not targets
        stored: list[tuple[str, str, str]] = []
        for command in places or ():
            placed = self._intake.place(
                tx,
                command,
                request_id=request.id,
                strategy=submission.strategy,
                terms=terms,
                now=now,
            )
            refusals += placed.refusals
            for parent in placed.parents:
                if parent.order_type is OrderType.TWAP:
                    stored.append((parent.account, parent.id, parent.symbol))
                else:
                    settled = False
                targets.append((parent.id, "place"))
        answer = None
        if settled:
            # Nothing to wait for: refused, or a TWAP, which is done when it is stored.
            answer = _at_once(request.id, stored, refusals, submission.warnings)
            targets = []
        self._requests.store(tx, request, targets=targets, refusals=refusals, answer=answer)
        cancelling = any(role == "cancel" for _, role in targets)
        if answer is None and cancelling:
            self._requests.settle(tx, request.id, now)
        return _Stored(request.id, answer, cancelling)


def _dedup_key(submission: Submission, request_id: str) -> str:
    if submission.key is not None:
        return f"key:{submission.key}"
    if submission.cancels_only:
        return f"id:{request_id}"
    return f"body:{submission.body_hash.hex()}"


def _only_twaps(commands: Sequence[Command]) -> list[Place]:
    """Return the commands if all of them place TWAPs; otherwise nothing."""
    places = [
        command
        for command in commands
        if isinstance(command, Place) and command.order_type is OrderType.TWAP
    ]
    return places if len(places) == len(commands) else []


def _settles_at_once(places: Sequence[Place], submission: Submission) -> bool:
    """Whether the answer is known when the request is stored, if nothing has to be waited for."""
    return len(places) == len(submission.commands) and all(
        place.order_type is OrderType.TWAP for place in places
    )


def _at_once(
    request_id: str,
    stored: Sequence[tuple[str, str, str]],
    refusals: Sequence[Item],
    warnings: Sequence[str],
) -> Answer:
    """Answer a request of which every order is stored as a TWAP, or refused."""
    if stored and not refusals:
        return answers.accepted(request_id, stored, warnings)
    taken = (
        Item(
            account=account,
            order_id=order_id,
            exchange_order_id=None,
            symbol=symbol,
            outcome=Outcome.ACCEPTED,
        )
        for account, order_id, symbol in stored
    )
    return answers.build(request_id, [*refusals, *taken], warnings)
