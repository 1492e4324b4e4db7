"""From a parent order whose time has come to the child order that works it next.

One child at a time works a parent. A slice that has not filled in time is cancelled, and only
when that cancel is confirmed, with every fill booked, is what it leaves worked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from algorithms.decimals import HUNDRED, ONE, ZERO, floor_to
from algorithms.domain import (
    LADDER,
    ChildOrder,
    Measure,
    OrderType,
    ParentId,
    ParentStatus,
    Side,
    Symbol,
    TimeInForce,
)
from algorithms.netting import RESIDUAL_BELOW_ONE_LOT
from algorithms.twap import effective_fill_timeout, slice_limit, slice_quantity, slice_time
from daemon.notices import raise_notice
from daemon.signals import OrderPlanned
from daemon.storage.rows import ORDER_TYPES, SIDES, parent_from_row, to_us

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime
    from decimal import Decimal

    from adapters.broker import Capabilities
    from algorithms.domain import AccountName, ParentOrder
    from algorithms.instruments import Instrument
    from daemon.execution.halts import Halts
    from daemon.execution.ladder.waiting import Door
    from daemon.execution.orders import Orders
    from daemon.ids import IdSource
    from daemon.registry import Book
    from daemon.setup import Current
    from daemon.storage.tx import Tx, View


PLANNED_TOGETHER = 1000
"""Orders planned in one transaction; others wait for it some tens of milliseconds."""
TOO_OLD = "too_old: it could not be sent in time"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicerSettings:
    """From [twap], [risk] and [webhook].

    An order that could not be sent for ``max_age`` after its time is never sent late.
    """

    max_age: timedelta
    price_offset_percent: Decimal
    fill_timeout: timedelta
    market_margin_percent: Decimal


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where a TWAP stands: slices left counting this one, the next one's time, the gap."""

    left: int
    next_at: datetime | None
    gap: timedelta


class DueOrder(NamedTuple):
    """An order that wants planning: what must be known before its row is read whole."""

    id: ParentId
    symbol: Symbol
    side: Side
    order_type: OrderType
    nets: bool


class SliceTerms(NamedTuple):
    """What the broker says of a symbol now; None where it could not say."""

    instrument: Instrument | None
    price: Decimal | None


NO_TERMS = SliceTerms(None, None)


