"""Where requests come in: stored first, once, in order; worked; answered.

A request is on disk before it is answered and before anything is sent. What needs nothing but the
database is worked in the same transaction. What must wait, for a price or for a cancel of the
same strategy, waits in the strategy's lane, in order of arrival, and survives a restart there.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import insort
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import orjson

from adapters.broker import BrokerError, UnknownSymbolError
from adapters.sqlite.errors import StorageError
from algorithms.domain import OrderType, StrategyName
from daemon.execution import answers
from daemon.execution.answers import Answer, Item, Outcome, RequestStatus
from daemon.execution.commands import CancelAll, Place
from daemon.execution.intake import Terms, needs_price
from daemon.execution.requests import CancelsConfirmed, NewRequest
from daemon.notices import raise_notice
from daemon.signals import RequestSettled
from daemon.storage.rows import from_us
from daemon.storage.tx import NotUniqueError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime, timedelta

    from adapters.broker import Broker
    from adapters.clock import Clock
    from adapters.tasks import TaskSupervisor
    from algorithms.domain import AccountName, ParentId, Symbol
    from daemon.execution.cancels import CancelDesk
    from daemon.execution.commands import Command, Submission
    from daemon.execution.intake import Intake
    from daemon.execution.requests import Requests, Role
    from daemon.ids import IdSource
    from daemon.market import Market
    from daemon.signals import SignalBus
    from daemon.storage.store import Store
    from daemon.storage.tx import Tx, View

RECENT_KEYS = 4096
STORAGE_RETRY_S = 1.0
LOOK_AGAIN_S = 1.0
CONNECTED_WITHIN_S = 10.0
MOST_FROM_LANE = 64
TERMS_AT_ONCE_S = 0.1
"""A request is stored at the latest after this, whether or not the brokers have answered."""

log = logging.getLogger(__name__)


class KeyReusedError(Exception):
    """The idempotency key belongs to another request with another body."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer ready to send."""

    http_status: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskSettings:
    """Times of requests, from [webhook] and [cancel]."""

    wait: timedelta
    max_age: timedelta
    dedup: timedelta
    cancel_timeout: timedelta


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

    @property
    def is_clear(self) -> bool:
        return not self.waiting and not self.cancelling and not self.working


