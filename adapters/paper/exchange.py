"""The paper exchange: an engine, its disk, and the clock that drives it.

It stands for something outside the process: its database outlives every daemon, and whatever it
answers has been committed there first. One task does all that happens by itself: it sleeps until
something can matter, plays the market up to the present and commits. Requests play and change the
engine in place, then wait for that task's next commit; however many wait, they share it.

Changes build on each other in memory before they are on disk, so one that cannot be stored takes
everything after it along: the exchange then forgets what it holds, reads the disk again, and
answers every request that waited as not carried out.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from adapters.broker import (
    BrokerUnavailableError,
    Holdings,
    Quote,
    RefusalCode,
    Refused,
    UnknownSymbolError,
)
from adapters.clock import wait_until
from adapters.paper import database
from adapters.paper.database import Commit, SupersededError
from adapters.sqlite.errors import StorageError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from datetime import date, datetime
    from decimal import Decimal

    from adapters.broker import OrderRequest
    from adapters.clock import Clock
    from adapters.paper.database import Stored
    from adapters.paper.engine import Changes, Engine
    from adapters.paper.operations import Operation
    from adapters.paper.orders import PaperFill, PaperOrder
    from adapters.sqlite.driver import SqliteDriver
    from adapters.tasks import TaskSupervisor
    from algorithms.domain import AccountName, ChildId, Symbol
    from algorithms.instruments import Instrument

    Listener = Callable[[Sequence["PaperOrder | PaperFill"]], None]

T = TypeVar("T")

log = logging.getLogger(__name__)

RETRY_AFTER = timedelta(seconds=1)
"""How long the exchange leaves alone a database that it could not write."""
STOP_WITHIN_S = 5.0


class NotStoredError(Exception):
    """The exchange could not store the request, and did not carry it out."""


class FateUnknownError(Exception):
    """The exchange cannot tell whether its disk holds the request."""


class PaperExchange:
    """One paper account.

    ``stored`` is what the disk holds, ``build`` makes an engine of it. ``listen`` is told, after
    each commit, what happened to orders, in the order it happened.
    """

    def __init__(
        self,
        account: AccountName,
        clock: Clock,
        driver: SqliteDriver,
        stored: Stored,
        *,
        build: Callable[[Stored], Engine],
        listen: Listener,
    ) -> None:
        self._account = account
        self._clock = clock
        self._driver = driver
        self._build = build
        self._listen = listen
        self._engine: Engine | None = build(stored)
        self._serial = stored.serial
        self._work = asyncio.Event()
        self._waiting: list[asyncio.Future[None]] = []
        self._is_writing = False
        self._is_closing = False
        self._operating = asyncio.Lock()
        self._retry_at: datetime | None = None
        self._driving: asyncio.Task[None] | None = None

    async def start(self, tasks: TaskSupervisor) -> None:
        """Catch up with the clock, and go on from there."""
        self._driving = tasks.spawn(self._drive(), name=f"paper exchange {self._account}")
        engine = self._require_engine()
        engine.advance(self._clock.now())
        engine.meet_prices()
        await self._settle()

    async def close(self) -> None:
        """Commit what waits, stop, and close the database."""
        self._is_closing = True
        self._work.set()
        if self._driving is not None:
            await asyncio.wait({self._driving}, timeout=STOP_WITHIN_S)
        await self._driver.close()

    async def place(self, request: OrderRequest) -> PaperOrder | Refused:
        """Take an order; it is on disk, with the fills it had at once, when this returns.

        Raises NotStoredError or FateUnknownError when the disk fails.
        """
        engine = self._engine
        if engine is None:
            return Refused(RefusalCode.UNAVAILABLE, "the exchange cannot read its database")
        placed = engine.place(request, self._clock.now())
        if isinstance(placed, Refused):
            if engine.has_changes:
                self._work.set()
            return placed
        await self._stored()
        return placed

    async def cancel(
        self, chosen: Callable[[Engine], Sequence[PaperOrder | None]]
    ) -> tuple[PaperOrder | None, ...]:
        """Cancel the open orders that ``chosen`` picks; None stays None.

        Raises NotStoredError or FateUnknownError when the disk fails.
        """
        engine = self._engine
        if engine is None:
            raise NotStoredError("the exchange cannot read its database")
        engine.advance(self._clock.now())
        ended: dict[int, PaperOrder] = {}
        outcome: list[PaperOrder | None] = []
        for order in chosen(engine):
            if order is None or order.sequence in ended:
                outcome.append(None)
                continue
            ended[order.sequence] = engine.cancel(order)
            outcome.append(ended[order.sequence])
        if ended:
            await self._stored()
        return tuple(outcome)

    async def set_price(self, symbol: Symbol, price: Decimal) -> None:
        """Let the symbol trade at this price now."""
        self._require_engine().set_price(symbol, price, self._clock.now())
        await self._settle()

    async def operate(self, key: str, operation: Operation) -> bool:
        """Do what no order does, once by its key; False if it was done before.

        Raises ImpossibleOperationError, and BrokerUnavailableError when the disk fails; the same
        key may then be tried again.
        """
        async with self._operating:
            if await self._read(lambda disk: database.has_done(disk, self._account, key)):
                return False
            self._require_engine().operate(key, operation, self._clock.now())
            await self._settle()
            return True

    def quote(self, symbol: Symbol) -> Quote:
        """Return the price now; what that sets off is stored soon after."""
        engine = self._require_symbol(symbol)
        engine.advance(self._clock.now())
        if engine.has_changes:
            self._work.set()
        market = engine.market
        market.move(symbol, engine.now)
        touch = market.touch(symbol)
        return Quote(
            symbol=symbol,
            last=touch.last,
            bid=touch.bid,
            ask=touch.ask,
            previous_close=market.previous_close(symbol),
            at=engine.now,
        )

    async def closing_price(self, symbol: Symbol, day: date) -> Decimal | None:
        """Return at what price a market day closed; None if it has not, or is not known."""
        engine = self._require_symbol(symbol)
        engine.advance(self._clock.now())
        engine.market.move(symbol, engine.now)
        close = engine.market.close_of(symbol, day)
        await self._settle()
        return close

    def instrument(self, symbol: Symbol) -> Instrument:
        return self._require_symbol(symbol).market.instrument(symbol)

    async def open_orders(self) -> tuple[PaperOrder, ...]:
        engine = self._require_engine()
        engine.advance(self._clock.now())
        orders = tuple(engine.book)
        await self._settle()
        return orders

    async def holdings(self) -> Holdings:
        engine = self._require_engine()
        engine.advance(self._clock.now())
        account = engine.account
        holdings = Holdings(
            positions={symbol: units for symbol, units in account.positions.items() if units},
            cash={account.charges.currency: account.cash},
            at=engine.now,
        )
        await self._settle()
        return holdings

    async def fills_since(self, since: datetime) -> tuple[PaperFill, ...]:
        return await self._read(lambda disk: database.fills_since(disk, self._account, since))

    async def fills_of(self, order: PaperOrder) -> tuple[PaperFill, ...]:
        return await self._read(lambda disk: database.fills_of(disk, self._account, order))

    async def order_of_client(self, client_id: ChildId) -> PaperOrder | None:
        return await self._read(
            lambda disk: database.order_of_client(disk, self._account, client_id)
        )

    async def order_numbered(self, number: str, day: date | None) -> PaperOrder | None:
        return await self._read(
            lambda disk: database.order_numbered(disk, self._account, number, day)
        )

    async def newest_order(self) -> int:
        """Return the sequence of the newest order; 0 before the first."""
        return await self._read(lambda disk: database.newest_order(disk, self._account))

    async def orders_like(self, request: OrderRequest, since: datetime) -> tuple[PaperOrder, ...]:
        """Return the orders placed since then that look like a request, oldest first."""
        return await self._read(
            lambda disk: database.orders_like(disk, self._account, request, since)
        )

    async def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Look something up on disk, after everything that happened up to now is there."""
        self._require_engine().advance(self._clock.now())
        await self._settle()
        try:
            return await self._driver.run(work)
        except StorageError as error:
            raise BrokerUnavailableError(str(error)) from error

    async def _settle(self) -> None:
        """Wait until what the engine holds is on disk."""
        if self._is_writing or self._waiting or self._require_engine().has_changes:
            try:
                await self._stored()
            except (NotStoredError, FateUnknownError) as error:
                raise BrokerUnavailableError(str(error)) from error

    async def _stored(self) -> None:
        """Wait for the next commit. Who gives up waiting takes nothing back."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        self._work.set()
        await done

    async def _drive(self) -> None:
        """Play the market and commit, whenever time or a request gives reason to."""
        try:
            while not self._is_closing:
                await wait_until(self._clock, self._work, self._next_wake())
                self._work.clear()
                if self._engine is None:
                    await self._reload()
                else:
                    await self._commit(self._engine)
        finally:
            self._engine = None
            self._answer(self._take_waiting(), NotStoredError("the exchange is closed"))

    def _next_wake(self) -> datetime | None:
        if self._engine is None:
            return self._retry_at
        event = self._engine.next_event()
        if event is None or self._retry_at is None:
            return event
        return max(event, self._retry_at)

    async def _commit(self, engine: Engine) -> None:
        engine.advance(self._clock.now())
        waiting = self._take_waiting()
        if not engine.has_changes:
            self._answer(waiting)
            return
        changes = engine.take_changes()
        commit = self._commit_of(engine, changes)
        self._is_writing = True
        try:
            await self._driver.run(commit.write)
        except (StorageError, SupersededError) as error:
            if self._retry_at is None:
                log.warning("paper exchange %s: could not commit: %s", self._account, error)
            self._answer(waiting, await self._failed(commit, error))
        else:
            if self._retry_at is not None:
                log.warning("paper exchange %s: commits again", self._account)
            self._serial, self._retry_at = commit.serial, None
            self._answer(waiting)
            self._listen(changes.reports)
        finally:
            self._is_writing = False

    async def _failed(self, commit: Commit, error: Exception) -> Exception:
        """Start anew from the disk; return what the failure means for those who waited."""
        self._engine = None
        stored = await self._reload()
        if stored is None:
            return FateUnknownError(str(error))
        if stored.serial == commit.serial and not isinstance(error, SupersededError):
            # The disk reported a failure and kept the commit all the same.
            return FateUnknownError(str(error))
        return NotStoredError(str(error))

    async def _reload(self) -> Stored | None:
        """Read the disk again; what was only in memory, and whoever waits for it, is lost."""
        lost = self._take_waiting()
        self._retry_at = self._clock.now() + RETRY_AFTER
        stored: Stored | None = None
        try:
            stored = await self._driver.run(self._load)
            self._engine, self._serial = self._build(stored), stored.serial
        except StorageError as error:
            log.debug("paper exchange %s: could not read: %s", self._account, error)
        self._answer(lost, NotStoredError("the exchange had to read its database again"))
        return stored

    def _load(self, connection: sqlite3.Connection) -> Stored:
        return database.load(connection, self._account)

    def _commit_of(self, engine: Engine, changes: Changes) -> Commit:
        account = engine.account
        traded = {fill.order.symbol for fill in changes.fills} | changes.adjusted
        return Commit(
            account=self._account,
            serial=self._serial + 1,
            cash=account.cash,
            played_to=engine.now,
            counters=engine.counters,
            positions={symbol: account.position(symbol) for symbol in traded},
            prices=engine.market.take_unsaved(),
            closes=engine.market.take_closes(),
            orders=tuple(changes.orders.values()),
            fills=tuple(changes.fills),
            operations=tuple(changes.operations.items()),
        )

    def _take_waiting(self) -> list[asyncio.Future[None]]:
        waiting, self._waiting = self._waiting, []
        return waiting

    def _answer(self, waiting: list[asyncio.Future[None]], error: Exception | None = None) -> None:
        for done in waiting:
            if done.done():
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

    def _require_engine(self) -> Engine:
        if self._engine is None:
            raise BrokerUnavailableError("the exchange cannot read its database")
        return self._engine

    def _require_symbol(self, symbol: Symbol) -> Engine:
        engine = self._require_engine()
        if not engine.market.trades(symbol):
            raise UnknownSymbolError(f"{symbol} is not traded here")
        return engine
