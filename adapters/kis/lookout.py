"""Where an order went: KIS knows no ids of ours, so it is found by what it looks like.

What is noted before an order is sent, and while it is under way, says which of the orders in the
lists may be it, and from when on none of them can be.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from adapters.broker import (
    Absent,
    Accepted,
    Ambiguous,
    BrokerError,
    Found,
    OutcomeUnknown,
    RefusalCode,
    Refused,
    SentOrder,
    Undecided,
)
from adapters.http import ANSWER_S, CONNECT_S
from adapters.kis.fingerprint import Fingerprint, read_fingerprint, search
from adapters.kis.hosts import Profile
from adapters.kis.pace import LEAVE_S, Rank

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

    from adapters.broker import FindOutcome, OrderRequest, PlaceOutcome
    from adapters.clock import Clock
    from adapters.kis.desk import Desk, KisSettings
    from adapters.kis.orders import Orders
    from adapters.kis.register import Known
    from algorithms.domain import ChildId

SHOWN_S = {
    ("XKRX", Profile.REAL): 12.0,
    ("XKRX", Profile.PAPER): 12.0,
    ("XNYS", Profile.REAL): 20.0,
    ("XNYS", Profile.PAPER): 65.0,
}
"""How long an accepted order may be missing from the lists."""
LOOK_AGAIN_S = 1.0
"""After the first look for an order that was turned away; after each, a second longer."""
LAST_LOOK_S = 30.0
"""For the last of those looks: it begins when nothing can be hidden any more."""
TRAVEL_S = LEAVE_S[Rank.ORDER] + CONNECT_S + ANSWER_S
MOST_REMEMBERED = 10_000


@dataclass(slots=True)
class Attempt:
    """What is remembered of an order that is being placed."""

    print_: Fingerprint
    left_at: datetime | None = None
    throttled: int = 0


class Lookout:
    """Finds one account's orders, and remembers what was noted of the newest."""

    def __init__(self, settings: KisSettings, desk: Desk, orders: Orders, clock: Clock) -> None:
        self._desk = desk
        self._orders = orders
        self._clock = clock
        self._attempts: OrderedDict[ChildId, Attempt | Refused] = OrderedDict()
        self._in_flight: Counter[ChildId] = Counter()
        self._shown_s = SHOWN_S[settings.market, settings.profile]
        self.settle_time = timedelta(seconds=TRAVEL_S + self._shown_s)
        self.second_look = timedelta(seconds=self._shown_s + LAST_LOOK_S)

    def note(self, client_id: ChildId, print_: Fingerprint) -> Attempt:
        """Remember what an order looks like that is about to be sent, or sent again."""
        before = self._attempts.get(client_id)
        throttled = before.throttled if isinstance(before, Attempt) else 0
        attempt = Attempt(print_, throttled=throttled)
        self._remember(client_id, attempt)
        return attempt

    def note_refusal(self, client_id: ChildId, refused: Refused) -> None:
        """Remember that nothing can be noted of an order, and why: then it must not be sent.

        Neither by what was noted when it was sent before, nor by what could be had a moment later:
        nothing of that would be stored, and without it an order that is lost is never found.
        """
        self._remember(client_id, refused)

    def _remember(self, client_id: ChildId, noted: Attempt | Refused) -> None:
        self._attempts.pop(client_id, None)
        self._attempts[client_id] = noted
        if len(self._attempts) > MOST_REMEMBERED:
            self._attempts.popitem(last=False)

    def attempt(self, client_id: ChildId) -> Attempt | Refused | None:
        """Return what was noted of an order, or why nothing was."""
        return self._attempts.get(client_id)

    @contextmanager
    def under_way(self, client_id: ChildId, attempt: Attempt) -> Iterator[None]:
        """Know of a request while it is under way, and when it may have left at the latest."""
        self._in_flight[client_id] += 1
        try:
            yield
        finally:
            self._in_flight[client_id] -= 1
            if not self._in_flight[client_id]:
                del self._in_flight[client_id]
            attempt.left_at = self._clock.now()

    async def find(self, sent: SentOrder) -> FindOutcome:
        """Find an order by its number, or without one by what it looks like.

        Raises BrokerError when the lists cannot be had.
        """
        if sent.broker_order_id is not None:
            return await self._find_numbered(sent)
        return await self._find_unknown(sent)

    async def until_sure(
        self, request: OrderRequest, attempt: Attempt, began: datetime
    ) -> PlaceOutcome:
        """See whether an order turned away for haste is there all the same: KIS does not say.

        It is looked for as long as a list may hide it. Then it may be sent again, once; the
        second time nobody knows.
        """
        attempt.throttled += 1
        sent, reason = _sent(request, began), "too many requests a second"
        sure_at = self._clock.monotonic() + self._shown_s
        for look in count(1):
            asked = self._clock.monotonic()
            try:
                found = await self._search(sent, attempt.print_)
            except BrokerError as error:
                if asked >= sure_at:
                    return OutcomeUnknown(f"{reason}, and no list to look at: {error}")
            else:
                if isinstance(found, Found):
                    return Accepted(found.order)
                if found is not None:
                    return OutcomeUnknown(reason)
                if asked >= sure_at:
                    break
            await self._clock.sleep(LOOK_AGAIN_S * look)
        try:
            if attempt.throttled > 1 or await self._may_hide(sent, attempt.print_):
                return OutcomeUnknown(reason)
        except BrokerError as error:
            return OutcomeUnknown(f"{reason}, and nobody tells what has moved: {error}")
        return Refused(RefusalCode.RATE_LIMITED, reason, 0.1)

    async def look_up(self, sent: SentOrder) -> Known | None:
        """Learn the branch of an order that another process sent; a cancel does not need more.

        One whose number no list shows may be there under another one, or it is a stranger's.
        """
        try:
            await self._orders.listed(*self._days(sent), symbol=sent.request.symbol)
            known = self._orders.of(sent)
            if (known is None or not known.listed) and self.is_overdue(sent):
                found = await self._search_renumbered(sent)
                if isinstance(found, Found):
                    return self._orders.register.get(found.order.market_day, found.order.id)
        except BrokerError:
            return None
        return self._orders.of(sent)

    def is_overdue(self, sent: SentOrder) -> bool:
        """Whether no list can be late any more with an order."""
        return self._clock.now() >= sent.sent_at + self.settle_time

    async def _find_numbered(self, sent: SentOrder) -> FindOutcome:
        number = sent.broker_order_id
        await self._orders.listed(*self._days(sent), symbol=sent.request.symbol, number=number)
        known = self._orders.of(sent)
        if known is None or not (known.listed or known.filled >= known.quantity):
            hidden = Undecided("the lists do not show an order that KIS has taken")
            return await self._search_renumbered(sent) if self.is_overdue(sent) else hidden
        self._orders.register.claim(known, sent.request)
        return Found(known.order, tuple(known.fills))

    async def _search_renumbered(self, sent: SentOrder) -> FindOutcome:
        """Look for an order by what it looks like: its number may have been told wrong."""
        print_ = read_fingerprint(sent.fingerprint)
        found = None if print_ is None else await self._search(sent, print_)
        if isinstance(found, Found):
            self._orders.doubt(sent)
        return found or Ambiguous(())

    async def _find_unknown(self, sent: SentOrder) -> FindOutcome:
        """Look for an order whose number nobody told us, by what it looks like."""
        print_ = read_fingerprint(sent.fingerprint)
        if print_ is None:
            return Absent()  # nothing was noted, so nothing was sent
        noted = self._attempts.get(sent.request.client_id)
        attempt = noted if isinstance(noted, Attempt) else Attempt(print_)
        left_at, print_ = attempt.left_at or sent.sent_at, attempt.print_
        began = self._clock.now()
        found = await self._search(sent, print_)
        if found is not None:
            return found
        if self._in_flight[sent.request.client_id]:
            return Undecided("the request is still on its way")
        if began < max(sent.sent_at, left_at) + self.settle_time:
            return Undecided("too early to be sure")
        return Ambiguous(()) if await self._may_hide(sent, print_) else Absent()

    async def _may_hide(self, sent: SentOrder, print_: Fingerprint) -> bool:
        """Whether the lists may never show an order; they do not if they show a later one."""
        return not self._orders.register.shows_after(sent.sent_at) and await self._desk.is_hiding(
            sent.request, print_.free
        )

    async def _search(self, sent: SentOrder, print_: Fingerprint) -> Found | Ambiguous | None:
        """Look at the list once: the one order that must be it, several that may, or none."""
        rows = await self._orders.listed(*self._days(sent), symbol=sent.request.symbol)
        rows = rows + self._orders.noticed(sent.request.symbol, rows)
        seen = search(rows, sent, print_, self._orders.register.owner)
        if len(seen.fitting) == 1 and not self._in_flight[sent.request.client_id]:
            known = self._orders.adopt(seen.fitting[0], sent.request)
            return Found(known.order, tuple(known.fills))
        candidates = seen.fitting + seen.doubtful
        if candidates and not self._in_flight[sent.request.client_id]:
            return Ambiguous(tuple(self._orders.described(row).order for row in candidates))
        return None

    def _days(self, sent: SentOrder) -> tuple[date, date]:
        """Return the market days under which KIS may have filed an order."""
        if sent.market_day is not None:
            return sent.market_day, sent.market_day
        hour = timedelta(hours=1)
        return self._desk.day_at(sent.sent_at - hour), self._desk.day_at(sent.sent_at + hour)


def _sent(request: OrderRequest, began: datetime) -> SentOrder:
    """Describe an order that was, or may have been, sent just now."""
    return SentOrder(
        request=request,
        sent_at=began,
        fingerprint=None,
        broker_order_id=None,
        market_day=None,
    )