class Slicer:
    """Plans child orders of one account; runs in the writer's transaction."""

    def __init__(
        self,
        *,
        current: Current,
        capabilities: Capabilities,
        orders: Orders,
        halts: Halts,
        ids: IdSource,
        ladder: Door,
    ) -> None:
        self._ladder = ladder
        self._current = current
        self._capabilities = capabilities
        self._orders = orders
        self._halts = halts
        self._ids = ids

    @property
    def _settings(self) -> SlicerSettings:
        return self._current.setup.slicing

    def wants_price(self, order_type: OrderType) -> bool:
        """Whether planning such an order takes the current price."""
        return order_type is OrderType.TWAP or self._current.setup.risk.limits.need_price

    def due(self, view: View, account: AccountName, now: datetime) -> list[DueOrder]:
        """Return the orders that want planning now, oldest first."""
        return [
            DueOrder(
                ParentId(row["id"]),
                Symbol(row["symbol"]),
                SIDES[row["side"]],
                ORDER_TYPES[row["order_type"]],
                bool(row["nets"]),
            )
            for row in view.fetch("due_parents", account=account, now=to_us(now))
        ]

    def plan_many(
        self,
        tx: Tx,
        account: AccountName,
        terms: Mapping[Symbol, SliceTerms],
        now: datetime,
        first: ParentId,
        last: ParentId,
    ) -> None:
        """Plan the due orders from one to another.

        Slices of orders that nothing is special about are stored together: a twap job begins
        thousands at once.
        """
        rows = tx.fetch("live_parents_between", first=first, last=last)
        unknown = {
            (row["symbol"], row["book"])
            for row in tx.fetch("unknown_children_of_account", account=account)
        }
        together = self._orders.together(tx)
        limits: dict[tuple[Symbol, Side, Decimal | None], Decimal | None] = {}
        for row in rows:
            if row["account"] != account or row["due_at"] is None:
                continue
            parent = parent_from_row(row)
            own = terms.get(parent.symbol, NO_TERMS)
            slice_ = None if row["alive"] else self._plain(tx, parent, own, unknown, limits, now)
            if slice_ is None:
                self.plan(tx, parent.id, own.instrument, own.price, now)
            else:
                together.plan(parent, *slice_)
                _tell_planned(tx, parent, now)
        together.store()

    def _plain(
        self,
        tx: Tx,
        parent: ParentOrder,
        terms: SliceTerms,
        unknown: Collection[tuple[str, str]],
        limits: dict[tuple[Symbol, Side, Decimal | None], Decimal | None],
        now: datetime,
    ) -> tuple[ChildOrder, int] | None:
        """Cut the slice of an order that is worked at the twap jobs, and count those that follow.

        None if it takes more care.
        """
        book = self._current.registry.books.get(parent.book)
        if (
            parent.order_type is not OrderType.TWAP
            or parent.deadline is not None
            or parent.due_at is None
            or not timedelta() <= now - parent.due_at <= self._settings.max_age
            or terms.instrument is None
            or terms.price is None
            or book is None
            or unknown
            or self._current.setup.risk.limits.need_price
            or self._halts.reason(parent.account, parent.strategy, parent.book, parent.symbol)
        ):
            return None
        slot = self._slot(parent, now)
        key = (parent.symbol, parent.side, parent.limit_price)
        if key not in limits:
            limits[key] = self._slice_limit(parent, terms.instrument, terms.price)
        limit = limits[key]
        if limit is None:
            return None
        child = self._slice(
            tx, parent, book, terms.instrument, terms.price, limit, left=slot.left, now=now
        )
        if child is None:
            return None
        return child._replace(cancel_at=now + self._settings.fill_timeout), slot.left - 1

    def plan(
        self,
        tx: Tx,
        order: ParentId,
        instrument: Instrument | None,
        price: Decimal | None,
        now: datetime,
    ) -> None:
        """Plan the next child of a due order, or note why there is none now.

        ``instrument`` and ``price`` are None when the broker could not say.
        """
        parent = self._orders.parent(tx, order)
        if parent.status.is_final or parent.due_at is None or parent.due_at > now:
            return
        if parent.deadline is not None and now >= parent.deadline:
            self._overdue(tx, parent, now)
            return
        book = self._current.registry.books.get(parent.book)
        halted = self._halts.reason(parent.account, parent.strategy, parent.book, parent.symbol)
        blocked = halted is not None or self._frozen(tx, parent)
        if parent.order_type is OrderType.TWAP:
            too_late = parent.deadline is None and now - parent.due_at > self._settings.max_age
            if book is None or instrument is None or blocked or too_late:
                self._pass_slot(tx, parent, now)
            else:
                self._plan_slice(tx, parent, book, instrument, price, now)
        elif now - parent.due_at > self._settings.max_age:
            self._too_old(tx, parent, now)
        elif self._ladder.takes(parent):
            self._ladder.admit(tx, parent, now)
        elif instrument is not None and not blocked:
            self._plan_whole(tx, parent, instrument, price, now)

    def _too_old(self, tx: Tx, parent: ParentOrder, now: datetime) -> None:
        """Give up an order that halts, an unknown order or down-time held up for too long."""
        if self._orders.live_children(tx, parent.id):
            self._orders.store_parent(tx, parent._replace(due_at=None))
            return
        self._orders.end_parent(tx, parent, ParentStatus.EXPIRED, TOO_OLD, now)

    def _overdue(self, tx: Tx, parent: ParentOrder, now: datetime) -> None:
        """End a TWAP whose deadline or last slice has passed."""
        self._orders.give_up(tx, parent, now)

    def _pass_slot(self, tx: Tx, parent: ParentOrder, now: datetime) -> None:
        """Let a slice's turn go by; its part goes to the slices left. The deadline stands."""
        slot = self._slot(parent, now)
        if parent.deadline is None and slot.left == 1:
            self._overdue(tx, parent, now)
            return
        self._orders.store_parent(
            tx,
            parent._replace(
                slices_left=max(slot.left - 1, 1),
                due_at=slot.next_at or parent.deadline,
            ),
        )

    def _frozen(self, tx: Tx, parent: ParentOrder) -> bool:
        rows = tx.fetch("unknown_children_of_symbol", account=parent.account, symbol=parent.symbol)
        by_symbol = not self._capabilities.client_order_ids
        return any(by_symbol or row["book"] == parent.book for row in rows)

    def _plan_whole(
        self,
        tx: Tx,
        parent: ParentOrder,
        instrument: Instrument,
        price: Decimal | None,
        now: datetime,
    ) -> None:
        """Send everything that netting left of an order, in one child."""
        if self._orders.live_children(tx, parent.id):
            self._orders.store_parent(tx, parent._replace(due_at=None))
            return
        quantity, reserve_price = self._whole(parent, instrument)
        if not quantity:
            self._orders.end_parent(tx, parent, ParentStatus.DONE, RESIDUAL_BELOW_ONE_LOT, now)
            return
        child = self._child(
            parent, parent.order_type, quantity, parent.limit_price, reserve_price, now
        )
        # A ladder's own orders are sums of others and stand a tick beside them: those have passed.
        if parent.book != LADDER and self._current.setup.risk.limits.need_price:
            if price is None:
                return  # it stays due: the limits cannot be checked before the broker tells a price
            objection = self._objection(tx, child, price, now)
            if objection is not None:
                self._orders.end_parent(tx, parent, ParentStatus.FAILED, objection, now)
                return
        self._orders.plan(tx, parent._replace(due_at=None, slices_left=0), child)
        _tell_planned(tx, parent, now)

    def _objection(
        self, tx: Tx, child: ChildOrder, price: Decimal | None, now: datetime
    ) -> str | None:
        """Why the limits forbid an order at the price of now, told to people; or None."""
        objection = self._current.setup.risk.objection(
            child.quantity, limit=child.limit_price, stop=child.stop_price, price=price
        )
        if objection is not None:
            raise_notice(
                tx,
                self._ids.new(),
                "order_refused",
                now,
                account=child.account,
                book=child.book,
                symbol=child.symbol,
                reason=objection,
            )
        return objection

    def _whole(self, parent: ParentOrder, instrument: Instrument) -> tuple[Decimal, Decimal | None]:
        if parent.measure is Measure.QUANTITY:
            return floor_to(parent.remain, instrument.lot), parent.reserve_price
        assert parent.reserve_price is not None  # a cash order is accepted with one
        return floor_to_lots(
            parent.reserved, parent.reserve_price, instrument
        ), parent.reserve_price

    def _plan_slice(
        self,
        tx: Tx,
        parent: ParentOrder,
        book: Book,
        instrument: Instrument,
        price: Decimal | None,
        now: datetime,
    ) -> None:
        if self._orders.cancel_alive(tx, parent, now):
            return
        slot = self._slot(parent, now)
        waiting = parent._replace(slices_left=slot.left - 1, due_at=slot.next_at)
        limit = self._slice_limit(parent, instrument, price)
        child = None
        if price is not None and limit is not None:
            child = self._slice(tx, parent, book, instrument, price, limit, left=slot.left, now=now)
        if child is not None and self._objection(tx, child, price, now) is not None:
            child = None  # its slot is used up; its value goes to the slices left
        if child is None:
            waiting = self._orders.store_parent(tx, waiting)
            if not waiting.slices_left:
                fee = ONE + book.account.commission_percent / HUNDRED
                self._orders.end_twap(tx, waiting, now, None if limit is None else limit * fee)
            return
        timeout = effective_fill_timeout(self._settings.fill_timeout, slot.gap)
        cancel_at = now + timeout
        if parent.deadline is not None:
            cancel_at = min(cancel_at, parent.deadline)
        self._orders.plan(tx, waiting, child._replace(cancel_at=cancel_at))
        _tell_planned(tx, parent, now)

    def _slice(
        self,
        tx: Tx,
        parent: ParentOrder,
        book: Book,
        instrument: Instrument,
        price: Decimal,
        limit: Decimal,
        *,
        left: int,
        now: datetime,
    ) -> ChildOrder | None:
        """Cut the slice whose turn it is; None if it comes to less than one lot."""
        quantity = self._slice_quantity(parent, book, instrument, left, limit)
        reserve_price = self._slice_reserve(parent, book, limit, price)
        if not book.account.is_futures:  # there margin was judged when it was taken
            quantity = self._affordable(tx, parent, instrument, quantity, reserve_price)
        if not quantity:
            return None
        own = limit if book.slice_type is OrderType.LIMIT else None
        return self._child(parent, book.slice_type, quantity, own, reserve_price, now)

    def _slice_limit(
        self, parent: ParentOrder, instrument: Instrument, price: Decimal | None
    ) -> Decimal | None:
        """Return the worst price of a slice; None if no valid one lies inside the order's limit."""
        if price is None:
            return None
        try:
            return slice_limit(
                price,
                parent.side,
                self._settings.price_offset_percent,
                instrument,
                parent.limit_price,
            )
        except ValueError:
            return None

    def _slot(self, parent: ParentOrder, now: datetime) -> _Slot:
        """Find the slice whose turn it is. Slices whose time has passed have had their turn.

        An order without a schedule of its own is worked at the twap jobs: each begins a slice and
        says how many are left, and no two are closer than the time a slice has to fill.
        """
        if parent.deadline is None:
            return _Slot(max(parent.slices_left, 1), None, self._settings.fill_timeout)
        span = parent.deadline - parent.created_at
        times = (
            slice_time(parent.created_at, span, parent.slices, k) for k in range(parent.slices)
        )
        coming = [at for at in times if at > now]
        return _Slot(len(coming) + 1, coming[0] if coming else None, span / parent.slices)

    def _slice_quantity(
        self,
        parent: ParentOrder,
        book: Book,
        instrument: Instrument,
        left: int,
        limit: Decimal,
    ) -> Decimal:
        free = parent.reserved if parent.measure is Measure.CASH else parent.remain
        return slice_quantity(
            measure=parent.measure,
            free=free,
            slices_left=left,
            limit_price=limit,
            commission_percent=book.account.commission_percent,
            lot=instrument.lot,
        )

    def _slice_reserve(
        self, parent: ParentOrder, book: Book, limit: Decimal, price: Decimal
    ) -> Decimal | None:
        """Cash that a unit of a buying slice may take, fee included."""
        if parent.side is Side.SELL:
            return None
        worst = limit
        if book.slice_type is OrderType.MARKET:
            worst = price * (ONE + self._settings.market_margin_percent / HUNDRED)
        return worst * (ONE + book.account.commission_percent / HUNDRED)

    def _affordable(
        self,
        tx: Tx,
        parent: ParentOrder,
        instrument: Instrument,
        quantity: Decimal,
        reserve_price: Decimal | None,
    ) -> Decimal:
        """Cut a buying slice to what its order has set aside and its book has free besides."""
        if reserve_price is None:
            return quantity
        cash = self._orders.position_reserved(tx, parent)
        return min(quantity, floor_to_lots(parent.reserved + cash.free, reserve_price, instrument))

    def _child(
        self,
        parent: ParentOrder,
        order_type: OrderType,
        quantity: Decimal,
        limit: Decimal | None,
        reserve_price: Decimal | None,
        now: datetime,
    ) -> ChildOrder:
        lasting = order_type in {OrderType.LIMIT, OrderType.STOP_MARKET, OrderType.STOP_LIMIT}
        gtc = lasting and self._capabilities.good_till_cancelled
        return ChildOrder.plan(
            parent,
            self._ids.child(parent.strategy, now),
            order_type=order_type,
            time_in_force=TimeInForce.GTC if gtc else TimeInForce.DAY,
            quantity=quantity,
            limit_price=limit,
            reserve_price=reserve_price,
            now=now,
        )


def _tell_planned(tx: Tx, parent: ParentOrder, now: datetime) -> None:
    """Tell how long after its time an order, as it was before, has become one for the broker."""
    if parent.due_at is not None:
        tx.signal(OrderPlanned(parent.due_at, now))


def floor_to_lots(cash: Decimal, unit_price: Decimal, instrument: Instrument) -> Decimal:
    """Return the units, in whole lots, that ``cash`` pays for."""
    if cash <= ZERO:
        return ZERO
    return cash // (unit_price * instrument.lot) * instrument.lot
