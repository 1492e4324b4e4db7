"""What happens to an account's orders: asked for, listened for, and told to who follows.

Lists and notices are two sources of the same news. The lists are asked again and again while an
order lives, seldom while notices flow and often while they do not.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.broker import BrokerError, BrokerUnavailableError
from adapters.kis.hosts import Profile
from adapters.kis.register import Register

if TYPE_CHECKING:
    from datetime import date, datetime

    from adapters.broker import BrokerFill, BrokerOrder, OrderRequest, SentOrder
    from adapters.followers import Followers
    from adapters.kis.desk import Desk, KisSettings
    from adapters.kis.hub import Access
    from adapters.kis.outcomes import Receipt
    from adapters.kis.register import Known
    from adapters.kis.rows import Row
    from algorithms.domain import Symbol

LOOK_EVERY_S = {Profile.REAL: 2.0, Profile.PAPER: 5.0}
"""Between two looks at the list while an order lives and nothing else tells of it."""
GATHER_S = 0.3
"""News that come together cost one look."""
UNLISTED_FOR = timedelta(minutes=2)
"""An order of ours that no list shows yet counts as open for so long."""

log = logging.getLogger(__name__)


class Orders:
    """The orders of one account."""

    def __init__(
        self, settings: KisSettings, desk: Desk, access: Access, followers: Followers
    ) -> None:
        self._settings = settings
        self._desk = desk
        self._access = access
        self._clock = access.clock
        self._followers = followers
        self._soon = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self.register = Register(settings.charges, settings.currency, self._is_fund, desk.over_at)

    async def follow(self) -> None:
        """Look after the orders from now on."""
        if self._looking is None:
            name = f"orders of {self._settings.account} at KIS"
            self._looking = self._access.hub.tasks.spawn(self._look(), name=name)

    async def leave(self) -> None:
        """Look no longer."""
        if self._looking is not None:
            self._looking.cancel()

    def look_soon(self) -> None:
        """Have the list looked at: something happened."""
        self._soon.set()

    def of(self, sent: SentOrder) -> Known | None:
        """Return what is known of an order that has a number."""
        assert sent.broker_order_id is not None  # the caller's to see to
        day = sent.market_day or self._desk.day_at(sent.sent_at)
        return self.register.get(day, sent.broker_order_id)

    def taken(self, request: OrderRequest, receipt: Receipt, venue: str) -> Known:
        """Enter an order that KIS has taken just now."""
        now = self._clock.now()
        day = self._desk.day_at(now)
        known, events = self.register.taken(request, receipt, day, venue, now)
        for event in events:
            self._followers.tell(event)
        self.look_soon()
        return known

    def adopt(self, row: Row, request: OrderRequest) -> Known:
        """Take an order of the lists for ours."""
        known = self.described(row)
        self.register.claim(known, request)
        self.look_soon()
        return known

    def described(self, row: Row) -> Known:
        """Return the order that a line is about."""
        if self.register.get(*row.key) is None:
            self.register.learn(row, self._clock.now(), has_cancel=False)
        known = self.register.get(*row.key)
        assert known is not None  # just learnt
        return known

    async def listed(
        self, first: date, last: date, *, symbol: Symbol | None = None, number: str | None = None
    ) -> list[Row]:
        """Ask for orders of some market days, take in what is news, and tell it."""
        rows = await self._desk.orders(first, last, symbol=symbol, number=number)
        await self._learn(rows)
        return rows

    async def _learn(self, rows: list[Row]) -> None:
        changed = {(row.day, row.origin) for row in rows if row.origin}
        for symbol in {row.symbol for row in rows if row.filled}:
            with suppress(BrokerError):  # what it pays in taxes hangs on what it is
                await self._desk.instrument(symbol)
        now = self._clock.now()
        for row in rows:
            if row.is_cancel:
                continue
            for event in self.register.learn(row, now, has_cancel=row.key in changed):
                self._followers.tell(event)

    async def open_orders(self) -> tuple[BrokerOrder, ...]:
        """Return what is open: what the list shows, and ours that it does not show yet."""
        now = self._clock.now()
        rows = await self._desk.open_orders(self._desk.day_at(now))
        await self._learn(rows)
        keys = {row.key for row in rows if not row.is_cancel}
        return tuple(
            known.order
            for known in self.register.live()
            if (known.day, known.number) in keys
            or (not known.listed and now < known.placed_at + UNLISTED_FOR)
        )

    async def fills_since(self, since: datetime) -> tuple[BrokerFill, ...]:
        """Return executions that were learnt of at or after ``since``, oldest first."""
        await self.listed(self._desk.day_at(since), self._desk.day_at(self._clock.now()))
        fills = [
            # Whose it is may have become known after it was told.
            replace(fill, client_id=known.client_id)
            for known in self.register.all()
            for fill in known.fills
            if fill.at >= since
        ]
        return tuple(sorted(fills, key=lambda fill: fill.at))

    def heard(self, symbol: Symbol, rows: list[Row]) -> list[Row]:
        """Return orders that only notices told of."""
        del symbol, rows
        return []

    def server_time(self) -> datetime:
        raise BrokerUnavailableError("KIS has not told its time")

    def _is_fund(self, symbol: Symbol) -> bool:
        instrument = self._desk.told_instrument(symbol)
        return instrument is not None and instrument.type in {"etf", "etn"}

    async def _look(self) -> None:
        """Look at the lists for as long as an order lives."""
        failing = False
        while True:
            live = self.register.live()
            period = LOOK_EVERY_S[self._settings.profile] if live else None
            with suppress(TimeoutError):
                async with asyncio.timeout(period):
                    await self._soon.wait()
            await self._clock.sleep(GATHER_S)
            self._soon.clear()
            live = self.register.live()
            if not live:
                continue
            today = self._desk.day_at(self._clock.now())
            try:
                await self.listed(min(known.day for known in live), today)
            except BrokerError as error:
                if not failing:
                    log.warning("account %s: %s", self._settings.account, error)
                failing = True
            else:
                failing = False
