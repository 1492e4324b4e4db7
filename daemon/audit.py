"""The invariants, asserted in production: soon after the start and every hour.

Reading everything takes seconds on a ledger of years. It is done beside the daemon's own reading,
on a connection of its own, and it pauses again and again, so that orders never wait for it. What
does not hold is told as an alarm, once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from adapters.broker import BrokerError
from algorithms.decimals import ZERO
from algorithms.invariants import BrokerView, against_brokers, examine
from daemon.books import read_books, read_currencies, read_held, read_resting
from daemon.notices import raise_notice
from daemon.storage.rows import child_from_row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from adapters.broker import Holdings
    from adapters.clock import Clock
    from algorithms.domain import AccountName, ChildOrder
    from algorithms.invariants import Finding, Held, Violation
    from daemon.ids import IdSource
    from daemon.storage.store import Store
    from daemon.storage.tx import Tx, View

FIRST_AFTER_S = 60.0
EVERY = timedelta(hours=1)
REQUEST_AGE_MOST = timedelta(minutes=15)
"""No request may be without an answer for longer unless one of its orders lives."""
PASSING = frozenset({2, 6})
"""The invariants that may be broken for a moment with nothing wrong: money has just come to an
account, or the clock was just set and nothing has had the time to do what is due by it."""
SECOND_LOOK_S = 90.0
ASK_TIMEOUT_S = 15.0
ROWS_BETWEEN_PAUSES = 256
PAUSE_S = 0.003

log = logging.getLogger(__name__)


class TellsHoldings(Protocol):
    """What an audit asks of a broker."""

    async def holdings(self) -> Holdings:
        """Return positions and cash of the whole account."""
        ...


@dataclass(frozen=True, slots=True)
class _Books:
    """What is compared with the brokers."""

    held: tuple[Held, ...]
    live: list[ChildOrder]
    currencies: dict[AccountName, str]
    resting: frozenset[tuple[AccountName, str]]


class AuditStoppedError(Exception):
    """The daemon stops; nobody waits for the result any more."""


class Breather:
    """Lets other threads run while many rows are read, and ends the reading when told to."""

    def __init__(self) -> None:
        self._rows = 0
        self._stopped = False

    def __call__(self) -> None:
        self._rows += 1
        if self._rows % ROWS_BETWEEN_PAUSES == 0:
            if self._stopped:
                raise AuditStoppedError
            time.sleep(PAUSE_S)

    def stop(self) -> None:
        """End the reading at its next pause."""
        self._stopped = True


async def audit(
    store: Store,
    brokers: Mapping[AccountName, TellsHoldings] | None,
    clock: Clock,
    *,
    on_row: Callable[[], None] | None = None,
) -> tuple[Violation, ...]:
    """Check every invariant on the books as they are now; return what does not hold.

    Without ``brokers`` the books are not compared with any. ``on_row`` is called in the reading
    thread for every row. Raises StorageError.
    """
    findings: list[Finding] = []
    if brokers:
        findings.append(await compare(store, brokers))
    now = clock.now()

    def read(view: View) -> tuple[Finding, ...]:
        books = read_books(view, now=now, request_age_most=REQUEST_AGE_MOST, on_row=on_row)
        return examine(books)

    findings += await store.read_aside(read)
    return tuple(violation for finding in findings for violation in finding.violations)


async def compare(store: Store, brokers: Mapping[AccountName, TellsHoldings]) -> Finding:
    """Compare the books with the brokers, leaving out an account that moves meanwhile.

    What a broker says just before and just after the books were read must be the same: then
    nothing happened in between that the books could not know.
    """
    before = await _ask_all(brokers)

    def read(view: View) -> _Books:
        live = [child_from_row(row) for row in view.fetch("all_live_children")]
        return _Books(read_held(view), live, read_currencies(view), read_resting(view))

    books = await store.read(read)
    after = await _ask_all(brokers)
    views = [
        BrokerView(
            name,
            _by_asset(holdings) if _is_same(holdings, after.get(name)) else None,
            tolerance=ZERO if holdings is None else holdings.tolerance,
        )
        for name, holdings in before.items()
    ]
    return against_brokers(books.held, books.live, views, books.currencies, books.resting)


async def _ask_all(
    brokers: Mapping[AccountName, TellsHoldings],
) -> dict[AccountName, Holdings | None]:
    names = sorted(brokers)
    return dict(
        zip(names, await asyncio.gather(*(_ask(brokers[name]) for name in names)), strict=True)
    )


async def _ask(broker: TellsHoldings) -> Holdings | None:
    """Return what an account holds; None when its broker does not say."""
    try:
        async with asyncio.timeout(ASK_TIMEOUT_S):
            return await broker.holdings()
    except (BrokerError, TimeoutError):
        return None


def _by_asset(holdings: Holdings | None) -> dict[str, Decimal] | None:
    if holdings is None:
        return None
    return {str(symbol): units for symbol, units in holdings.positions.items()} | dict(
        holdings.cash
    )


def _is_same(before: Holdings | None, after: Holdings | None) -> bool:
    return _by_asset(before) == _by_asset(after)


class Auditor:
    """Audits again and again, and tells people what it finds."""

    def __init__(
        self,
        store: Store,
        brokers: Mapping[AccountName, TellsHoldings],
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._store = store
        self._brokers = brokers
        self._clock = clock
        self._ids = ids
        self._breather = Breather()
        self._told: frozenset[Violation] = frozenset()

    async def first(self) -> None:
        """Audit once, when the start has settled."""
        await self._clock.sleep(FIRST_AFTER_S)
        await self.run()

    async def run(self) -> None:
        """Audit now; raise an alarm for each violation that was not there the last time."""
        try:
            await self._look()
        except AuditStoppedError:
            return

    async def _look(self) -> None:
        found = await self._found()
        await self._tell([one for one in found if one.number not in PASSING])
        passing = {one for one in found if one.number in PASSING} - self._told
        if passing:
            await self._clock.sleep(SECOND_LOOK_S)
            still = frozenset(await self._found())
            await self._tell([one for one in found if one in passing & still])
        self._told &= frozenset(found)

    async def _found(self) -> tuple[Violation, ...]:
        return await audit(self._store, self._brokers, self._clock, on_row=self._breather)

    async def _tell(self, found: list[Violation]) -> None:
        new = [violation for violation in found if violation not in self._told]
        self._told |= frozenset(new)
        for violation in new:
            log.error("invariant %s: %s: %s", violation.number, violation.where, violation.what)
        if new:
            await self._store.write(lambda tx: self._raise(tx, new))

    def stop(self) -> None:
        """End an audit under way."""
        self._breather.stop()

    def _raise(self, tx: Tx, violations: list[Violation]) -> None:
        now = self._clock.now()
        for violation in violations:
            raise_notice(
                tx,
                self._ids.new(),
                "invariant_broken",
                now,
                number=str(violation.number),
                text=f"{violation.where}: {violation.what}",
            )
