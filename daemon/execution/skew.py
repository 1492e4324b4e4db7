"""Our clock against the brokers': measured, and told when it is off.

Signed requests, order times and the days of sessions all rest on the clock. A broker without a
clock to ask is left out.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.broker import BrokerError
from daemon.notices import raise_notice

if TYPE_CHECKING:
    from adapters.broker import Broker
    from algorithms.domain import AccountName
    from daemon.execution.services import Services
    from daemon.storage.tx import Tx

EVERY = timedelta(minutes=1)
MOST = timedelta(seconds=1)
"""Venues refuse signed requests that are some seconds off (Binance: 5, and 1 into the future)."""
ASK_TIMEOUT_S = 5.0
LONGEST_WAY_S = 2.0
"""An answer that took longer says too little about when it was given."""


class SkewWatch:
    """Compares the clocks of all accounts; ``measured`` is the broker's time less ours."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._told: set[AccountName] = set()
        self.measured: dict[AccountName, timedelta] = {}

    async def run(self) -> None:
        """Measure every account that is connected, each beside the others."""
        await asyncio.gather(
            *(self._look_at(name, broker) for name, broker in self._services.brokers.items())
        )

    async def _look_at(self, name: AccountName, broker: Broker) -> None:
        skew = await self._measure(broker)
        if skew is None:
            return
        self.measured[name] = skew
        is_off = abs(skew) > MOST
        if is_off and name not in self._told:
            self._told.add(name)
            await self._tell(name, "clock_skew", skew)
        elif not is_off and name in self._told:
            self._told.discard(name)
            await self._tell(name, "clock_right", skew)

    async def _measure(self, broker: Broker) -> timedelta | None:
        """How far the broker's clock is ahead; None when nobody can say.

        It was read about half way between question and answer.
        """
        clock = self._services.clock
        began, asked_at = clock.monotonic(), clock.now()
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                theirs = await broker.server_time()
        except (BrokerError, TimeoutError):
            return None
        way = clock.monotonic() - began
        if way > LONGEST_WAY_S:
            return None
        half = timedelta(seconds=way / 2)
        return theirs - (asked_at + half)

    async def _tell(self, name: AccountName, code: str, skew: timedelta) -> None:
        services = self._services
        now = services.clock.now()

        def tell(tx: Tx) -> None:
            raise_notice(
                tx,
                services.ids.new(),
                code,
                now,
                account=name,
                seconds=f"{skew.total_seconds():+.3f}",
            )

        await services.persistence.write(tell)
