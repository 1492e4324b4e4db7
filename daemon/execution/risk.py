"""The limits of [risk] and the switch to real money, asked before an order is taken and sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from algorithms.risk import Asked, Limits, order_objection, rate_objection
from daemon.storage.rows import to_us

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from algorithms.domain import AccountName
    from daemon.config.trading import RiskConfig
    from daemon.registry import Account
    from daemon.storage.tx import View

MINUTE = timedelta(minutes=1)


def limits_of(config: RiskConfig) -> Limits:
    """Take the limits out of the configuration."""
    return Limits(
        max_order_value=config.max_order_value,
        max_orders_per_minute=config.max_orders_per_minute,
        price_collar_percent=config.price_collar_percent,
        max_daily_loss=config.max_daily_loss,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """What orders must pass. ``live``: whether real money may be traded."""

    limits: Limits
    live: bool

    def not_live(self, account: Account) -> str | None:
        """Why this account may trade nothing now, or None."""
        if self.live or not account.is_live:
            return None
        return f"not_live: {account.name} trades real money, and daemon.live is false"

    def objection(
        self,
        quantity: Decimal,
        *,
        limit: Decimal | None,
        stop: Decimal | None,
        price: Decimal | None,
    ) -> str | None:
        """Why an order of this size and these prices may not pass, or None."""
        if not self.limits.need_price:
            return None
        return order_objection(
            self.limits, Asked(quantity=quantity, limit=limit, stop=stop, price=price)
        )

    def too_fast(self, view: View, account: AccountName, now: datetime) -> str | None:
        """Why an account may send nothing more in this minute, or None."""
        if self.limits.max_orders_per_minute is None:
            return None
        row = view.fetch_one("count_sent_since", account=account, since=to_us(now - MINUTE))
        return rate_objection(self.limits, 0 if row is None else row["count"])
