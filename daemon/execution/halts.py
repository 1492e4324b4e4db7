"""Where new orders are stopped: everywhere, or in an account, a strategy or a book.

A halt stops new orders and slices; cancels stay allowed. It is stored, so it outlives a restart,
and cached here, because every order asks.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from daemon.storage.rows import to_us

if TYPE_CHECKING:
    from datetime import datetime

    from daemon.storage.store import Store
    from daemon.storage.tx import Tx, View


class Scope(StrEnum):
    """What a halt covers."""

    ALL = "all"
    ACCOUNT = "account"
    STRATEGY = "strategy"
    BOOK = "book"


class Halts:
    """The halts in force."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._halts: dict[tuple[Scope, str], str] = {}
        self._resting: dict[tuple[str, str], str] = {}
        """Symbols of accounts that the daemon itself keeps still for a moment, and why."""

    async def load(self) -> None:
        """Read the halts that outlived the last stop."""

        def read(view: View) -> dict[tuple[Scope, str], str]:
            rows = view.fetch("halts")
            return {(Scope(row["scope"]), row["name"]): row["reason"] for row in rows}

        self._halts = await self._store.read(read)

    def rest(self, account: str, symbol: str, reason: str) -> None:
        """Let no new order of a symbol pass until ``wake``; what needs it survives a restart."""
        self._resting[account, symbol] = reason

    def wake(self, account: str, symbol: str) -> None:
        """End a rest."""
        self._resting.pop((account, symbol), None)

    def reason(
        self, account: str, strategy: str, book: str, symbol: str | None = None
    ) -> str | None:
        """Return why orders of this book (in this symbol) are stopped now, or None."""
        resting = None if symbol is None else self._resting.get((account, symbol))
        if resting is not None:
            return f"{symbol} in {account} rests: {resting}"
        if not self._halts:
            return None
        for scope, name in (
            (Scope.ALL, ""),
            (Scope.ACCOUNT, account),
            (Scope.STRATEGY, strategy),
            (Scope.BOOK, book),
        ):
            reason = self._halts.get((scope, name))
            if reason is not None:
                return f"{scope.value} {name}".strip() + f" is halted: {reason}"
        return None

    async def halt(self, scope: Scope, name: str, reason: str, now: datetime) -> None:
        """Stop new orders from here on."""
        await self._store.write(lambda tx: self.halt_in(tx, scope, name, reason, now))
        self.note(scope, name, reason)

    def halt_in(self, tx: Tx, scope: Scope, name: str, reason: str, now: datetime) -> None:
        """Store a halt with what made it necessary; call ``note`` once that is on disk."""
        tx.execute("add_halt", scope=scope.value, name=name, reason=reason, at=to_us(now))

    def note(self, scope: Scope, name: str, reason: str) -> None:
        """Heed a halt that is stored."""
        self._halts[scope, name] = reason

    async def resume(self, scope: Scope, name: str) -> bool:
        """Let new orders pass again; return whether there was such a halt."""

        def write(tx: Tx) -> bool:
            return tx.execute("remove_halt", scope=scope.value, name=name) > 0

        found = await self._store.write(write)
        self._halts.pop((scope, name), None)
        return found
