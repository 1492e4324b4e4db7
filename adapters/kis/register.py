"""The orders of an account as far as this process knows them, whoever told of them.

KIS tells totals of an order in its lists and single executions in its notices. Both are kept as
one growing series of fills an order: a fill is added once, by whoever tells of it first, and the
series' sums are those of the lists. What a total cannot say, in how many pieces it traded, is
lost; what it cost is not.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.broker import BrokerFill, BrokerOrder, BrokerOrderState, FillEvent, OrderEvent
from algorithms.decimals import ZERO, add, multiply, subtract
from algorithms.domain import BrokerOrderId, OrderType
from algorithms.executions import finest_tick, priced_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date, datetime
    from decimal import Decimal

    from adapters.broker import BrokerEvent, OrderRequest
    from adapters.kis.charges import Charges
    from adapters.kis.outcomes import Receipt
    from adapters.kis.rows import Row
    from algorithms.domain import ChildId, Side, Symbol

MOST_KEPT = 10_000
DIVISIONS = {
    "01": OrderType.MARKET,
    "22": OrderType.STOP_LIMIT,
    "31": OrderType.MOO,
    "32": OrderType.LOO,
    "33": OrderType.MOC,
    "34": OrderType.LOC,
}
"""KIS's type codes that are none of a plain limit order."""
REPEAT_CANCEL_AFTER = timedelta(seconds=5)
"""A cancel that KIS has taken is not sent again so soon."""
MARGIN = timedelta(minutes=30)
"""How long before an order is surely over its market has closed: what ends then has expired."""
S = BrokerOrderState

Key = tuple["date", str]


