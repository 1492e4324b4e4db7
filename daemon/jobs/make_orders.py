"""The job that makes the day's orders, once for each book and market day.

In this order: compare the books with what the broker holds and tell every difference; end what
earlier days left; ask the rule of each active book; net. A kill between two books loses nothing:
what a book was asked and what came of it are stored in one transaction.
"""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from adapters.broker import BrokerError, TradingDays
from algorithms.decimals import ZERO, subtract, to_text, total
from algorithms.domain import EXTERNAL, SUSPENSE
from daemon.config.market import Market
from daemon.jobs.board import NotNowError
from daemon.jobs.twap import begin_slices
from daemon.notices import raise_notice
from daemon.signals import OrderTaken

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from algorithms.domain import AccountName
    from daemon.execution.account_runtime import AccountRuntime
    from daemon.execution.reconcile import Difference
    from daemon.execution.services import Services
    from daemon.execution.stale import StaleOrders
    from daemon.jobs.rule_round import RuleRound
    from daemon.jobs.runs import JobRun
    from daemon.jobs.timetable import Timetable
    from daemon.signals import SignalBus
    from daemon.storage.tx import Tx, View


class MakeOrders:
    """Makes the orders of an account's books."""

    once_a_day = True

    def __init__(
        self,
        services: Services,
        *,
        bus: SignalBus,
        rules: RuleRound,
        stale: StaleOrders,
        account_of: Callable[[AccountName], AccountRuntime | None],
        timetable: Callable[[AccountName], Awaitable[Timetable]],
    ) -> None:
        self._services = services
        self._bus = bus
        self._rules = rules
        self._stale = stale
        self._account_of = account_of
        self._timetable = timetable

    async def run(self, run: JobRun) -> Callable[[Tx], str]:
        timetable = await self._timetable(run.account)
        says_broker = await self._broker_disagrees(run, timetable)
        if says_broker is not None:
            return partial(self._disagreement, run=run, says_broker=says_broker)
        if not run.trades:
            return partial(self._no_trading_day, run=run, market=timetable.market)
        await self._compare(run)
        unready = await self._stale.end(
            run.account,
            timetable.begins(run.day),
            keep_running=timetable.market is Market.ALWAYS_OPEN,
            day_of=timetable.sessions.day_at,
        )
        answers = await self._rules.ask(run, timetable, unready)
        # Only now, so that netting sees the orders of all books at once.
        self._bus.deliver(
            [
                OrderTaken(each.account, each.symbol, each.side, run.due_at)
                for each in answers.placed
            ]
        )
        await self._begin_at_once(run, timetable)
        if answers.problems:
            raise NotNowError("; ".join(answers.problems))
        return lambda _: f"{len(answers.placed)} orders"

    async def _begin_at_once(self, run: JobRun, timetable: Timetable) -> None:
        """Work what was ordered now, if no twap job will do so on this day any more."""
        now = self._services.clock.now()
        if timetable.slices_left(now):
            return
        since = timetable.begins(run.day)
        await self._services.persistence.write(
            lambda tx: begin_slices(tx, run.account, since=since, left=1, now=now)
        )

    async def _broker_disagrees(self, run: JobRun, timetable: Timetable) -> bool | None:
        """Return whether the broker trades on this day if the calendar says otherwise."""
        broker: object = self._services.brokers.get(run.account)
        if not isinstance(broker, TradingDays):
            return None
        try:
            says_broker = await broker.is_trading_day(run.day)
        except BrokerError as error:
            raise NotNowError(f"the broker does not say whether it trades: {error}") from error
        says_calendar = timetable.sessions.session_on(run.day) is not None
        return None if says_broker in {None, says_calendar} else says_broker

    def _disagreement(self, tx: Tx, run: JobRun, *, says_broker: bool) -> str:
        open_day, closed_day = "it is a trading day", "it is none"
        calendar, broker = (closed_day, open_day) if says_broker else (open_day, closed_day)
        day = run.day.isoformat()
        self._tell(tx, "calendar_disagrees", run, day=day, calendar=calendar, broker=broker)
        return "calendar and broker disagree"

    def _no_trading_day(self, tx: Tx, run: JobRun, market: Market) -> str:
        self._tell(tx, "no_trading_day", run, day=run.day.isoformat(), market=market.value)
        return "not a trading day"

    async def _compare(self, run: JobRun) -> None:
        """Tell every difference between the books and the broker."""
        account = self._account_of(run.account)
        if account is None:
            raise NotNowError("the account is not running")
        try:
            differences = await account.compare()
        except BrokerError as error:
            raise NotNowError(str(error)) from error

        def tell(tx: Tx) -> None:
            for asset, books, broker in _with_suspense(tx, run.account, differences):
                self._tell(
                    tx, "books_differ", run, asset=asset, books=to_text(books),
                    broker=to_text(broker),
                )  # fmt: skip

        await self._services.persistence.write(tell)

    def _tell(self, tx: Tx, code: str, run: JobRun, **params: str) -> None:
        now = self._services.clock.now()
        raise_notice(tx, self._services.ids.new(), code, now, account=run.account, **params)


def _with_suspense(
    view: View, account: AccountName, differences: Iterable[Difference]
) -> list[tuple[str, Decimal, Decimal]]:
    """Return asset, books and broker where they differ: what is in suspense is in no book."""
    books: dict[str, list[Decimal]] = {}
    suspense: dict[str, Decimal] = {}
    for row in view.fetch("positions_of_account", account=account):
        if row["book"] == SUSPENSE:
            suspense[row["asset"]] = Decimal(row["quantity"])
        elif row["book"] != EXTERNAL:
            books.setdefault(row["asset"], []).append(Decimal(row["quantity"]))
    amounts = {each.asset: each.amount for each in differences}
    found: list[tuple[str, Decimal, Decimal]] = []
    for asset in sorted(amounts.keys() | suspense.keys()):
        ours = total(books.get(asset, ()))
        theirs = total((ours, suspense.get(asset, ZERO), amounts.get(asset, ZERO)))
        if subtract(theirs, ours):
            found.append((asset, ours, theirs))
    return found
