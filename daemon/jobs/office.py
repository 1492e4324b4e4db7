"""Every kind of job and what does it; the board with all it needs, put together."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from daemon.brokers.shadows import configured
from daemon.calendars import CalendarError
from daemon.config.jobs import JobKind
from daemon.execution.approvals import Approvals
from daemon.execution.rule_intake import RuleIntake
from daemon.execution.stale import StaleOrders
from daemon.jobs.board import JobBoard, NotNowError, Tools
from daemon.jobs.comparison import Comparison
from daemon.jobs.day_prices import DayPrices
from daemon.jobs.loc_sheets import LocSheets
from daemon.jobs.make_orders import MakeOrders
from daemon.jobs.rebalance import Rebalance
from daemon.jobs.reports import Reports
from daemon.jobs.rule_round import RuleRound
from daemon.jobs.timetable import Timetable
from daemon.jobs.twap import TwapTick

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from adapters.tasks import TaskSupervisor
    from algorithms.domain import AccountName
    from daemon.calendars import Calendars
    from daemon.config import Config
    from daemon.execution.account_runtime import AccountRuntime
    from daemon.execution.services import Services
    from daemon.jobs.board import JobRunner
    from daemon.jobs.schedule import Schedule
    from daemon.rebalancing.desk import RebalanceDesk
    from daemon.signals import SignalBus


class Timetables:
    """The timetable of each account, as the configuration and the calendars say now."""

    def __init__(self, services: Services, calendars: Calendars) -> None:
        self._services = services
        self._calendars = calendars

    async def of(self, account: AccountName) -> Timetable:
        """Raises NotNowError while the market's calendar is not known."""
        config = self._services.current.setup.config
        market = config.accounts[configured(account)].market
        try:
            sessions = await self._calendars.sessions(market)
        except CalendarError as error:
            raise NotNowError(str(error)) from error
        named = configured(account)
        times = tuple(
            (job.run, time)
            for job in config.jobs
            if named in _accounts(config, job.accounts)
            for time in job.at
        )
        return Timetable(market, sessions, times, frozenset(config.schedule.weekdays))

    async def slices_left(self, account: AccountName) -> int:
        """Count the times of twap jobs that are left on an account's market day; 0 if unknown."""
        try:
            timetable = await self.of(account)
        except NotNowError:
            return 0
        return timetable.slices_left(self._services.clock.now())


def approvals_of(services: Services, calendars: Calendars, timetables: Timetables) -> Approvals:
    """Have orders wait for a person's yes until their market closes."""

    def next_close(account: AccountName, at: datetime) -> datetime | None:
        sessions = calendars.known(
            services.current.setup.config.accounts[configured(account)].market
        )
        return None if sessions is None else sessions.next_close(at)

    return Approvals(
        clock=services.clock,
        persistence=services.persistence,
        orders=services.orders,
        ids=services.ids,
        next_close=next_close,
        slices_left=timetables.slices_left,
    )


def open_board(
    services: Services,
    *,
    rebalancing: RebalanceDesk,
    timetables: Timetables,
    approvals: Approvals,
    bus: SignalBus,
    schedule: Schedule,
    tasks: TaskSupervisor,
    account_of: Callable[[AccountName], AccountRuntime | None],
) -> JobBoard:
    """Put the board together; it follows accounts when it is told of them."""

    async def ready(account: AccountName) -> None:
        tried: AccountRuntime | None = None
        while (runtime := account_of(account)) is not tried and runtime is not None:
            await runtime.tried.wait()
            tried = runtime  # a reload may have put another in its place meanwhile

    return JobBoard(
        Tools(
            clock=services.clock,
            persistence=services.persistence,
            ids=services.ids,
            runners=runners(services, timetables.of, bus, account_of, approvals, rebalancing),
            timetable=timetables.of,
            catch_up=lambda: timedelta(
                minutes=services.current.setup.config.schedule.catch_up_minutes
            ),
        ),
        schedule,
        tasks,
        ready,
    )


def runners(
    services: Services,
    timetable: Callable[[AccountName], Awaitable[Timetable]],
    bus: SignalBus,
    account_of: Callable[[AccountName], AccountRuntime | None],
    approvals: Approvals,
    rebalancing: RebalanceDesk,
) -> Mapping[JobKind, JobRunner]:
    """Every kind of job that can be done. A new kind is one line here."""
    intake = RuleIntake(services.current, services.halts, services.orders, approvals, services.ids)
    stale = StaleOrders(services.clock, services.persistence, services.orders, services.ids)
    return {
        JobKind.MAKE_ORDERS: MakeOrders(
            services,
            bus=bus,
            rules=RuleRound(services, DayPrices(services.market, services.persistence), intake),
            stale=stale,
            account_of=account_of,
            timetable=timetable,
        ),
        JobKind.TWAP: TwapTick(services.clock, timetable),
        JobKind.REBALANCE: Rebalance(services, rebalancing),
        JobKind.RECONCILE: Comparison(account_of),
        JobKind.REPORT: Reports(services),
        JobKind.LOC: LocSheets(services),
    }


def _accounts(config: Config, named: tuple[AccountName, ...]) -> tuple[AccountName, ...]:
    """Return the accounts a job is for: those it names, else all."""
    return named or tuple(config.accounts)