@dataclass(frozen=True, slots=True)
class _Stored:
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
        settings: DeskSettings,
        commands_of: Callable[[str], tuple[Command, ...]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._tasks = tasks
        self._ids = ids
        self._intake = intake
        self._cancels = cancels
        self._requests = requests
        self._market = market
        self._brokers = brokers
        self._settings = settings
        self._commands_of = commands_of
        self._lanes: dict[StrategyName, _Lane] = {}
        self._waiters: dict[str, list[asyncio.Future[Reply]]] = {}
        self._recent: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lane_of_request: dict[str, StrategyName] = {}
        bus.subscribe(RequestSettled, self._settled)
        bus.subscribe(CancelsConfirmed, self._confirmed)

    # The way in

    async def submit(self, submission: Submission) -> Reply:
        """Store and work a request; answer when it is settled, or after ``webhook.wait_seconds``.

        Raises KeyReusedError, and StorageError when it could not be stored; then nothing was.
        """
        lane = self._lane(submission.strategy)
        request_id = self._ids.new()
        places = [c for c in submission.commands if isinstance(c, Place)]
        terms = self._known_terms(submission.strategy, places)
        has_cancels = len(places) < len(submission.commands)
        if terms is None and not has_cancels and lane.is_clear:
            terms = await self._terms_soon(submission.strategy, places, lane)
        waits = bool(places) and (terms is None or has_cancels or not lane.is_clear)
        request = self._new_request(submission, request_id, cancels=has_cancels, waits=waits)
        waiter = (
            None
            if _settles_at_once(places, submission) and not waits
            else self._wait_for(request_id)
        )
        if has_cancels:
            # Before it is stored: an order that arrives from here on waits for the cancel.
            self._begin_cancelling(submission.strategy, request_id)
        stored = None
        try:
            if waits or has_cancels:
                stored = await self._store_whoever_waits(request, submission)
            else:
                stored = await self._store_once(request, submission, places, terms or {})
        finally:
            is_new = stored is not None and stored.request_id == request_id
            if waiter is not None and (stored is None or not is_new or stored.answer is not None):
                self._stop_waiting(request_id, waiter)
        if stored.request_id != request_id:
            return await self._earlier(stored)
        if stored.answer is not None:
            return Reply(stored.answer.http_status, stored.answer.body)
        return await self._reply_in_time(request_id, waiter or self._wait_for(request_id))

    async def request_status(self, strategy: StrategyName, request_id: str) -> Reply | None:
        """Return what is known of a request: 200 whatever the outcome, None if there is none."""

        def read(view: View) -> Reply | None:
            row = view.fetch_one("request", id=request_id)
            if row is None or row["strategy"] != strategy:
                return None
            if row["answer"] is not None:
                return Reply(answers.ALL_GOOD, row["answer"].encode())
            status = RequestStatus(row["status"])
            return Reply(answers.ALL_GOOD, answers.interim(request_id, status, _INTERIM[status]))

        return await self._store.read(read)

    async def recover(self, connected: Callable[[], Awaitable[None]]) -> None:
        """Take up the requests that the last process left without an answer.

        Their orders are placed once ``connected`` has returned: a broker that is only being
        connected would seem to refuse them.
        """
        rows = await self._store.read(lambda view: view.fetch("unfinished_requests"))
        for row in rows:
            strategy = StrategyName(row["strategy"])
            if row["cancels"]:
                self._begin_cancelling(strategy, row["id"])
                self._watch_deadline(row["id"], from_us(row["deadline"]))
            if row["unworked"]:
                self._lane(strategy).starting = True
                self._enqueue(strategy, row["id"])
        self._tasks.spawn(self._start_lanes(connected), name="lanes start")
        now = self._clock.now()
        for row in rows:
            await self._store.write(partial(self._requests.settle, request_id=row["id"], now=now))

    async def _start_lanes(self, connected: Callable[[], Awaitable[None]]) -> None:
        try:
            async with asyncio.timeout(CONNECTED_WITHIN_S):
                await connected()
        except TimeoutError:
            log.warning("some brokers are slow; what was left over is worked without them")
        for lane in self._lanes.values():
            lane.starting = False
            lane.moved.set()

    # Storing

    def _new_request(
        self, submission: Submission, request_id: str, *, cancels: bool, waits: bool
    ) -> NewRequest:
        deadline = submission.received_at + self._settings.cancel_timeout if cancels else None
        return NewRequest(
            id=request_id,
            strategy=submission.strategy,
            source=submission.source,
            dedup_key=_dedup_key(submission, request_id),
            body_hash=submission.body_hash,
            body=submission.body,
            warnings=submission.warnings,
            cancels=cancels,
            unworked=waits,
            deadline=deadline,
            received_at=submission.received_at,
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
            self._cancels_over(submission.strategy, request.id)
            return error
        is_new = stored.request_id == request.id
        if is_new and stored.cancelling:
            self._watch_deadline(request.id, request.deadline)
        elif request.cancels:
            self._cancels_over(submission.strategy, request.id)
        if is_new and request.unworked:
            self._enqueue(submission.strategy, request.id)
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
        careful = key in self._recent
        self._remember(key)
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
            if request.received_at - from_us(row["received_at"]) >= self._settings.dedup:
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
                seconds=str(int(self._settings.dedup.total_seconds())),
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
        return _Stored(request.id, answer, cancelling=cancelling)

    # Waiting

    def _wait_for(self, request_id: str) -> asyncio.Future[Reply]:
        waiter: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(request_id, []).append(waiter)
        return waiter

    async def _reply_in_time(self, request_id: str, waiter: asyncio.Future[Reply]) -> Reply:
        try:
            async with asyncio.timeout(self._settings.wait.total_seconds()):
                return await waiter
        except TimeoutError:
            body = answers.interim(
                request_id, RequestStatus.WORKING, _INTERIM[RequestStatus.WORKING]
            )
            return Reply(answers.STILL_WORKING, body)
        finally:
            self._stop_waiting(request_id, waiter)

    def _stop_waiting(self, request_id: str, waiter: asyncio.Future[Reply]) -> None:
        waiters = self._waiters.get(request_id)
        if waiters is not None and waiter in waiters:
            waiters.remove(waiter)
            if not waiters:
                del self._waiters[request_id]

    async def _earlier(self, stored: _Stored) -> Reply:
        """Answer a repeated request as the first one was answered."""
        answer = stored.answer
        if answer is not None:
            reply = Reply(answer.http_status, answer.body)
        else:
            reply = await self._reply_in_time(stored.request_id, self._wait_for(stored.request_id))
            if reply.http_status == answers.STILL_WORKING:
                # It may have been settled after it was looked up and before we began to wait.
                row = await self._store.read(
                    lambda view: view.fetch_one("request", id=stored.request_id)
                )
                if row is not None and row["answer"] is not None:
                    reply = Reply(row["http_status"], row["answer"].encode())
        if not stored.repeats:
            return reply
        body = orjson.loads(reply.body) | {"duplicate": True}
        return Reply(reply.http_status, orjson.dumps(body))

    def _settled(self, signal: RequestSettled) -> None:
        for waiter in self._waiters.pop(signal.request_id, ()):
            if not waiter.done():
                waiter.set_result(Reply(signal.http_status, signal.answer))
        strategy = self._lane_of_request.get(signal.request_id)
        if strategy is not None:
            self._cancels_over(strategy, signal.request_id)

    # Lanes

    def _lane(self, strategy: StrategyName) -> _Lane:
        lane = self._lanes.get(strategy)
        if lane is None:
            lane = self._lanes[strategy] = _Lane()
        return lane

    def _begin_cancelling(self, strategy: StrategyName, request_id: str) -> None:
        lane = self._lane(strategy)
        lane.cancelling.add(request_id)
        lane.cancels_seen += 1
        self._lane_of_request[request_id] = strategy

    def _enqueue(self, strategy: StrategyName, request_id: str) -> None:
        lane = self._lane(strategy)
        insort(lane.waiting, request_id)
        if not lane.working:
            lane.working = True
            self._tasks.spawn(self._work_lane(strategy, lane), name=f"lane {strategy}")

    def _confirmed(self, signal: CancelsConfirmed) -> None:
        strategy = self._lane_of_request.get(signal.request_id)
        if strategy is not None:
            self._cancels_over(strategy, signal.request_id)

    def _cancels_over(self, strategy: StrategyName, request_id: str) -> None:
        self._lane_of_request.pop(request_id, None)
        lane = self._lanes.get(strategy)
        if lane is not None:
            lane.cancelling.discard(request_id)
            lane.moved.set()

    def _watch_deadline(self, request_id: str, deadline: datetime | None) -> None:
        if deadline is not None:
            self._tasks.spawn(
                self._at_deadline(request_id, deadline), name=f"cancel deadline {request_id}"
            )

    async def _at_deadline(self, request_id: str, deadline: datetime) -> None:
        """Let a request's cancels have their time; then whatever is left is reported."""
        while request_id in self._lane_of_request:
            now = self._clock.now()
            left = (deadline - now).total_seconds()
            if left > 0:
                await self._clock.sleep(min(left, LOOK_AGAIN_S))
                continue
            try:
                await self._store.write(
                    partial(self._requests.settle, request_id=request_id, now=now)
                )
            except StorageError as error:
                log.warning("request %s waits for the database: %s", request_id, error)
                await self._clock.sleep(STORAGE_RETRY_S)
            else:
                strategy = self._lane_of_request.get(request_id)
                if strategy is not None:
                    self._cancels_over(strategy, request_id)

    async def _work_lane(self, strategy: StrategyName, lane: _Lane) -> None:
        """Work a strategy's waiting requests in their order, when no cancel is under way."""
        try:
            while lane.waiting:
                while lane.cancelling or lane.starting:
                    lane.moved.clear()
                    await lane.moved.wait()
                batch = lane.waiting[:MOST_FROM_LANE]
                try:
                    await self._work_each(strategy, batch)
                except StorageError as error:
                    log.warning("strategy %s: requests wait for the database: %s", strategy, error)
                    await self._clock.sleep(STORAGE_RETRY_S)
                    continue
                worked = set(batch)
                lane.waiting = [one for one in lane.waiting if one not in worked]
        finally:
            lane.working = False

    async def _work_each(self, strategy: StrategyName, request_ids: Sequence[str]) -> None:
        """Work some requests. One that cannot be worked must not hold up the others for ever."""
        try:
            await self._work_batch(strategy, request_ids)
        except StorageError:
            raise
        except Exception:
            log.exception("strategy %s: a request cannot be worked", strategy)
            if len(request_ids) > 1:
                for request_id in request_ids:
                    await self._work_each(strategy, [request_id])
                return
            await self._give_up(request_ids[0])

    async def _give_up(self, request_id: str) -> None:
        now = self._clock.now()
        answer = answers.broken(request_id)
        await self._store.write(lambda tx: self._requests.finish(tx, answer, request_id, now))

    async def _work_batch(self, strategy: StrategyName, request_ids: Sequence[str]) -> None:
        """Work some requests together: prices are asked for at once, the order is kept."""

        def stored(view: View) -> list[sqlite3.Row]:
            rows = (view.fetch_one("unfinished_request", id=one) for one in request_ids)
            return [row for row in rows if row is not None and row["unworked"]]

        rows = await self._store.read(stored)
        wanted = [
            [c for c in self._commands_of(row["body"]) if isinstance(c, Place)] for row in rows
        ]
        terms = await self._ask_terms(strategy, [place for places in wanted for place in places])
        # The writer takes them in the order in which they are handed over.
        await asyncio.gather(
            *(
                self._work_stored(strategy, row, places, terms)
                for row, places in zip(rows, wanted, strict=True)
            )
        )

    async def _work_stored(
        self,
        strategy: StrategyName,
        row: sqlite3.Row,
        places: Sequence[Place],
        terms: Mapping[tuple[AccountName, Symbol], Terms],
    ) -> None:
        """Place the orders of a stored request, unless it is too old or was cancelled since."""
        request_id = row["id"]
        now = self._clock.now()
        age = now - from_us(row["received_at"])

        def work(tx: Tx) -> None:
            current = tx.fetch_one("unfinished_request", id=request_id)
            if current is None or not current["unworked"]:
                return  # worked already; an earlier try was cut short by the database
            targets: list[ParentId] = []
            refusals: list[Item] = []
            if age > self._settings.max_age:
                refusals = self._drop(tx, strategy, request_id, places, age, now)
            else:
                vetoes = self._cancels_after(tx, strategy, request_id)
                for command in places:
                    placed = self._intake.place(
                        tx,
                        command,
                        request_id=request_id,
                        strategy=strategy,
                        terms=terms,
                        now=now,
                        vetoes=vetoes,
                    )
                    targets += [parent.id for parent in placed.parents]
                    refusals += placed.refusals
            self._requests.worked(tx, request_id, targets=targets, refusals=refusals, now=now)

        await self._store.write(work)

    def _cancels_after(self, tx: Tx, strategy: StrategyName, request_id: str) -> list[CancelAll]:
        """Return the cancels that came after a request, and mean its orders too."""
        return [
            command
            for later in tx.fetch("cancels_after", strategy=strategy, id=request_id)
            for command in self._commands_of(later["body"])
            if isinstance(command, CancelAll)
        ]

    def _drop(
        self,
        tx: Tx,
        strategy: StrategyName,
        request_id: str,
        places: Sequence[Place],
        age: timedelta,
        now: datetime,
    ) -> list[Item]:
        seconds = str(int(age.total_seconds()))
        raise_notice(
            tx,
            self._ids.new(),
            "request_dropped",
            now,
            strategy=strategy,
            request=request_id,
            age=seconds,
        )
        return [
            Item(
                account=book.account.name,
                order_id=None,
                exchange_order_id=None,
                symbol=command.symbol,
                outcome=Outcome.FAILED,
                error=f"too_old: {seconds} s old when it could be worked",
            )
            for command in places
            for book in self._intake.books(strategy, command)
        ]

    # Prices

    def _known_terms(
        self, strategy: StrategyName, places: Sequence[Place]
    ) -> dict[tuple[AccountName, Symbol], Terms] | None:
        """Collect what is known already; None if a broker has to be asked."""
        terms: dict[tuple[AccountName, Symbol], Terms] = {}
        for (account, symbol), priced in self._wanted(strategy, places).items():
            instrument = self._market.known_instrument(account, symbol)
            broker = self._brokers.get(account)
            if instrument is None or broker is None:
                return None
            price = None
            if priced:
                quote = self._market.recent_quote(account, symbol)
                if quote is None:
                    return None
                price = quote.last
            terms[account, symbol] = Terms(
                instrument=instrument, price=price, order_types=broker.capabilities.order_types
            )
        return terms

    def _wanted(
        self, strategy: StrategyName, places: Sequence[Place]
    ) -> dict[tuple[AccountName, Symbol], bool]:
        """List what must be known of which symbol in which account; True: its price too."""
        wanted: dict[tuple[AccountName, Symbol], bool] = {}
        for command in places:
            for book in self._intake.books(strategy, command):
                key = book.account.name, command.symbol
                wanted[key] = wanted.get(key, False) or needs_price(command, book)
        return wanted

    async def _terms_soon(
        self, strategy: StrategyName, places: Sequence[Place], lane: _Lane
    ) -> dict[tuple[AccountName, Symbol], Terms] | None:
        """Ask the brokers before storing, if they answer at once and no cancel comes between."""
        seen = lane.cancels_seen
        try:
            async with asyncio.timeout(TERMS_AT_ONCE_S):
                terms = await self._ask_terms(strategy, places)
        except TimeoutError:
            return None
        return terms if lane.cancels_seen == seen else None

    async def _ask_terms(
        self, strategy: StrategyName, places: Sequence[Place]
    ) -> dict[tuple[AccountName, Symbol], Terms]:
        """Ask the brokers for what is not known, all at once."""
        wanted = self._wanted(strategy, places)
        found = await asyncio.gather(
            *(
                self._ask(account, symbol, priced=priced)
                for (account, symbol), priced in wanted.items()
            )
        )
        return dict(zip(wanted, found, strict=True))

    async def _ask(self, account: AccountName, symbol: Symbol, *, priced: bool) -> Terms:
        try:
            instrument = await self._market.instrument(account, symbol)
        except BrokerError as error:
            return Terms(problem=_problem(error))
        price = problem = None
        if priced:
            try:
                price = (await self._market.quote(account, symbol)).last
            except BrokerError as error:
                problem = _problem(error)
        order_types = self._brokers[account].capabilities.order_types
        return Terms(instrument=instrument, price=price, order_types=order_types, problem=problem)

    def _remember(self, key: tuple[str, str]) -> None:
        self._recent[key] = None
        if len(self._recent) > RECENT_KEYS:
            self._recent.popitem(last=False)


_INTERIM = {
    RequestStatus.STORED: "stored; it waits for its turn",
    RequestStatus.WORKING: "working; ask again for the outcome",
}


def _dedup_key(submission: Submission, request_id: str) -> str:
    if submission.key is not None:
        return f"key:{submission.key}"
    if submission.cancels_only:
        return f"id:{request_id}"
    return f"body:{submission.body_hash.hex()}"


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


def _problem(error: BrokerError) -> str:
    code = "unknown_symbol" if isinstance(error, UnknownSymbolError) else "unavailable"
    return f"{code}: {error}"
