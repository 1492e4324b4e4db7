"""Every account of the daemon, each with a broker and a worker of its own: begun, ended, renewed.

An account whose settings change is ended in order and begun again with its new ones. Its orders
are in the database meanwhile, and what asks for its prices waits for the new connection.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from adapters.tasks import TaskSupervisor
from daemon.execution.account_runtime import AccountRuntime

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import timedelta

    from adapters.broker import Broker
    from algorithms.domain import AccountName
    from daemon.execution.services import Services
    from daemon.jobs.schedule import Schedule
    from daemon.signals import LadderStirred, OrderTaken, WorkArrived


class Fleet:
    """The accounts that run."""

    def __init__(
        self,
        services: Services,
        schedule: Schedule,
        connect: Callable[[AccountName], Awaitable[Broker]],
        on_failure: Callable[[str, BaseException], None],
    ) -> None:
        self._services = services
        self._schedule = schedule
        self._connect = connect
        self._on_failure = on_failure
        self.accounts: dict[AccountName, AccountRuntime] = {}
        self._compared_every: dict[AccountName, timedelta] = {}

    def begin(self, name: AccountName) -> None:
        """Start an account; it connects by itself, again and again until it can."""
        account = AccountRuntime(
            name,
            self._services,
            TaskSupervisor(on_failure=self._on_failure),
            partial(self._connect, name),
        )
        self.accounts[name] = account
        account.start()

    def compare_every(self, period: timedelta) -> None:
        """Compare each account with its broker from now on, again and again."""
        for name in self.accounts:
            if self._compared_every.get(name) != period:
                self._compared_every[name] = period
                job = partial(self._reconcile, name)
                self._schedule.every(period, job, name=_comparison(name))

    async def add(self, name: AccountName) -> None:
        """Start an account that orders may come for already: they wait for its connection."""
        with self._services.market.held(name):
            self.begin(name)
            await self.accounts[name].asked.wait()

    async def end(self, name: AccountName) -> None:
        """Stop an account for good and forget it."""
        self._schedule.forget(_comparison(name))
        self._compared_every.pop(name, None)
        await self.accounts.pop(name).stop()
        self._services.brokers.pop(name, None)
        self._services.market.forget(name)

    async def renew(self, name: AccountName) -> None:
        """Stop an account and start it again, as it is configured now."""
        with self._services.market.held(name):
            await self.accounts[name].stop()
            self._services.market.forget(name)
            self.begin(name)
            await self.accounts[name].asked.wait()

    async def stop(self) -> None:
        """Stop them all; what is at brokers stays there."""
        await asyncio.gather(*(account.stop() for account in self.accounts.values()))

    async def tried(self) -> None:
        """Return when the first attempt to connect to each broker has ended, either way."""
        await asyncio.gather(*(account.tried.wait() for account in self.accounts.values()))

    def wake(self) -> None:
        """Let every account look again at all its symbols: what is allowed has changed."""
        for account in self.accounts.values():
            if account.worker is not None:
                account.worker.wake_all()
            if account.ladders is not None:
                account.ladders.wake()

    def went_back(self, back: timedelta) -> None:
        """Have every account look again, now that the clock was set back by so much."""
        for account in self.accounts.values():
            if account.worker is not None:
                account.worker.went_back(back)
        self.wake()

    def work_arrived(self, signal: WorkArrived) -> None:
        """Hand on that an account has something to do."""
        account = self.accounts.get(signal.account)
        if account is not None and account.worker is not None:
            account.worker.arrived(signal)

    def order_taken(self, signal: OrderTaken) -> None:
        """Hand on that an account has a new order."""
        account = self.accounts.get(signal.account)
        worker = None if account is None else account.worker
        if worker is not None:
            worker.taken(signal)

    def ladder_stirred(self, signal: LadderStirred) -> None:
        """Hand on that something about an account's LOC ladders is to be done."""
        account = self.accounts.get(signal.account)
        if account is not None and account.ladders is not None:
            account.ladders.wake()

    async def _reconcile(self, name: AccountName) -> None:
        account = self.accounts.get(name)
        if account is not None:
            await account.reconcile()


def _comparison(name: AccountName) -> str:
    return f"reconcile {name}"
