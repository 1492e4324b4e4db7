"""One account from end to end: its broker, its worker, its events, its comparison with the books.

An account that cannot be reached delays only itself: it is tried again and again, and says so.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from adapters.broker import (
    Broker,
    BrokerMisconfiguredError,
    BrokerUnavailableError,
    FillEvent,
    OrderEvent,
    StreamLost,
    StreamRestored,
)
from adapters.sqlite.errors import StorageError
from daemon.brokers.opening import BrokerNotAvailableError, PaperSettingsError
from daemon.execution.account import AccountWorker
from daemon.execution.broker_calls import BrokerCalls
from daemon.execution.ladder.keeper import LadderKeeper, no_ladder, no_moc_buys
from daemon.execution.ladder.waiting import Door
from daemon.execution.netter import Netter
from daemon.execution.orphans import Orphans
from daemon.execution.reconcile import Reconciler
from daemon.execution.sender import Sender
from daemon.execution.settler import Settler
from daemon.execution.slicer import Slicer
from daemon.notices import raise_notice

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from adapters.tasks import TaskSupervisor
    from algorithms.domain import AccountName
    from daemon.execution.reconcile import Difference
    from daemon.execution.services import Services
    from daemon.storage.tx import Tx

RETRY_S = 5.0
OPEN_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 1.0

log = logging.getLogger(__name__)


class AccountRuntime:
    """Runs one account once its broker can be reached. It owns ``tasks``, and ends them."""

    def __init__(
        self,
        name: AccountName,
        services: Services,
        tasks: TaskSupervisor,
        connect: Callable[[], Awaitable[Broker]],
    ) -> None:
        self.name = name
        self._services = services
        self._tasks = tasks
        self._connect = connect
        self._broker: Broker | None = None
        self._worker: AccountWorker | None = None
        self._reconciler: Reconciler | None = None
        self.ladders: LadderKeeper | None = None
        self._problem: str | None = "not connected yet"
        self._is_stopping = False
        self._comparing = asyncio.Lock()
        self.asked = asyncio.Event()
        """Set once the broker has answered for the first time, or has not."""
        self.tried = asyncio.Event()
        """Set once the first attempt to take up work has ended, either way."""

    @property
    def problem(self) -> str | None:
        """Why this account cannot work now; None when it can."""
        if self._problem is not None:
            return self._problem
        assert self._worker is not None  # connected
        assert self._reconciler is not None
        return self._worker.problem or self._reconciler.problem

    @property
    def worker(self) -> AccountWorker | None:
        return self._worker

    def start(self) -> None:
        """Run from now on until ``stop``."""
        self._tasks.spawn(self.run(), name=f"account {self.name}")

    async def run(self) -> None:
        """Connect, take up what was left, then work and listen until cancelled."""
        broker = await self._connected()
        if broker is None:
            return
        self._assemble(broker)
        assert self._worker is not None  # just assembled
        self._services.brokers[self.name] = broker
        self.asked.set()
        await self._recovered(self._worker)
        self._tasks.spawn(self._listen(broker), name=f"events of {self.name}")
        await self.reconcile()
        assert self.ladders is not None  # assembled with the worker
        self._tasks.spawn(self.ladders.run(), name=f"ladders of {self.name}")
        self._tasks.spawn(self.ladders.let_go(), name=f"cancels in ladders of {self.name}")
        self._problem = None
        self.tried.set()
        await self._worker.run()

    async def _recovered(self, worker: AccountWorker) -> None:
        """Take up what was left, however long the database makes us wait for it."""
        while True:
            try:
                await worker.recover()
            except StorageError as error:
                self._problem = f"cannot read what was left: {error}"
                log.warning("account %s: %s; trying again in %s s", self.name, error, RETRY_S)
                self.tried.set()
                await self._services.clock.sleep(RETRY_S)
            else:
                return

    async def reconcile(self) -> None:
        """Compare with the broker; what goes wrong is shown, and tried again at the next time."""
        if self._reconciler is None or self._is_stopping:
            return
        try:
            async with self._comparing:
                await self._reconciler.run()
        except (BrokerUnavailableError, StorageError) as error:
            log.warning("account %s: not compared with its broker: %s", self.name, error)
        except Exception:
            log.exception("account %s: the comparison with its broker failed", self.name)

    async def compare(self) -> tuple[Difference, ...]:
        """Compare with the broker now; return the differences. Raises BrokerUnavailableError."""
        if self._reconciler is None:
            raise BrokerUnavailableError(self._problem or "not connected yet")
        return await self._reconciler.run()

    async def stop(self) -> None:
        """Let calls under way end, leave the broker, end everything that runs here."""
        self._is_stopping = True
        self._problem = "it is being stopped"
        if self._worker is not None:
            self._worker.stop()
            await self._worker.settle_in_hand(STOP_TIMEOUT_S)
        await self._leave()
        await self._compared()
        await self._tasks.close(CLOSE_TIMEOUT_S)
        await self._leave()  # one that was only being connected
        # Whoever waits for this account's first try waits for its successor's, or for nobody's.
        self.asked.set()
        self.tried.set()

    async def _leave(self) -> None:
        broker, self._broker = self._broker, None
        if broker is None:
            return
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await broker.close()
        except TimeoutError:
            log.exception("account %s: its broker is not left in time", self.name)

    async def _compared(self) -> None:
        """Wait for a comparison under way: what it found must not be booked behind our back."""
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S), self._comparing:
                return
        except TimeoutError:
            log.exception("account %s: its comparison does not end", self.name)

    async def _connected(self) -> Broker | None:
        while True:
            try:
                return await self._open()
            except (
                BrokerMisconfiguredError,
                BrokerNotAvailableError,
                PaperSettingsError,
            ) as error:
                self._problem = f"not connected: {error}"
                log.critical("account %s: %s; it stays out of work", self.name, error)
                self._failed_first()
                return None
            except (BrokerUnavailableError, TimeoutError) as error:
                reason = str(error) or f"no answer within {OPEN_TIMEOUT_S} s"
                self._problem = f"not connected: {reason}"
                log.warning("account %s: %s; trying again in %s s", self.name, reason, RETRY_S)
                self._failed_first()
                await self._services.clock.sleep(RETRY_S)

    def _failed_first(self) -> None:
        self.asked.set()
        self.tried.set()

    async def _open(self) -> Broker:
        """Connect. A broker that could not be opened is kept, to be opened again or closed."""
        async with asyncio.timeout(OPEN_TIMEOUT_S):
            if self._broker is None:
                self._broker = await self._connect()
            await self._broker.open()
        return self._broker

    def _assemble(self, broker: Broker) -> None:
        services = self._services
        name = services.registry.accounts[self.name].broker
        calls = BrokerCalls(broker, services.clock)
        settler = Settler(
            calls=calls,
            persistence=services.persistence,
            clock=services.clock,
            orders=services.orders,
            evidence=services.evidence,
            ids=services.ids,
        )
        self._worker = AccountWorker(
            account=self.name,
            clock=services.clock,
            tasks=self._tasks,
            persistence=services.persistence,
            market=services.market,
            netter=Netter(services),
            slicer=Slicer(
                current=services.current,
                capabilities=broker.capabilities,
                orders=services.orders,
                halts=services.halts,
                ids=services.ids,
                ladder=Door(
                    services.ladders.waiting, no_ladder(broker, name), no_moc_buys(broker, name)
                ),
            ),
            sender=Sender(
                broker=broker,
                calls=calls,
                persistence=services.persistence,
                clock=services.clock,
                orders=services.orders,
                evidence=services.evidence,
                halts=services.halts,
                current=services.current,
                closings=services.ladders.closings,
            ),
            settler=settler,
            evidence=services.evidence,
            one_by_one=not broker.capabilities.client_order_ids,
        )
        self.ladders = LadderKeeper(self.name, broker, services)
        self._reconciler = Reconciler(
            account=self.name,
            broker=broker,
            clock=services.clock,
            tasks=self._tasks,
            persistence=services.persistence,
            evidence=services.evidence,
            fills=services.fills,
            settler=settler,
            ids=services.ids,
            keeper=services.keeper,
            orphans=Orphans(services.current, services.orders, services.evidence, services.ids),
        )

    async def _listen(self, broker: Broker) -> None:
        """Follow the broker's events until it closes; a broken stream is taken up again."""
        while True:
            try:
                await self._follow(broker)
            except Exception as error:
                log.exception("account %s: its events broke off", self.name)
                await self._tell("stream_lost", reason=f"{type(error).__name__}: {error}")
                await self._services.clock.sleep(RETRY_S)
                await self.reconcile()
            else:
                return

    async def _follow(self, broker: Broker) -> None:
        """Take in events; a mistake with one of them must not deafen us to the rest."""
        assert self._reconciler is not None  # assembled before listening begins
        async for event in broker.events():
            try:
                match event:
                    case FillEvent() | OrderEvent():
                        await self._reconciler.take_in(event)
                    case StreamLost(reason):
                        await self._tell("stream_lost", reason=reason)
                    case StreamRestored():
                        await self._tell("stream_restored")
                        await self.reconcile()
            except Exception:
                log.exception("account %s: an event was not taken in: %r", self.name, event)

    async def _tell(self, code: str, **params: str) -> None:
        now = self._services.clock.now()

        def tell(tx: Tx) -> None:
            raise_notice(tx, self._services.ids.new(), code, now, account=self.name, **params)

        await self._services.persistence.write(tell)
