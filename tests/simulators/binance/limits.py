"""What an address and an account may still ask: windows aligned to the calendar."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from tests.simulators.binance.errors import ApiError

MINUTE_MS = 60_000
TEN_SECONDS_MS = 10_000
BAN_MS = 120_000
PATIENCE = 10
"""Refused calls in one minute before the address is banned."""


class TooManyError(ApiError):
    """Refused for the rate; ``retry_after_s`` goes into the Retry-After header."""

    def __init__(self, status: int, code: int, message: str, *, now_ms: int, until_ms: int) -> None:
        super().__init__(code, message, status=status)
        self.retry_after_s = -(-(until_ms - now_ms) // 1000)
        self.retry_at_ms = until_ms


@dataclass(slots=True)
class _Window:
    began_ms: int = -1
    used: int = 0


class Limits:
    """Weight by address, orders by account. Counters fall to zero when an interval begins."""

    def __init__(self, *, weight: int, orders_10s: int, orders_1m: int) -> None:
        self.weight = weight
        self.orders = {TEN_SECONDS_MS: orders_10s, MINUTE_MS: orders_1m}
        self.refusals = 0
        """How often a call was refused for the rate."""
        self._used: dict[tuple[str, int], _Window] = defaultdict(_Window)
        self._banned_until_ms: dict[str, int] = {}
        self._refused: dict[str, _Window] = defaultdict(_Window)

    def ban(self, address: str, until_ms: int) -> None:
        self._banned_until_ms[address] = until_ms

    def take_weight(self, address: str, weight: int, now_ms: int) -> None:
        """Count a call's weight."""
        until = self._banned_until_ms.get(address, 0)
        if now_ms < until:
            self.refusals += 1
            raise TooManyError(
                418,
                -1003,
                f"Way too much request weight used; IP banned until {until}.",
                now_ms=now_ms,
                until_ms=until,
            )
        window = self._at(self._used[address, MINUTE_MS], MINUTE_MS, now_ms)
        window.used += weight
        if window.used <= self.weight:
            return
        self.refusals += 1
        refused = self._at(self._refused[address], MINUTE_MS, now_ms)
        refused.used += 1
        if refused.used > PATIENCE:
            self.ban(address, now_ms + BAN_MS)
        raise TooManyError(
            429,
            -1003,
            f"Too much request weight used; current limit is {self.weight} request weight per 1"
            " MINUTE.",
            now_ms=now_ms,
            until_ms=now_ms - now_ms % MINUTE_MS + MINUTE_MS,
        )

    def weight_used(self, address: str, now_ms: int) -> int:
        return self._at(self._used[address, MINUTE_MS], MINUTE_MS, now_ms).used

    def take_orders(self, account: str, seconds10: int, minute: int, now_ms: int) -> None:
        """Count orders of an account."""
        for length, count in ((TEN_SECONDS_MS, seconds10), (MINUTE_MS, minute)):
            window = self._at(self._used[account, length], length, now_ms)
            if window.used + count > self.orders[length]:
                self.refusals += 1
                raise TooManyError(
                    429,
                    -1015,
                    f"Too many new orders; current limit is {self.orders[length]} orders.",
                    now_ms=now_ms,
                    until_ms=now_ms - now_ms % length + length,
                )
        for length, count in ((TEN_SECONDS_MS, seconds10), (MINUTE_MS, minute)):
            self._used[account, length].used += count

    def orders_used(self, account: str, now_ms: int) -> dict[int, int]:
        """Return the orders counted for an account, by the window's length in ms."""
        return {
            length: self._at(self._used[account, length], length, now_ms).used
            for length in self.orders
        }

    @staticmethod
    def _at(window: _Window, length: int, now_ms: int) -> _Window:
        began = now_ms - now_ms % length
        if window.began_ms != began:
            window.began_ms, window.used = began, 0
        return window
