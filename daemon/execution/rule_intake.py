"""From what a rule wants to parent orders: cut to what its book has, or the reason why not.

Runs inside the writer's transaction, like the intake of webhooks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from algorithms.decimals import HUNDRED, ONE, ZERO, floor_to, to_text
from algorithms.domain import Kind, Measure, OrderType, ParentOrder, ParentStatus, Side
from daemon.config.books import BookMode
from daemon.execution.orders import BY_RULE
from daemon.execution.sizing import NETTABLE, UNLIMITED
from daemon.notices import raise_notice

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from algorithms.domain import Symbol
    from algorithms.instruments import Instrument
    from daemon.execution.approvals import Approvals
    from daemon.execution.halts import Halts
    from daemon.execution.orders import Orders
    from daemon.ids import IdSource
    from daemon.registry import Book
    from daemon.rules.rule import Wish
    from daemon.setup import Current
    from daemon.storage.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTerms:
    """What decides how a rule's order is taken.

    ``slices_left``: times of twap jobs that are left on this market day; with none, a TWAP has
    one slice. Either way it waits until somebody begins its first one.
    """

    instrument: Instrument
    price: Decimal
    slices_left: int
    request_id: str


class _Refusal(Exception):  # noqa: N818 - a way out, caught in this file
    """The order is not taken; the message is ``code: explanation``."""


class RuleIntake:
    """Takes the orders of books' own rules."""

    def __init__(
        self, current: Current, halts: Halts, orders: Orders, approvals: Approvals, ids: IdSource
    ) -> None:
        self._current = current
        self._halts = halts
        self._orders = orders
        self._approvals = approvals
        self._ids = ids

    def place(
        self, tx: Tx, book: Book, symbol: Symbol, wish: Wish, terms: RuleTerms, now: datetime
    ) -> ParentOrder | None:
        """Store a parent order; None if it cannot be had, which a notice explains."""
        try:
            parent = self._parent(tx, book, symbol, wish, terms, now)
        except _Refusal as refusal:
            self._tell(
                tx, "rule_order_refused", book, now, symbol=symbol, order=wish.kind.value,
                reason=str(refusal),
            )  # fmt: skip
            return None
        if book.mode is BookMode.APPROVE:
            return self._approvals.hold(tx, parent, now)
        self._orders.accept(tx, parent)
        return parent

    def _parent(
        self, tx: Tx, book: Book, symbol: Symbol, wish: Wish, terms: RuleTerms, now: datetime
    ) -> ParentOrder:
        self._check(book, symbol)
        wanted = self._order(book, symbol, wish, terms, now)
        take = self._sell if wanted.side is Side.SELL else self._buy
        order = take(tx, book, wanted, terms)
        self._judge(order, terms)
        return order

    def _judge(self, order: ParentOrder, terms: RuleTerms) -> None:
        """Hold an order against the limits of [risk]."""
        units = order.total
        if order.measure is Measure.CASH:
            lot = terms.instrument.lot
            units = order.total // (terms.price * lot) * lot
        objection = self._current.setup.risk.objection(
            units, limit=order.limit_price, stop=None, price=terms.price
        )
        if objection is not None:
            raise _Refusal(objection)

    def _check(self, book: Book, symbol: Symbol) -> None:
        if not book.active:
            raise _Refusal(f"book_inactive: {book.name} is switched off in the configuration")
        halted = self._halts.reason(book.account.name, book.strategy, book.name, symbol)
        if halted is not None:
            raise _Refusal(f"halted: {halted}")
        not_live = self._current.setup.risk.not_live(book.account)
        if not_live is not None:
            raise _Refusal(not_live)
        if not book.trades(symbol):
            raise _Refusal(f"symbol_not_in_book: {book.name} does not trade {symbol}")

    def _order(
        self, book: Book, symbol: Symbol, wish: Wish, terms: RuleTerms, now: datetime
    ) -> ParentOrder:
        """Spell the order as it is wanted, before it is cut to what there is."""
        waits = wish.order_type is OrderType.TWAP
        slices = max(terms.slices_left, 1) if waits else 1
        amount = wish.cash if wish.quantity is None else wish.quantity
        assert amount is not None  # a wish is for one of the two
        return ParentOrder(
            id=self._ids.parent(),
            request_id=terms.request_id,
            strategy=book.strategy,
            account=book.account.name,
            book=book.name,
            symbol=symbol,
            side=wish.kind.side,
            kind=wish.kind,
            order_type=wish.order_type,
            measure=Measure.QUANTITY if wish.cash is None else Measure.CASH,
            total=amount,
            remain=amount,
            reserved=amount,
            reserve_price=None,
            limit_price=_limit(wish, terms),
            stop_price=None,
            nets=book.nets and wish.order_type in NETTABLE,
            slices=slices,
            slices_left=slices,
            status=ParentStatus.OPEN,
            reason="",
            created_at=now,
            due_at=None if waits else now,
            deadline=None,
            cancel_requested_at=None,
            ended_at=None,
        )

    def _sell(self, tx: Tx, book: Book, order: ParentOrder, terms: RuleTerms) -> ParentOrder:
        free = tx.position(book.account.name, book.name, order.symbol).free
        quantity = floor_to(min(order.total, max(free, ZERO)), terms.instrument.lot)
        if quantity < order.total:
            self._tell(
                tx, "few_units", book, order.created_at, symbol=order.symbol,
                wanted=to_text(order.total), free=to_text(free),
            )  # fmt: skip
        if not quantity:
            raise _Refusal(f"insufficient_holdings: {to_text(free)} {order.symbol} free")
        return order._replace(total=quantity, remain=quantity, reserved=quantity)

    def _buy(self, tx: Tx, book: Book, order: ParentOrder, terms: RuleTerms) -> ParentOrder:
        unit = self._unit_cost(book, order, terms)
        free = tx.position(book.account.name, book.name, book.account.currency).free
        lot = terms.instrument.lot
        wanted = order.total if order.measure is Measure.CASH else order.total * unit
        cash = min(wanted, max(free, ZERO))
        if cash < wanted:
            self._tell(
                tx, "low_cash", book, order.created_at, symbol=order.symbol,
                wanted=to_text(wanted), free=to_text(free), currency=book.account.currency,
            )  # fmt: skip
        if cash < lot * unit:
            raise _Refusal(
                f"below_one_lot: {to_text(cash)} {book.account.currency} buys less than "
                f"{to_text(lot)} at {to_text(unit)}, fee included"
            )
        if order.measure is Measure.CASH:
            reserve_price = None if order.order_type is OrderType.TWAP else unit
            return order._replace(
                total=cash, remain=cash, reserved=cash, reserve_price=reserve_price
            )
        quantity = floor_to(order.total, lot)
        if cash < wanted:
            quantity = cash // (unit * lot) * lot
        return order._replace(
            total=quantity,
            remain=quantity,
            reserved=quantity * unit,
            reserve_price=unit,
        )

    def _unit_cost(self, book: Book, order: ParentOrder, terms: RuleTerms) -> Decimal:
        """Cash that a unit may take, fee included: its limit, or the worst price reckoned with.

        A TWAP for cash is cut by the price itself; what a slice may cost is worked out then.
        """
        price = order.limit_price
        if price is None:
            by_cash = order.measure is Measure.CASH and order.order_type is OrderType.TWAP
            price = terms.price * (ONE if by_cash else self._current.setup.worst_price)
        return price * (ONE + book.account.commission_percent / HUNDRED)

    def _tell(self, tx: Tx, code: str, book: Book, now: datetime, **params: str) -> None:
        raise_notice(
            tx, self._ids.new(), code, now, account=book.account.name, book=book.name, **params
        )


def _limit(wish: Wish, terms: RuleTerms) -> Decimal | None:
    """Round a rule's limit to the tick that is not worse for the book."""
    if wish.limit_price is None or wish.order_type in UNLIMITED:
        return None
    if wish.kind in {Kind.BUY, Kind.BUY_FORCE}:
        limit = terms.instrument.round_down_to_tick(wish.limit_price)
    else:
        limit = terms.instrument.round_up_to_tick(wish.limit_price)
    if not limit:
        raise _Refusal(f"bad_price: {to_text(wish.limit_price)} is below one tick")
    return limit


def request_of(day: str, book: str) -> str:
    """Return what stands for a request in the orders of a book's rule on a day."""
    return f"{BY_RULE}{day}:{book}"
