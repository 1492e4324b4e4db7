"""Orders at the broker that are in nobody's book: reported, or taken by the book named for that.

Nobody's order is cancelled or changed here. A book takes an order whole, as if it had placed it:
what has filled of it before is booked to it, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from algorithms.decimals import HUNDRED, ONE, ZERO, multiply, to_text
from algorithms.domain import (
    BookName,
    ChildOrder,
    ChildState,
    Kind,
    Measure,
    ParentOrder,
    ParentStatus,
    Side,
    TimeInForce,
)
from daemon.notices import raise_notice
from daemon.storage.rows import to_us

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from adapters.broker import BrokerOrder
    from algorithms.domain import AccountName, ChildId
    from daemon.execution.evidence import Evidence
    from daemon.execution.orders import Orders
    from daemon.ids import IdSource
    from daemon.registry import Book
    from daemon.setup import Current
    from daemon.storage.tx import Tx

ADOPTED = "adopted:"
"""Begins the request id of an order that came by nobody's request."""


@dataclass(frozen=True, slots=True)
class Orphans:
    """Decides what becomes of a broker's order that is not ours."""

    current: Current
    orders: Orders
    evidence: Evidence
    ids: IdSource

    def meet(
        self, tx: Tx, account: AccountName, order: BrokerOrder, now: datetime
    ) -> ChildOrder | None:
        """Take in an order of nobody's; return what it is in a book now, if one has taken it.

        It is told once, and again when a book takes it later.
        """
        is_new = tx.execute(
            "add_orphan",
            account=account,
            market_day=order.market_day.isoformat(),
            symbol=order.symbol,
            broker_order_id=order.id,
            seen_at=to_us(now),
        )
        book = self._taker(account)
        objection = None if book is None else self._objection(tx, book, order)
        if book is not None and objection is None:
            return self._adopt(tx, book, order, now)
        if is_new:
            self._tell(tx, account, order, now, objection or "left alone")
        return None

    def _taker(self, account: AccountName) -> Book | None:
        """Return the book that takes what is found in an account."""
        setup = self.current.setup
        named = (
            setup.registry.books.get(BookName(name))
            for name in setup.config.reconcile.adopt_orphans
        )
        return next((book for book in named if book and book.account.name == account), None)

    def _objection(self, tx: Tx, book: Book, order: BrokerOrder) -> str | None:
        """Say why a book cannot take an order: it would owe what it does not have."""
        if not book.trades(order.symbol):
            return f"{book.name} does not trade {order.symbol}"
        if book.account.is_futures:
            return None
        asset = str(order.symbol) if order.side is Side.SELL else book.account.currency
        needed = order.quantity
        if order.side is Side.BUY:
            unit = self._unit_cost(book, order)
            if unit is None:
                return "what it may cost is not told"
            needed = multiply(needed, unit)
        free = tx.position(book.account.name, book.name, asset).free
        return f"{book.name} has only {to_text(free)} {asset} free" if needed > free else None

    def _adopt(self, tx: Tx, book: Book, order: BrokerOrder, now: datetime) -> ChildOrder:
        """Store it as the book's own, sent and acknowledged; its fills are looked up after."""
        parent = self._parent(book, order, now)
        child = self._child(tx, parent, order)
        self.orders.accept(tx, parent)
        self.orders.plan(tx, parent, child)
        child = self.orders.advance(
            tx, child._replace(sent_at=order.placed_at), now, ChildState.SENDING, "adopted"
        )
        raise_notice(
            tx,
            self.ids.new(),
            "orphan_adopted",
            now,
            account=book.account.name,
            book=book.name,
            order=order.id,
            symbol=order.symbol,
        )
        return self.evidence.found(tx, child.id, order, (), now)

    def _parent(self, book: Book, order: BrokerOrder, now: datetime) -> ParentOrder:
        unit = self._unit_cost(book, order) if order.side is Side.BUY else None
        return ParentOrder(
            id=self.ids.parent(),
            request_id=f"{ADOPTED}{order.id}",
            created_at=now,
            due_at=None,
            deadline=None,
            strategy=book.strategy,
            account=book.account.name,
            book=book.name,
            symbol=order.symbol,
            side=order.side,
            kind=Kind.BUY if order.side is Side.BUY else Kind.SELL,
            order_type=order.order_type,
            measure=Measure.QUANTITY,
            total=order.quantity,
            remain=order.quantity,
            reserved=order.quantity if unit is None else multiply(order.quantity, unit),
            reserve_price=unit,
            limit_price=order.limit_price,
            stop_price=None,
            nets=False,
            slices=1,
            slices_left=0,
            status=ParentStatus.OPEN,
            reason="",
            cancel_requested_at=None,
            ended_at=None,
        )

    def _child(self, tx: Tx, parent: ParentOrder, order: BrokerOrder) -> ChildOrder:
        return ChildOrder.plan(
            parent,
            self._name(tx, parent, order),
            order_type=parent.order_type,
            time_in_force=TimeInForce.GTC,
            quantity=order.quantity,
            limit_price=order.limit_price,
            reserve_price=parent.reserve_price,
            now=parent.created_at,
        )

    def _name(self, tx: Tx, parent: ParentOrder, order: BrokerOrder) -> ChildId:
        """Keep the client id that the broker knows, unless an order of ours has had it."""
        if order.client_id and tx.fetch_one("child_order", id=order.client_id) is None:
            return order.client_id
        return self.ids.child(parent.strategy)

    def _unit_cost(self, book: Book, order: BrokerOrder) -> Decimal | None:
        """Return what a bought unit costs at most, fee included; futures cost nothing known."""
        if order.limit_price is not None:
            fee = ONE + book.account.commission_percent / HUNDRED
            return multiply(order.limit_price, fee)
        return ZERO if book.account.is_futures else None

    def _tell(
        self, tx: Tx, account: AccountName, order: BrokerOrder, now: datetime, reason: str
    ) -> None:
        raise_notice(
            tx,
            self.ids.new(),
            "orphan_order",
            now,
            account=account,
            order=order.id,
            symbol=order.symbol,
            reason=reason,
        )
