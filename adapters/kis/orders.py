"""What happens to an account's orders: asked for, listened for, and told to who follows.

Lists and notices are two sources of the same news. The lists are asked again and again while an
order lives, seldom while notices flow and often while they do not.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.broker import (
    BrokerError,
    BrokerUnavailableError,
    StreamLost,
    StreamRestored,
)
from adapters.kis.hosts import Profile
from adapters.kis.notices import CANCEL, NEW, TOPICS
from adapters.kis.register import Execution, Register
from adapters.kis.rows import Row
from algorithms.decimals import ZERO

if TYPE_CHECKING:
    from datetime import date, datetime

    from adapters.broker import BrokerFill, BrokerOrder, OrderRequest, SentOrder
    from adapters.followers import Followers
    from adapters.kis.desk import Desk, KisSettings
    from adapters.kis.fingerprint import Fingerprint
    from adapters.kis.hub import Access
    from adapters.kis.notices import Notice
    from adapters.kis.outcomes import Receipt
    from adapters.kis.register import Key, Known
    from algorithms.domain import Symbol

LOOK_EVERY_S = {Profile.REAL: 2.0, Profile.PAPER: 5.0}
"""Between two looks at the list while an order lives and nothing else tells of it."""
LOOK_SELDOM_S = {Profile.REAL: 10.0, Profile.PAPER: 20.0}
"""The same while notices flow."""
MOST_HEARD = 1_000
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
        self.topic = TOPICS[settings.market, settings.profile], settings.hts_id or ""
        self._is_heard = False
        self._was_lost = False
        self._is_gap = False
        self._heard: OrderedDict[Key, Row] = OrderedDict()
        """Orders that notices told of, as a list would show them."""
        self._looking: asyncio.Task[None] | None = None
        self.register = Register(settings.charges, settings.currency, self._is_fund, desk.over_at)

    async def follow(self) -> None:
        """Look after the orders from now on."""
        if self._looking is None:
            name = f"orders of {self._settings.account} at KIS"
            self._looking = self._access.hub.tasks.spawn(self._look(), name=name)
            if self._settings.hts_id is not None:
                self._access.feed.join(self)

    async def leave(self) -> None:
        """Look no longer."""
        if self._looking is None:
            return
        self._looking.cancel()
        if self._settings.hts_id is not None:
            await self._access.feed.leave(self)

    def heard(self, notice: Notice) -> None:
        """Take in a notice. What it does not settle the list is asked for."""
        settings = self._settings
        if notice.account != settings.cano + settings.product:
            return
        now = self._clock.now()
        day = self._desk.day_at(now)
        if notice.is_execution and not notice.is_refused:
            told = Execution(
                number=notice.number,
                quantity=notice.quantity,
                price=notice.price,
                at=now,
                mark=notice.text,
            )
            events = self.register.executed(day, told)
            for event in events or ():
                self._followers.tell(event)
            if events is None:
                self.look_soon()
            return
        row = _row(notice, day, now)
        has_ended = notice.is_refused or notice.has_lapsed
        if has_ended:
            self._heard.pop(row.key, None)
        elif notice.what == NEW:
            self._heard[row.key] = row
            if len(self._heard) > MOST_HEARD:
                self._heard.popitem(last=False)
        if has_ended or notice.what != NEW:
            self.look_soon()

    def lost(self, reason: str) -> None:
        """Hear that notices may be missing from here on."""
        self._is_heard, self._was_lost = False, True
        self._followers.tell(StreamLost(reason))

    def restored(self) -> None:
        """Hear that notices flow (again); what the gap hid is looked up first."""
        self._is_heard = True
        self._is_gap = self._was_lost
        self._soon.set()

    def look_soon(self) -> None:
        """Have the list looked at: something happened."""
        self._soon.set()

    def of(self, sent: SentOrder) -> Known | None:
        """Return what is known of an order that has a number; None if that is another order's."""
        return self.register.ours(*self._named(sent), sent.request)

    def is_anothers(self, sent: SentOrder) -> bool:
        """Whether an order's number is known to be another order's."""
        return self.register.is_anothers(*self._named(sent), sent.request)

    def doubt(self, sent: SentOrder) -> None:
        """Believe no longer that an order goes by its number, unless a list has shown it."""
        if sent.broker_order_id is not None:
            self.register.doubt(*self._named(sent))

    def _named(self, sent: SentOrder) -> Key:
        assert sent.broker_order_id is not None  # the caller's to see to
        return sent.market_day or self._desk.day_at(sent.sent_at), sent.broker_order_id

    def taken(
        self, request: OrderRequest, receipt: Receipt, print_: Fingerprint
    ) -> Known | Fingerprint:
        """Enter an order that KIS has taken just now.

        If its number is another order's, one of the two was told wrong, and the lists will show
        which: then return the fingerprint to look for it by.
        """
        now = self._clock.now()
        day, number = self._desk.day_at(now), receipt.number
        other = self.register.get(day, number)
        was_there = other is not None and other.listed and number in print_.numbers
        if was_there or self.register.is_anothers(day, number, request):
            self.register.doubt(day, number)
            is_free = self.register.get(day, number) is None
            return replace(print_, numbers=print_.numbers - {number}) if is_free else print_
        venue = print_.terms.venue
        known, events = self.register.taken(request, receipt, day, venue, now)
        for event in events:
            self._followers.tell(event)
        self.look_soon()
        return known

    def adopt(self, row: Row, request: OrderRequest) -> Known:
        """Take an order of the lists for ours."""
        known = self.described(row)
        self.register.claim(known, request)
        for event in self.register.catch_up(known):
            self._followers.tell(event)
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

    async def _learn(self, rows: list[Row], *, quietly: bool = False) -> None:
        changed = {(row.day, row.origin) for row in rows if row.origin}
        for symbol in {row.symbol for row in rows if row.filled}:
            with suppress(BrokerError):  # what it pays in taxes hangs on what it is
                await self._desk.instrument(symbol)
        now = self._clock.now()
        for row in rows:
            if row.is_cancel:
                continue
            self._heard.pop(row.key, None)
            events = self.register.learn(row, now, has_cancel=row.key in changed)
            for event in () if quietly else events:
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
            or (
                not known.listed
                and now < known.placed_at + UNLISTED_FOR
                and not self.register.has_double(known)
            )
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

    def noticed(self, symbol: Symbol, rows: list[Row]) -> list[Row]:
        """Return orders of a symbol that notices told of and the list does not show."""
        listed = {row.key for row in rows}
        return [
            row for key, row in self._heard.items() if row.symbol == symbol and key not in listed
        ]

    def server_time(self) -> datetime:
        """Return KIS's time as its heartbeat told it. Raises BrokerUnavailableError."""
        ahead = self._access.feed.ahead
        if ahead is None:
            raise BrokerUnavailableError("KIS has not told its time")
        return self._clock.now() + ahead

    def _is_fund(self, symbol: Symbol) -> bool:
        """Whether a symbol is one whose sale Korea does not tax; in the US there is none."""
        instrument = self._desk.told_instrument(symbol)
        korean = self._settings.market == "XKRX"
        return korean and instrument is not None and instrument.type != "stock"

    async def _look(self) -> None:
        """Look at the lists for as long as an order lives."""
        failing = False
        while True:
            every = LOOK_SELDOM_S if self._is_heard else LOOK_EVERY_S
            period = every[self._settings.profile] if self.register.live() else None
            with suppress(TimeoutError):
                async with asyncio.timeout(period):
                    await self._soon.wait()
            await self._clock.sleep(GATHER_S)
            self._soon.clear()
            is_gap, self._is_gap = self._is_gap, False
            try:
                await self._look_once(quietly=is_gap)
            except BrokerError as error:
                if not failing:
                    log.warning("account %s: %s", self._settings.account, error)
                failing = True
            else:
                failing = False
            if is_gap and self._is_heard:
                self._was_lost = False
                self._followers.tell(StreamRestored())

    async def _look_once(self, *, quietly: bool) -> None:
        """Look at the lists. What a gap hid is learnt ``quietly``: who follows will ask for it."""
        if live := self.register.live():
            today = self._desk.day_at(self._clock.now())
            rows = await self._desk.orders(min(known.day for known in live), today)
            await self._learn(rows, quietly=quietly)


def _row(notice: Notice, day: date, now: datetime) -> Row:
    """Spell a notice of an order as a list would."""
    return Row(
        number=notice.number,
        origin=notice.origin,
        branch="",
        day=day,
        times=(now,),
        symbol=notice.symbol,
        side=notice.side,
        division=notice.division,
        venue="",
        quantity=notice.quantity,
        limit_price=notice.price or None,
        filled=ZERO,
        value=ZERO,
        left=notice.quantity,
        is_cancel=notice.what == CANCEL,
    )
