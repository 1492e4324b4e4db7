"""The daemon without its doors: storage, accounts and the desk, put together and kept running.

Opened in one order and closed in the reverse. Clock, database driver and schedule are given from
outside, so that the same engine runs in production and, a trading day in milliseconds, in tests.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.broker import BrokerUnavailableError
from adapters.sqlite.errors import StorageError
from daemon import audit, rate_watch, trading_days
from daemon.brokers.fleet import Fleet
from daemon.brokers.opening import open_broker
from daemon.brokers.shadows import configured, open_shadow
from daemon.brokers.silence import Silence
from daemon.calendars import CalendarError, Calendars, compute_in_child
from daemon.execution import skew
from daemon.execution.approvals import EXPIRE_EVERY, Approvals
from daemon.execution.bookkeeper import Bookkeeper
from daemon.execution.cancels import CancelDesk
from daemon.execution.capital import post_capital
from daemon.execution.clock_steps import ClockSteps
from daemon.execution.desk import Desk
from daemon.execution.evidence import Evidence
from daemon.execution.fills import Fills
from daemon.execution.halts import Halts
from daemon.execution.intake import Intake
from daemon.execution.ladder.closing import Closings
from daemon.execution.ladder.parts import ladders_of
from daemon.execution.ledger_desk import SPLITS_EVERY, LedgerDesk
from daemon.execution.losses import LossWatch
from daemon.execution.orders import Orders
from daemon.execution.persistence import Persistence
from daemon.execution.requests import Requests
from daemon.execution.services import KnownLots, MarketDays, Services
from daemon.execution.splits import Splits
from daemon.ids import IdSource
from daemon.jobs.office import Timetables, approvals_of, open_board
from daemon.jobs.schedule import guarded
from daemon.market import Market
from daemon.rebalancing.desk import RebalanceDesk
from daemon.rebalancing.phases import Phases
from daemon.rebalancing.planner import Planner
from daemon.rebalancing.runner import Runner, Runners
from daemon.rebalancing.standings import Standings
from daemon.setup import Current, setup_of
from daemon.signals import Committed, LadderStirred, OrderTaken, SignalBus, WorkArrived
from daemon.storage.store import SqliteStore, open_store

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping

    from adapters.binance.hub import Hub
    from adapters.broker import Broker
    from adapters.ccxt_bridge.hub import Hub as BridgeHub
    from adapters.clock import Clock
    from adapters.kis.hub import Hub as KisHub
    from adapters.sessions import Sessions
    from adapters.sqlite.driver import OpenDriver
    from adapters.tasks import TaskSupervisor
    from algorithms.domain import AccountName
    from daemon.calendars import ComputeSessions
    from daemon.config import Config
    from daemon.config.market import Market as MarketName
    from daemon.execution.account_runtime import AccountRuntime
    from daemon.execution.commands import Command
    from daemon.jobs.board import JobBoard
    from daemon.jobs.schedule import Schedule
    from daemon.registry import Registry

FIRST_CONNECTION_S = 0.5
"""How long the start waits for brokers; slower ones are connected while the daemon is up."""
CLOSE_TIMEOUT_S = 3.0
LOSSES_EVERY = timedelta(seconds=10)
CALENDARS_EVERY = timedelta(hours=12)

log = logging.getLogger(__name__)


class Engine:
    """Everything that works orders."""

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock,
        open_driver: OpenDriver,
        tasks: TaskSupervisor,
        schedule: Schedule,
        commands_of: Callable[[str], tuple[Command, ...]],
        ids: IdSource | None = None,
        compute_sessions: ComputeSessions = compute_in_child,
        dice: random.Random | None = None,
        on_failure: Callable[[str, BaseException], None] = lambda _, __: None,
    ) -> None:
        self.current = Current(setup_of(config, clock.now()))
        self.bus = SignalBus()
        self._clock = clock
        self._open_driver = open_driver
        self._tasks = tasks
        self.schedule = schedule
        self._commands_of = commands_of
        self._ids = ids or IdSource(clock)
        self._compute_sessions = compute_sessions
        self._on_failure = on_failure
        self._dice = dice
        self._hub: Hub | None = None
        self._kis_hub: KisHub | None = None
        self._bridge_hub: BridgeHub | None = None
        self.fleet: Fleet
        self.calendars: Calendars
        self.store: SqliteStore
        self.cancels: CancelDesk
        self.desk: Desk
        self.halts: Halts
        self.ledger: LedgerDesk
        self.services: Services
        self.jobs: JobBoard
        self.approvals: Approvals
        self.rebalancing: RebalanceDesk
        self.standings: Standings
        self._runners: Runners
        self._auditor: audit.Auditor
        self._losses: LossWatch
        self._skew: skew.SkewWatch
        self._clock_steps: ClockSteps

    @property
    def config(self) -> Config:
        return self.current.setup.config

    @property
    def registry(self) -> Registry:
        return self.current.registry

    @property
    def accounts(self) -> Mapping[AccountName, AccountRuntime]:
        return self.fleet.accounts

    async def start(self) -> None:
        """Open the database, take up what the last process left, and start every account.

        Raises StorageError when the database cannot be used.
        """
        self.store = await open_store(
            self.config.database.path,
            self._open_driver,
            self.bus.deliver,
            on_batch=lambda writes: self.bus.deliver([Committed(writes)]),
        )
        self._silence = Silence(self.store, self._clock, self._tasks)
        self._assemble()
        try:
            await self._take_up()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop in the reverse order of the start; what is at the broker stays there."""
        await self.schedule.stop()
        self._auditor.stop()
        await self.fleet.stop()
        for hub in (self._hub, self._kis_hub, self._bridge_hub):
            if hub is not None:
                await hub.close()
        await self._tasks.close(CLOSE_TIMEOUT_S)
        await self.store.close()

    async def _take_up(self) -> None:
        newest = await self.store.read(lambda view: view.fetch_one("newest_id"))
        if newest is not None and newest["id"] is not None:
            self._ids.go_on_after(newest["id"])
        await self._clock_steps.since_last_life()
        self._tasks.spawn(self._clock_steps.run(), name="clock steps")
        await self._silence.load()
        await self.halts.load()
        await self.ledger.load()
        now = self._clock.now()
        await self.store.write(lambda tx: post_capital(tx, self.registry, self._ids, now))
        for name in self.registry.accounts:
            self.fleet.begin(name)
        await self._wait_for_brokers()
        await self.desk.recover(self.fleet.tried)
        self.fleet.compare_every(timedelta(seconds=float(self.config.reconcile.seconds)))
        self.schedule.every(SPLITS_EVERY, self.ledger.carry_out, name="splits")
        self.schedule.every(EXPIRE_EVERY, self.approvals.expire, name="approvals")
        self.schedule.every(LOSSES_EVERY, self._losses.run, name="losses")
        self.schedule.every(skew.EVERY, self._skew.run, name="clocks")
        self.schedule.every(audit.EVERY, self._auditor.run, name="audit")
        self.schedule.every(CALENDARS_EVERY, self.calendars.renew, name="renew calendars")
        self.schedule.every(rate_watch.EVERY, self._rates.run, name="rates")
        self.schedule.every(trading_days.EVERY, self._days.run, name="trading days")
        self.schedule.start()
        await self.jobs.follow(self.registry.accounts)
        await self._runners.recover()
        self._tasks.spawn(guarded(self._auditor.first, "first audit"), name="first audit")

    def _assemble(self) -> None:
        clock, ids = self._clock, self._ids
        brokers: dict[AccountName, Broker] = {}
        market = Market(clock, brokers, self._tasks)
        lots = KnownLots(self.current, market)
        self.calendars = Calendars(self.store, clock, self.config.calendars, self._compute_sessions)
        requests = Requests()
        orders = Orders(lots, ids, requests)
        fills = Fills(orders, lots, ids)
        self.halts = Halts(self.store)
        persistence = Persistence(self.store, clock)
        splits = Splits(self.current, lots, orders, ids)
        keeper = Bookkeeper(self.current, lots, ids, splits, MarketDays(self.current, brokers))
        self.services = Services(
            clock=clock,
            ids=ids,
            current=self.current,
            market=market,
            brokers=brokers,
            persistence=persistence,
            orders=orders,
            fills=fills,
            evidence=Evidence(orders, fills, ids),
            halts=self.halts,
            keeper=keeper,
            ladders=ladders_of(
                current=self.current,
                orders=orders,
                fills=fills,
                halts=self.halts,
                keeper=keeper,
                ids=ids,
                closings=Closings(self.calendars.known, self._market_of),
            ),
        )
        self.ledger = LedgerDesk(self.store, self.services, splits)
        self.cancels = CancelDesk(self.current, orders)
        timetables = Timetables(self.services, self.calendars)
        self.approvals = approvals_of(self.services, self.calendars, timetables)
        self.desk = self._make_desk(requests)
        self.fleet = Fleet(self.services, self.schedule, self._connect, self._on_failure)
        self.jobs = open_board(
            self.services,
            rebalancing=self._open_rebalancing(),
            timetables=timetables,
            approvals=self.approvals,
            bus=self.bus,
            schedule=self.schedule,
            tasks=self._tasks,
            account_of=self.fleet.accounts.get,
        )
        self._auditor = audit.Auditor(self.store, brokers, clock, ids)
        self._losses = LossWatch(self.services)
        self._clock_steps = ClockSteps(self.store, self.services, self.bus, self._clock_went_back)
        self._skew = skew.SkewWatch(self.services)
        self._rates = rate_watch.RateWatch(self.current, clock, self.fleet.renew)
        self._days = trading_days.DayWatch(self.services, self._sessions_known)
        self.bus.subscribe(WorkArrived, self.fleet.work_arrived)
        self.bus.subscribe(OrderTaken, self.fleet.order_taken)
        self.bus.subscribe(LadderStirred, self.fleet.ladder_stirred)

    def _clock_went_back(self, back: timedelta) -> None:
        """Have everybody look again who waits for a time of the clock as it was."""
        if self.schedule.is_running:
            self.schedule.renew()
            self.fleet.went_back(back)
            self._tasks.spawn(guarded(self._runners.recover, "rebalances"), name="rebalances")

    def _make_desk(self, requests: Requests) -> Desk:
        services = self.services
        return Desk(
            store=self.store,
            clock=self._clock,
            tasks=self._tasks,
            bus=self.bus,
            ids=services.ids,
            intake=Intake(self.current, self.halts, services.orders, self.approvals, services.ids),
            cancels=self.cancels,
            requests=requests,
            market=services.market,
            brokers=services.brokers,
            current=self.current,
            commands_of=self._commands_of,
        )

    def _sessions_known(self, account: AccountName) -> Sessions | None:
        return self.calendars.known(self._market_of(account))

    def _market_of(self, account: AccountName) -> MarketName:
        return self.config.accounts[configured(account)].market

    def _open_rebalancing(self) -> RebalanceDesk:
        async def sessions_of(account: AccountName) -> Sessions:
            return await self.calendars.sessions(self.config.accounts[configured(account)].market)

        async def ready(account: AccountName) -> None:
            runtime = self.accounts.get(account)
            if runtime is not None:
                await runtime.tried.wait()

        planner, phases = Planner(self.services, sessions_of), Phases(self.services)
        self.rebalancing = RebalanceDesk(self.services, planner, phases)
        self.standings = Standings(self.rebalancing, self.bus, self._tasks, self._clock)
        self._runners = Runners(
            self.services,
            self.bus,
            self._tasks,
            lambda account: Runner(account, self.services, planner, phases, sessions_of),
            ready,
        )
        return self.rebalancing

    async def _connect(self, name: AccountName) -> Broker:
        try:
            sessions = await self.calendars.sessions(self._market_of(name))
        except (CalendarError, StorageError) as error:
            raise BrokerUnavailableError(str(error)) from error
        if configured(name) != name:
            await self.fleet.accounts[configured(name)].tried.wait()  # its prices come from there
            return await open_shadow(
                self.config,
                name,
                self.services.market,
                clock=self._clock,
                open_driver=self._open_driver,
                sessions=sessions,
                on_failure=self._on_failure,
            )
        return await open_broker(
            self.config,
            name,
            clock=self._clock,
            open_driver=self._open_driver,
            sessions=sessions,
            hub=self._binance,
            kis=self._kis,
            bridge=self._bridge,
            on_failure=self._on_failure,
        )

    def _binance(self) -> Hub:
        """What all accounts at Binance share; it is loaded for the first of them."""
        if self._hub is None:
            from adapters.binance.hub import Hub  # noqa: PLC0415 - as ``open_broker`` says

            self._hub = Hub(
                self._clock, on_failure=self._on_failure, dice=self._dice, silence=self._silence
            )
        return self._hub

    def _kis(self) -> KisHub:
        """What all accounts at KIS share; it is loaded for the first of them."""
        if self._kis_hub is None:
            from adapters.kis.hub import Hub as KisHub  # noqa: PLC0415 - as ``open_broker`` says

            folder = self.config.daemon.data_dir
            self._kis_hub = KisHub(self._clock, folder, on_failure=self._on_failure)
        return self._kis_hub

    def _bridge(self) -> BridgeHub:
        """What all accounts share that ccxt speaks for; it is loaded for the first of them."""
        if self._bridge_hub is None:
            from adapters.ccxt_bridge.hub import Hub as BridgeHub  # noqa: PLC0415 - as above

            self._bridge_hub = BridgeHub(self._clock, on_failure=self._on_failure)
        return self._bridge_hub

    async def _wait_for_brokers(self) -> None:
        try:
            async with asyncio.timeout(FIRST_CONNECTION_S):
                await self.fleet.tried()
        except TimeoutError:
            log.info("some brokers are slow; the daemon starts without waiting for them")
