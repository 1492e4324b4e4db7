"""How many calls a key may make in a second. Which window the hosts use is not known."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulators.kis.refusals import gateway

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

    from tests.simulators.kis.services import Service
    from tests.simulators.kis.switches import Switches

SECOND = timedelta(seconds=1)


class Limits:
    """Counts what passed; what is refused costs nothing."""

    def __init__(self, switches: Switches, random: Random) -> None:
        self._switches = switches
        self._random = random
        self._passed: dict[str, deque[datetime]] = defaultdict(deque)
        self._level: dict[str, tuple[float, datetime]] = {}
        self._ordered: dict[str, datetime] = {}
        self._balances: deque[datetime] = deque()
        self.throttled = 0
        """How many calls were refused with EGW00201."""

    def take(self, app_key: str, service: Service, now: datetime) -> None:
        """Let a call pass, or refuse it with EGW00201 or EGW00215."""
        spacing = timedelta(seconds=self._switches.order_spacing_s)
        early = service.is_order and now - self._ordered.get(app_key, now - spacing) < spacing
        stray = self._random.randrange(100) < self._switches.stray_throttle_percent
        if early or stray or not self._fits(app_key, now):
            self.throttled += 1
            raise gateway("EGW00201")
        if service.is_order:
            self._ordered[app_key] = now
        if service.name == "domestic.balance" and self._switches.ledger_limit:
            _forget(self._balances, now)
            if len(self._balances) >= self._switches.ledger_limit:
                raise gateway("EGW00215")
            self._balances.append(now)

    def _fits(self, app_key: str, now: datetime) -> bool:
        most = self._switches.rate_limit
        if self._switches.rate_window == "bucket":
            level, at = self._level.get(app_key, (float(most), now))
            level = min(float(most), level + (now - at).total_seconds() * most)
            self._level[app_key] = (level - 1, now) if level >= 1 else (level, now)
            return level >= 1
        passed = self._passed[app_key]
        if self._switches.rate_window == "fixed":
            this = now.replace(microsecond=0)
            while passed and passed[0] < this:
                passed.popleft()
        else:
            _forget(passed, now)
        if len(passed) >= most:
            return False
        passed.append(now)
        return True


def _forget(passed: deque[datetime], now: datetime) -> None:
    while passed and passed[0] <= now - SECOND:
        passed.popleft()
