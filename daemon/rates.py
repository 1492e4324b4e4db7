"""Commissions and taxes of an account, by the day."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from algorithms.rates import Rate, rate_on
from daemon.calendars import ZONES

if TYPE_CHECKING:
    from datetime import datetime

    from daemon.config.accounts import AccountConfig


def rates_of(account: AccountConfig) -> tuple[Rate, ...]:
    """Return the percentages of an account, the oldest first; what a later one omits stays."""
    found = [Rate(None, account.commission_percent, account.sell_tax_percent)]
    for since, told in sorted(account.rates.items()):
        before = found[-1]
        commission, tax = told.commission_percent, told.sell_tax_percent
        found.append(
            Rate(
                since,
                before.commission_percent if commission is None else commission,
                before.sell_tax_percent if tax is None else tax,
            )
        )
    return tuple(found)


def rate_at(account: AccountConfig, at: datetime) -> Rate:
    """Return the percentages of the day that ``at`` belongs to, where the account trades."""
    found = rate_on(rates_of(account), at.astimezone(ZONES.get(account.market, UTC)).date())
    assert found is not None  # the first has no beginning
    return found
