"""What a futures venue pays or charges for positions held: booked once, shared by position.

It is asked for only when the account's cash differs from the books, so that it costs nothing
while nothing was paid. What was paid for a symbol that no book held then stays a difference.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from adapters.broker import FundingPayments
from algorithms.allocation import share_by_position
from algorithms.bookkeeping import Entry, EventKind
from algorithms.decimals import subtract, total
from algorithms.domain import EXTERNAL, BookName
from daemon.execution.bookkeeper import KEYS
from daemon.ids import id_before
from daemon.storage.rows import to_us

if TYPE_CHECKING:
    from adapters.broker import Broker, Funding
    from adapters.clock import Clock
    from algorithms.domain import AccountName
    from daemon.execution.bookkeeper import Bookkeeper
    from daemon.execution.persistence import Persistence
    from daemon.storage.tx import Tx, View

STEP = Decimal("1e-8")
OVERLAP = timedelta(hours=1)
"""How far before the newest payment the venue is asked again: a list may get its rows late."""
CLOCKS_AGREE = timedelta(minutes=1)
"""A fill that was executed after a moment was booked at most so long before it, by our clock."""
CALL_TIMEOUT_S = 15.0


class FundingBook:
    """Takes in the payments of one account."""

    def __init__(
        self,
        account: AccountName,
        broker: Broker,
        persistence: Persistence,
        keeper: Bookkeeper,
        clock: Clock,
    ) -> None:
        self._account = account
        self._payments = broker if isinstance(broker, FundingPayments) else None
        self._persistence = persistence
        self._keeper = keeper
        self._clock = clock

    async def begin(self) -> None:
        """Note, the first time, from when on payments count: earlier ones are in the holdings."""
        if self._payments is not None and await self._since() is None:
            await self._persistence.write(self._remember_beginning)

    async def take_in(self) -> bool:
        """Book what was paid; return whether there was anything new.

        Raises BrokerUnavailableError and TimeoutError.
        """
        since = await self._since()
        if self._payments is None or since is None:
            return False
        async with asyncio.timeout(CALL_TIMEOUT_S):
            paid = await self._payments.funding_since(since)
        booked = [await self._persistence.write(partial(self._book, paid=each)) for each in paid]
        return any(booked)

    async def _since(self) -> datetime | None:
        def known(view: View) -> list[datetime]:
            names = (f"funding_from:{self._account}", f"funding_until:{self._account}")
            rows = [view.fetch_one("fact", name=name) for name in names]
            return [datetime.fromisoformat(row["value"]) for row in rows if row is not None]

        times = await self._persistence.read(known)
        if not times:
            return None
        return max(times[0], times[-1] - OVERLAP)

    def _remember_beginning(self, tx: Tx) -> None:
        now = self._clock.now().isoformat()
        tx.execute("remember_fact", name=f"funding_from:{self._account}", value=now)

    def _book(self, tx: Tx, paid: Funding) -> bool:
        key = f"@funding:{self._account}:{paid.id}"
        if tx.fetch_one("ledger_key", key=key) is not None:
            return False
        held = self._held(tx, paid)
        if not paid.amount or not total(held.values()):
            return False
        now = self._clock.now()
        parts = share_by_position(paid.amount, list(held.values()), STEP)
        event_id = self._keeper.book(
            tx,
            self._account,
            EventKind.FUNDING,
            [
                Entry(
                    book=book, asset=paid.asset, quantity=part, symbol=str(paid.symbol), total=part
                )
                for book, part in zip(held, parts, strict=True)
                if part
            ],
            f"funding of {paid.at.isoformat()}",
            now,
        )
        tx.insert(KEYS, (key, b"", event_id, to_us(now)))
        tx.execute(
            "remember_fact", name=f"funding_until:{self._account}", value=paid.at.isoformat()
        )
        return True

    def _held(self, tx: Tx, paid: Funding) -> dict[BookName, Decimal]:
        """Return what each book held of the symbol when it was paid for."""
        asset = str(paid.symbol)
        held = {
            BookName(row["book"]): Decimal(row["quantity"])
            for row in tx.fetch("holders_of_asset", account=self._account, asset=asset)
            if row["book"] != EXTERNAL
        }
        for row in tx.fetch(
            "moved_after",
            account=self._account,
            asset=asset,
            moment=to_us(paid.at),
            booked_after=id_before(paid.at - CLOCKS_AGREE),
        ):
            if row["book"] in held:
                held[row["book"]] = subtract(held[row["book"]], Decimal(row["amount"]))
        return {book: units for book, units in held.items() if units}
