"""The futures listenKey: one an account, alive for an hour after it was last asked for."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from tests.simulators.binance.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

LIFE_MS = 3_600_000


class ListenKeys:
    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._made = 0
        self._keys: dict[str, str] = {}
        self._ends_ms: dict[str, int] = {}
        self.wake: Callable[[int], None] = lambda _at_ms: None
        """Asks to be looked at when a key may have expired."""

    def open(self, account: str, now_ms: int) -> str:
        """Return the account's key, the same while it lives, for another hour."""
        if now_ms >= self._ends_ms.get(account, 0):
            self._made += 1
            text = f"{self._seed}/{account}/{self._made}"
            self._keys[account] = hashlib.sha256(text.encode()).hexdigest()
        self._ends_ms[account] = now_ms + LIFE_MS
        self.wake(now_ms + LIFE_MS)
        return self._keys[account]

    def extend(self, account: str, now_ms: int) -> str:
        if now_ms >= self._ends_ms.get(account, 0):
            raise ApiError(-1125, "This listenKey does not exist.")
        return self.open(account, now_ms)

    def end(self, account: str) -> None:
        """Let the key be dead, for everybody who listens with it."""
        self._ends_ms.pop(account, None)

    def expire(self, now_ms: int) -> None:
        """Let the hour of every key be over now."""
        self._ends_ms = {account: min(end, now_ms) for account, end in self._ends_ms.items()}

    def is_expired(self, key: str, now_ms: int) -> bool:
        """Whether a key's hour is over; one that was ended is not expired but gone."""
        return any(
            each == key and account in self._ends_ms and now_ms >= self._ends_ms[account]
            for account, each in self._keys.items()
        )

    def account_of(self, key: str, now_ms: int) -> str | None:
        """Return whose living key this is."""
        for account, each in self._keys.items():
            if each == key and now_ms < self._ends_ms.get(account, 0):
                return account
        return None