@dataclass(slots=True, kw_only=True)
class Known:
    """One order. ``listed``: a list has shown it; ``cancel_sent_at``: KIS took our cancel then.

    ``origin``: the number of the order whose place it took, if it did.
    """

    number: str
    day: date
    symbol: Symbol
    side: Side
    order_type: OrderType
    quantity: Decimal
    limit_price: Decimal | None
    placed_at: datetime
    branch: str = ""
    venue: str = ""
    origin: str = ""
    client_id: ChildId | None = None
    fills: list[BrokerFill] = field(default_factory=list)
    filled: Decimal = ZERO
    value: Decimal = ZERO
    end: BrokerOrderState | None = None
    reason: str = ""
    listed: bool = False
    cancel_sent_at: datetime | None = None
    heard: set[str] = field(default_factory=set)
    """Notices of executions that were counted, as they were written."""
    heard_filled: Decimal = ZERO

    @property
    def state(self) -> BrokerOrderState:
        if self.filled >= self.quantity:
            return S.FILLED
        if self.end is not None:
            return self.end
        return S.PARTIALLY_FILLED if self.filled else S.OPEN

    @property
    def left(self) -> Decimal:
        return subtract(self.quantity, self.filled)

    @property
    def is_live(self) -> bool:
        return not self.state.is_final

    def is_being_cancelled(self, now: datetime) -> bool:
        """Whether a cancel of it was taken a moment ago."""
        return self.cancel_sent_at is not None and now < self.cancel_sent_at + REPEAT_CANCEL_AFTER

    @property
    def order(self) -> BrokerOrder:
        return BrokerOrder(
            id=BrokerOrderId(self.number),
            client_id=self.client_id,
            symbol=self.symbol,
            side=self.side,
            order_type=self.order_type,
            quantity=self.quantity,
            limit_price=self.limit_price,
            state=self.state,
            filled=self.filled,
            market_day=self.day,
            placed_at=self.placed_at,
            reason=self.reason,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """An execution that a notice told of. ``mark``: the notice as it was written."""

    number: str
    quantity: Decimal
    price: Decimal
    at: datetime
    mark: str


class Register:
    """All orders known, the newest last."""

    def __init__(
        self,
        charges: Charges,
        currency: str,
        is_fund: Callable[[Symbol], bool],
        over_at: Callable[[Row], datetime],
    ) -> None:
        self._charges = charges
        self._currency = currency
        self._tick = finest_tick(currency)
        self._is_fund = is_fund
        self._over_at = over_at
        self._orders: OrderedDict[Key, Known] = OrderedDict()
        self._early: OrderedDict[Key, list[Execution]] = OrderedDict()

    def get(self, day: date, number: str) -> Known | None:
        return self._orders.get((day, number))

    def ours(self, day: date, number: str, request: OrderRequest) -> Known | None:
        """Return the order of a number, if it can be one that we sent and is no other of ours."""
        known = self._orders.get((day, number))
        return known if known is not None and _can_be(known, request) else None

    def is_anothers(self, day: date, number: str, request: OrderRequest) -> bool:
        """Whether a number is known to be another order's than the one that we sent."""
        known = self._orders.get((day, number))
        return known is not None and not _can_be(known, request)

    def doubt(self, day: date, number: str) -> None:
        """Forget an order that no list has shown: its number may have been told wrong."""
        known = self._orders.get((day, number))
        if known is not None and not known.listed:
            del self._orders[day, number]

    def has_double(self, known: Known) -> bool:
        """Whether an order of nobody's is there that may be this one, under its true number."""
        return any(
            other.client_id is None
            and (other.day, other.symbol, other.side, other.quantity)
            == (known.day, known.symbol, known.side, known.quantity)
            for other in self._orders.values()
        )

    def live(self) -> list[Known]:
        """Return the orders that may still trade."""
        return [known for known in self._orders.values() if known.is_live]

    def all(self) -> Iterator[Known]:
        yield from self._orders.values()

    def shows_after(self, at: datetime) -> bool:
        """Whether a list has shown an order of ours that was taken after a time."""
        return any(
            known.listed and known.client_id is not None and known.placed_at > at
            for known in self._orders.values()
        )

    def owner(self, key: Key) -> ChildId | None:
        """Return which order of ours has a number, if any is known to have it."""
        known = self._orders.get(key)
        return None if known is None else known.client_id

    def taken(
        self, request: OrderRequest, receipt: Receipt, day: date, venue: str, now: datetime
    ) -> tuple[Known, list[BrokerEvent]]:
        """Enter an order that KIS has taken; return it, and what notices told of it before."""
        known = self._orders.get((day, receipt.number))
        if known is None:
            known = Known(
                number=receipt.number,
                day=day,
                symbol=request.symbol,
                side=request.side,
                order_type=request.order_type,
                quantity=request.quantity,
                limit_price=request.limit_price,
                placed_at=now,
                branch=receipt.branch,
                venue=venue,
            )
            self._enter(known)
        self.claim(known, request)
        return known, self.catch_up(known)

    def catch_up(self, known: Known) -> list[BrokerEvent]:
        """Take in the notices that came before anybody knew the order."""
        events: list[BrokerEvent] = []
        for early in self._early.pop((known.day, known.number), ()):
            events += self.executed(known.day, early) or ()
        return events

    def claim(self, known: Known, request: OrderRequest) -> None:
        """Remember that an order is ours, and as what it was sent."""
        known.client_id = request.client_id
        known.order_type = request.order_type
        known.limit_price = request.limit_price

    def learn(self, row: Row, now: datetime, *, has_cancel: bool) -> list[BrokerEvent]:
        """Take in a list's line of an order; return what is news.

        ``has_cancel``: the list also shows a request to cancel this order, or to replace it.
        """
        known = self._orders.get(row.key)
        if known is not None and not known.listed and _belies(row, known):
            self.doubt(*row.key)  # that number was told of another order
            known = None
        known = known or self._stranger(row)
        if known is None:
            return []
        before = known.state
        known.listed = True
        known.branch = row.branch or known.branch
        known.venue = row.venue or known.venue
        over_at = self._over_at(row)
        news = self._trade_up_to(known, row.filled, row.value, min(now, over_at))
        if row.filled >= known.filled and known.end is None and (not row.left or now >= over_at):
            cancelled = has_cancel or bool(row.cancelled and now < over_at - MARGIN)
            known.end, known.reason = _end_of(known, row, cancelled=cancelled)
        return [*map(FillEvent, news), *self._changed(known, before)]

    def executed(self, day: date, told: Execution) -> list[BrokerEvent] | None:
        """Take in a notice of an execution; None where only a list can say what it means.

        That is so for an order nobody has told us of yet, and for a notice that is, word for
        word, one that was counted before: two executions may look alike, and so does one that
        is told twice.
        """
        known = self._orders.get((day, told.number))
        if known is None:
            self._keep_early((day, told.number), told)
            return None
        if told.mark in known.heard:
            return None
        before = known.state
        known.heard.add(told.mark)
        heard_before, known.heard_filled = (
            known.heard_filled,
            add(known.heard_filled, told.quantity),
        )
        if known.heard_filled <= known.filled:
            return []
        if heard_before != known.filled or known.heard_filled > known.quantity or not told.price:
            return None  # some were not heard
        value = add(known.value, multiply(told.quantity, told.price))
        news = self._trade_up_to(known, known.heard_filled, value, told.at)
        return [*map(FillEvent, news), *self._changed(known, before)]

    def _changed(self, known: Known, before: BrokerOrderState) -> list[BrokerEvent]:
        return [OrderEvent(known.order)] if known.state is not before else []

    def _trade_up_to(
        self, known: Known, filled: Decimal, value: Decimal | None, at: datetime
    ) -> list[BrokerFill]:
        """Add what was traded since; return the fills that are new."""
        if filled <= known.filled:
            return []
        more = subtract(filled, known.filled)
        worth = ZERO if value is None else subtract(value, known.value)
        if worth <= ZERO:
            # The total lags behind, or disagrees with the notices: the limit is the best guess.
            price = known.limit_price or (known.fills[-1].price if known.fills else None)
            if price is None:
                return []
            worth = multiply(more, price)
        new = [
            self._fill(known, units, price, at)
            for units, price in priced_parts(more, worth, self._tick)
        ]
        known.fills += new
        return new

    def _fill(self, known: Known, units: Decimal, price: Decimal, at: datetime) -> BrokerFill:
        fund = self._is_fund(known.symbol)
        charged = self._charges.of(known.side, known.value, known.day, fund=fund)
        known.filled = add(known.filled, units)
        known.value = add(known.value, multiply(units, price))
        to_charge = self._charges.of(known.side, known.value, known.day, fund=fund)
        return BrokerFill(
            order_id=BrokerOrderId(known.number),
            client_id=known.client_id,
            symbol=known.symbol,
            side=known.side,
            trade_id=None,
            cumulative=known.filled,
            cumulative_value=known.value,
            cumulative_fee=to_charge,
            quantity=units,
            price=price,
            fee=subtract(to_charge, charged),
            fee_asset=self._currency,
            market_day=known.day,
            at=at,
        )

    def _stranger(self, row: Row) -> Known | None:
        """Enter an order that nobody has told us of; None where it does not say its direction."""
        if row.side is None:
            return None
        known = Known(
            number=row.number,
            day=row.day,
            symbol=row.symbol,
            side=row.side,
            order_type=DIVISIONS.get(row.division, OrderType.LIMIT),
            quantity=row.quantity,
            limit_price=row.limit_price,
            placed_at=row.times[0],
            branch=row.branch,
            venue=row.venue,
            origin=row.origin,
        )
        self._enter(known)
        return known

    def _enter(self, known: Known) -> None:
        self._orders[known.day, known.number] = known
        while len(self._orders) > MOST_KEPT:
            self._orders.popitem(last=False)

    def _keep_early(self, key: Key, told: Execution) -> None:
        kept = self._early.setdefault(key, [])
        if all(each.mark != told.mark for each in kept):
            kept.append(told)
        if len(self._early) > MOST_KEPT:
            self._early.popitem(last=False)


def _can_be(known: Known, request: OrderRequest) -> bool:
    if known.client_id is not None:
        return known.client_id == request.client_id
    same = (known.symbol, known.side) == (request.symbol, request.side)
    return same and (known.quantity == request.quantity or bool(known.origin))


def _belies(row: Row, known: Known) -> bool:
    """Whether a list shows under a number what the order cannot be that it was told of."""
    return (
        row.symbol != known.symbol
        or row.side not in {known.side, None}
        or (row.quantity != known.quantity and not row.origin)
    )


def _end_of(known: Known, row: Row, *, cancelled: bool) -> tuple[BrokerOrderState, str]:
    """Say how an order ended of which nothing is left. Words of the lists are not trusted."""
    if row.rejected:
        return S.REJECTED, row.reason or "rejected by the exchange"
    if cancelled or known.cancel_sent_at is not None:
        return S.CANCELLED, ""
    return S.EXPIRED, row.reason
