"""From a command to parent orders: one for each book it is meant for, or the reason why not.

Runs inside the writer's transaction, so that two orders never spend the same cash. Prices and
instruments were asked for before; here nothing waits.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from algorithms.decimals import ZERO, floor_divide, to_text
from algorithms.domain import Side
from daemon.config.books import BookMode
from daemon.execution.answers import Item, Outcome
from daemon.execution.commands import ANYWHERE
from daemon.execution.margin import require_margin
from daemon.execution.sizing import SILENT, AtRisk, Refusal, Sizes, Terms, closes, is_limited
from daemon.notices import raise_notice
from daemon.storage.rows import to_us

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from algorithms.domain import AccountName, ParentOrder, StrategyName, Symbol
    from daemon.execution.approvals import Approvals
    from daemon.execution.commands import CancelAll, Place, Venue
    from daemon.execution.halts import Halts
    from daemon.execution.orders import Orders
    from daemon.execution.risk import Risk
    from daemon.execution.sizing import Sized
    from daemon.ids import IdSource
    from daemon.registry import Book
    from daemon.setup import Current
    from daemon.storage.tx import Tx

VETOED = "cancelled: a cancel of the strategy came before this order could be sent"
_NO_TERMS = Terms(problem=SILENT)


def fits(book: Book, venue: Venue) -> bool:
    """Whether a command that names a venue means this book's account."""
    account = book.account
    return (
        (venue.account is None or venue.account in {account.name, account.shadows})
        and (venue.exchange is None or venue.exchange in {account.broker, account.market.lower()})
        and (venue.market_type is None or venue.market_type == account.market_type)
        and (venue.currency is None or venue.currency == account.currency)
    )


def _ends(veto: CancelAll, symbol: Symbol, side: Side, book: Book) -> bool:
    """Whether a cancel of everything is about such an order of a book."""
    return (
        (veto.symbol is None or veto.symbol == symbol)
        and (veto.side is None or veto.side is side)
        and fits(book, veto.venue)
    )


class Placed(NamedTuple):
    """What came of one command: orders taken and orders refused."""

    parents: tuple[ParentOrder, ...]
    refusals: tuple[Item, ...]


