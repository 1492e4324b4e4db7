"""Commissions and taxes that change on a date: from then on everything reckons with the new ones.

The registry holds the percentages of one day. When other ones begin it is made anew, and whatever
reserves, plans or reports asks the registry. Adapters know the dates, or are connected anew.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from daemon.brokers.shadows import configured
from daemon.config.accounts import BrokerKind
from daemon.rates import rate_at
from daemon.roster import registry_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from adapters.clock import Clock
    from algorithms.domain import AccountName
    from algorithms.rates import Rate
    from daemon.registry import Account
    from daemon.setup import Current

EVERY = timedelta(minutes=1)


class RateWatch:
    """Puts the percentages of today in force, and has ``renew`` tell an account's exchange."""

    def __init__(
        self, current: Current, clock: Clock, renew: Callable[[AccountName], Awaitable[None]]
    ) -> None:
        self._current = current
        self._clock = clock
        self._renew = renew

    async def run(self) -> None:
        """Look whether another rate has begun since the registry was made."""
        setup, now = self._current.setup, self._clock.now()
        changed = [
            name
            for name, known in setup.registry.accounts.items()
            if (account := setup.config.accounts[configured(name)]).rates
            and not _is_in_force(rate_at(account, now), known)
        ]
        if not changed:
            return
        registry = registry_of(setup.config, now)
        self._current.setup = replace(setup, registry=registry)
        for name in changed:
            if is_our_own(registry.accounts[name]):
                await self._renew(name)


def _is_in_force(rate: Rate, account: Account) -> bool:
    told = account.commission_percent, account.sell_tax_percent
    return told == (rate.commission_percent, rate.sell_tax_percent)


def is_our_own(account: Account) -> bool:
    """Whether an account trades at an exchange that we play ourselves."""
    return account.broker == BrokerKind.PAPER or account.shadows is not None