class Intake:
    """Takes orders for books."""

    def __init__(
        self,
        current: Current,
        halts: Halts,
        orders: Orders,
        approvals: Approvals,
        ids: IdSource,
    ) -> None:
        self._current = current
        self._halts = halts
        self._orders = orders
        self._approvals = approvals
        self._ids = ids
        self._sizes = Sizes()

    @property
    def risk(self) -> Risk:
        """The limits in force."""
        return self._current.setup.risk

    def books(self, strategy: StrategyName, command: Place) -> Sequence[Book]:
        """Return the books an order is meant for."""
        found = self._current.setup.registry.books_of_strategy.get(strategy, ())
        if command.venue is ANYWHERE:
            return found
        return [book for book in found if fits(book, command.venue)]

    def place(
        self,
        tx: Tx,
        command: Place,
        *,
        request_id: str,
        strategy: StrategyName,
        terms: Mapping[tuple[AccountName, Symbol], Terms],
        now: datetime,
        vetoes: Sequence[CancelAll] = (),
    ) -> Placed:
        """Store a parent order for every book that can have one.

        ``vetoes`` are cancels that came after the command, while it waited: they end what they
        would have ended had it not waited.
        """
        books = self.books(strategy, command)
        if not books:
            return Placed((), (_refused("", command, _no_book(strategy, command)),))
        parents: list[ParentOrder] = []
        refusals: list[Item] = []
        now_us = to_us(now)
        for book in books:
            try:
                known = terms.get((book.account.name, command.symbol), _NO_TERMS)
                sized = self._sized(tx, command, book, known, vetoes)
            except Refusal as refusal:
                refusals.append(_refused(book.account.name, command, str(refusal)))
                if isinstance(refusal, AtRisk):
                    self._tell(tx, command, book, str(refusal), now)
                continue
            parent = sized.order(self._ids.parent(), request_id, now)
            if book.account.is_futures and closes(command):
                tx.execute("add_closing_order", parent_id=parent.id)
            if book.mode is BookMode.APPROVE:
                parent = self._approvals.hold(tx, parent, now)
            else:
                self._orders.accept(tx, parent, sized.row(parent.id, request_id, now_us))
            parents.append(parent)
        return Placed(tuple(parents), tuple(refusals))

    def _sized(
        self,
        tx: Tx,
        command: Place,
        book: Book,
        terms: Terms,
        vetoes: Sequence[CancelAll],
    ) -> Sized:
        """Work out the order a book can have, and that it can have it. Raises Refusal."""
        self._refuse_if_stopped(book, command.symbol)
        held = ZERO
        if closes(command):
            held = tx.position(book.account.name, book.name, command.symbol).quantity
        sized = self._sizes.of(command, book, terms, self._current.setup, held)
        if any(_ends(veto, command.symbol, sized.side, book) for veto in vetoes):
            raise Refusal(VETOED)
        if book.account.is_futures:
            require_margin(tx, book, command.symbol, sized)
        elif sized.side is Side.BUY:
            assert terms.instrument is not None  # nothing is sized without
            _require_cash(tx, book, command, sized, terms.instrument.lot)
        else:
            _require_units(tx, book, command.symbol, sized.quantity)
        return sized

    def _refuse_if_stopped(self, book: Book, symbol: Symbol) -> None:
        if not book.active:
            raise Refusal(f"book_inactive: {book.name} is switched off in the configuration")
        halted = self._halts.reason(book.account.name, book.strategy, book.name, symbol)
        if halted is not None:
            raise Refusal(f"halted: {halted}")

    def _tell(self, tx: Tx, command: Place, book: Book, reason: str, now: datetime) -> None:
        raise_notice(
            tx,
            self._ids.new(),
            "order_refused",
            now,
            account=book.account.name,
            book=book.name,
            symbol=command.symbol,
            reason=reason,
        )


def _require_units(tx: Tx, book: Book, symbol: Symbol, quantity: Decimal) -> None:
    position = tx.position(book.account.name, book.name, symbol)
    if quantity > position.free:
        raise Refusal(
            f"insufficient_holdings: {to_text(position.free)} {position.asset} free in "
            f"{position.book}, not {to_text(quantity)}"
        )


def _require_cash(tx: Tx, book: Book, command: Place, sized: Sized, lot: Decimal) -> None:
    cash = tx.position(book.account.name, book.name, book.account.currency)
    if sized.reserved > cash.free:
        raise Refusal(
            f"insufficient_cash: needs {to_text(sized.reserved)} {book.account.currency}, "
            f"{to_text(cash.free)} free in {book.name}{_hint(command, sized, lot, cash.free)}"
        )


def _hint(command: Place, sized: Sized, lot: Decimal, free: Decimal) -> str:
    """Say why an order for all of the cash takes more than that, and how much would do."""
    if is_limited(command):
        return ""
    hint = "; without a limit it is reckoned at its worst price, see risk.market_margin_percent"
    if command.percent is None or free <= ZERO:
        return hint
    # What was asked for came to less than one lot more than its size.
    asked = sized.reserved * (sized.quantity + lot)
    tenths = floor_divide(command.percent * free * sized.quantity * 10, asked)
    return f"{hint}; qty_per {to_text(Decimal(tenths).scaleb(-1))} would do"


def _no_book(strategy: StrategyName, command: Place) -> str:
    named = ", ".join(
        value
        for value in (
            command.venue.account,
            command.venue.exchange,
            command.venue.market_type,
            command.venue.currency,
        )
        if value
    )
    return f"no_account: {strategy} has no book{f' for {named}' if named else ''}"


def _refused(account: str, command: Place, error: str) -> Item:
    return Item(
        account=account,
        order_id=None,
        exchange_order_id=None,
        symbol=command.symbol,
        outcome=Outcome.FAILED,
        error=error,
    )
