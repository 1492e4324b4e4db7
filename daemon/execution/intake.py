"""From a command to parent orders: one for each book it is meant for, or the reason why not.

Runs inside the writer's transaction, so that two orders never spend the same cash. Prices and
instruments were asked for before; here nothing waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from algorithms.decimals import HUNDRED, ONE, ZERO, floor_to, to_text
from algorithms.domain import Kind, Measure, OrderType, ParentOrder, ParentStatus, Side
from algorithms.twap import slice_time, span_of
from daemon.config.books import BookMode
from daemon.execution.answers import Item, Outcome
from daemon.notices import raise_notice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from algorithms.domain import AccountName, StrategyName, Symbol
    from algorithms.instruments import Instrument
    from daemon.execution.approvals import Approvals
    from daemon.execution.commands import CancelAll, Place, Venue
    from daemon.execution.halts import Halts
    from daemon.execution.orders import Orders
    from daemon.execution.risk import Risk
    from daemon.ids import IdSource
    from daemon.registry import Book
    from daemon.setup import Current
    from daemon.storage.tx import Position, Tx

NETTABLE = frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.TWAP})
UNLIMITED = frozenset({OrderType.MARKET, OrderType.MOC, OrderType.STOP_MARKET})
"""Order types that trade at any price; a price that comes with one only sizes it."""
FUTURES = "futures"


class Terms(NamedTuple):
    """What the broker says of a symbol: how it trades and at what price.

    ``price`` is None where no decision needed one. ``problem`` says why one of the two is
    missing, as a refusal ``code: explanation``; an order that can do without is taken all the
    same.
    """

    instrument: Instrument | None = None
    price: Decimal | None = None
    order_types: frozenset[OrderType] = frozenset()
    problem: str | None = None


VETOED = "cancelled: a cancel of the strategy came before this order could be sent"
_SILENT = "unavailable: the broker does not answer"
_NO_TERMS = Terms(problem=_SILENT)


class _Refusal(Exception):  # noqa: N818 - a way out of the sizing, caught in this file
    """The order is not taken; the message is ``code: explanation``."""


class _AtRisk(_Refusal):
    """A limit that people set forbids the order: they are told, not only its sender."""


def needs_price(command: Place, book: Book) -> bool:
    """Whether sizing or reserving for this order takes the current price.

    The price that comes with a market order sizes it, but does not bound what it may cost.
    """
    if command.stop_price is not None:
        return False
    if command.percent is not None and command.percent < ZERO:
        # Closing sells, which reserves no cash; only a short position is bought back.
        return book.account.market_type == FUTURES and not _is_limited(command)
    if command.percent is not None and command.price is None:
        return True
    return command.side is Side.BUY and not _is_limited(command)


def _kind(side: Side, command: Place) -> Kind:
    if side is Side.SELL:
        return Kind.SELL
    return Kind.BUY_FORCE if command.by_hand else Kind.BUY


def _is_limited(command: Place) -> bool:
    return command.price is not None and command.order_type not in UNLIMITED


def fits(book: Book, venue: Venue) -> bool:
    """Whether a command that names a venue means this book's account."""
    account = book.account
    return (
        (venue.account is None or venue.account == account.name)
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

    @property
    def risk(self) -> Risk:
        """The limits in force."""
        return self._current.setup.risk

    def books(self, strategy: StrategyName, command: Place) -> list[Book]:
        """Return the books an order is meant for."""
        found = self._current.registry.books_of_strategy.get(strategy, ())
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
        for book in books:
            try:
                parent = self._parent(
                    tx,
                    command,
                    book,
                    terms.get((book.account.name, command.symbol), _NO_TERMS),
                    request_id,
                    now,
                    vetoes,
                )
            except _Refusal as refusal:
                refusals.append(_refused(book.account.name, command, str(refusal)))
                if isinstance(refusal, _AtRisk):
                    self._tell(tx, command, book, str(refusal), now)
                continue
            if book.mode is BookMode.APPROVE:
                parent = self._approvals.hold(tx, parent, now)
            else:
                self._orders.accept(tx, parent)
            parents.append(parent)
        return Placed(tuple(parents), tuple(refusals))

    def _parent(
        self,
        tx: Tx,
        command: Place,
        book: Book,
        terms: Terms,
        request_id: str,
        now: datetime,
        vetoes: Sequence[CancelAll],
    ) -> ParentOrder:
        position = tx.position(book.account.name, book.name, command.symbol)
        side = command.side
        if command.percent is not None and command.percent < ZERO:
            side = Side.SELL if position.quantity >= ZERO else Side.BUY
        if any(_ends(veto, command.symbol, side, book) for veto in vetoes):
            raise _Refusal(VETOED)
        instrument = self._check(command, book, terms)
        limit = _inside(command.price, side, instrument) if _is_limited(command) else None
        stop = _at_or_beyond(command.stop_price, side, instrument)
        quantity = self._quantity(command, book, instrument, terms, position.quantity)
        self._judge(quantity, limit, stop, terms.price)
        reserve_price = None
        reserved = quantity
        if side is Side.BUY:
            reserve_price = self._reserve_price(limit, stop, terms, book)
            reserved = quantity * reserve_price
            _require_cash(tx, book, reserved)
        else:
            _require_units(position, quantity)
        slices, due_at, deadline = _schedule(command, now)
        return ParentOrder(
            id=self._ids.parent(),
            request_id=request_id,
            strategy=book.strategy,
            account=book.account.name,
            book=book.name,
            symbol=command.symbol,
            side=side,
            kind=_kind(side, command),
            order_type=command.order_type,
            measure=Measure.QUANTITY,
            total=quantity,
            remain=quantity,
            reserved=reserved,
            reserve_price=reserve_price,
            limit_price=limit,
            stop_price=stop,
            nets=command.order_type in NETTABLE
            and (book.nets if command.nets is None else command.nets),
            slices=slices,
            slices_left=slices,
            status=ParentStatus.OPEN,
            reason="",
            created_at=now,
            due_at=due_at,
            deadline=deadline,
            cancel_requested_at=None,
            ended_at=None,
        )

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

    def _check(self, command: Place, book: Book, terms: Terms) -> Instrument:
        if not book.active:
            raise _Refusal(f"book_inactive: {book.name} is switched off in the configuration")
        halted = self._halts.reason(book.account.name, book.strategy, book.name, command.symbol)
        if halted is not None:
            raise _Refusal(f"halted: {halted}")
        not_live = self.risk.not_live(book.account)
        if not_live is not None:
            raise _AtRisk(not_live)
        if not book.trades(command.symbol):
            raise _Refusal(
                f"symbol_not_in_book: {book.name} trades {', '.join(sorted(book.symbols))}"
            )
        if terms.instrument is None:
            raise _Refusal(terms.problem or _SILENT)
        if command.order_type not in terms.order_types | {OrderType.TWAP}:
            raise _Refusal(f"unsupported: {book.account.broker} has no {command.order_type.value}")
        return terms.instrument

    def _judge(
        self,
        quantity: Decimal,
        limit: Decimal | None,
        stop: Decimal | None,
        price: Decimal | None,
    ) -> None:
        objection = self.risk.objection(quantity, limit=limit, stop=stop, price=price)
        if objection is not None:
            raise _AtRisk(objection)

    def _quantity(
        self,
        command: Place,
        book: Book,
        instrument: Instrument,
        terms: Terms,
        held: Decimal,
    ) -> Decimal:
        """Size the order in units: as asked, or from percent of capital or of the position."""
        if command.quantity is not None:
            if not instrument.is_on_lot(command.quantity):
                raise _Refusal(
                    f"off_lot: {to_text(command.quantity)} is not a multiple of the lot "
                    f"{to_text(instrument.lot)}"
                )
            return command.quantity
        assert command.percent is not None  # one of the two was asked for
        if command.percent < ZERO:
            wanted = abs(held) * -command.percent / HUNDRED
            sized = floor_to(wanted, instrument.lot)
            if not sized:
                raise _Refusal(
                    f"nothing_to_close: {book.name} holds {to_text(held)} {command.symbol}"
                )
            return sized
        basis = command.price or command.stop_price or terms.price
        if basis is None:
            raise _Refusal(terms.problem or "unavailable: no price to size the order with")
        budget = book.capital * command.percent / HUNDRED * book.leverage
        lots = budget // (basis * instrument.lot)
        if not lots:
            raise _Refusal(
                f"below_one_lot: {to_text(budget)} {book.account.currency} buys less than "
                f"{to_text(instrument.lot)} at {to_text(basis)}"
            )
        return lots * instrument.lot

    def _reserve_price(
        self, limit: Decimal | None, stop: Decimal | None, terms: Terms, book: Book
    ) -> Decimal:
        """Cash a unit may cost at worst, fee included."""
        if limit is not None:
            worst = limit
        elif stop is not None:
            worst = stop * self._current.setup.worst_price
        elif terms.price is not None:
            worst = terms.price * self._current.setup.worst_price
        else:
            raise _Refusal(terms.problem or "unavailable: no price to reserve cash with")
        return worst * (ONE + book.account.commission_percent / HUNDRED)


def _require_units(position: Position, quantity: Decimal) -> None:
    if quantity > position.free:
        raise _Refusal(
            f"insufficient_holdings: {to_text(position.free)} {position.asset} free in "
            f"{position.book}, not {to_text(quantity)}"
        )


def _require_cash(tx: Tx, book: Book, amount: Decimal) -> None:
    cash = tx.position(book.account.name, book.name, book.account.currency)
    if amount > cash.free:
        raise _Refusal(
            f"insufficient_cash: needs {to_text(amount)} {book.account.currency}, "
            f"{to_text(cash.free)} free in {book.name}"
        )


def _schedule(command: Place, now: datetime) -> tuple[int, datetime, datetime | None]:
    """Number of slices, when the order first wants planning, and when it must have ended."""
    if command.order_type is not OrderType.TWAP:
        return 1, now, None
    assert command.slices is not None  # a TWAP is not read without them
    assert command.minutes is not None
    span = span_of(command.minutes)
    return command.slices, slice_time(now, span, command.slices, 0), now + span


def _inside(price: Decimal | None, side: Side, instrument: Instrument) -> Decimal | None:
    """Round a limit price to the tick that is not worse for the book."""
    if price is None or instrument.is_on_tick(price):
        return price
    if side is Side.SELL:
        return instrument.round_up_to_tick(price)
    rounded = instrument.round_down_to_tick(price)
    if not rounded:
        raise _Refusal(f"bad_price: {to_text(price)} is below one tick")
    return rounded


def _at_or_beyond(price: Decimal | None, side: Side, instrument: Instrument) -> Decimal | None:
    """Round a stop price to the tick that does not trigger earlier than asked."""
    if price is None or instrument.is_on_tick(price):
        return price
    if side is Side.BUY:
        return instrument.round_up_to_tick(price)
    rounded = instrument.round_down_to_tick(price)
    if not rounded:
        raise _Refusal(f"bad_price: {to_text(price)} is below one tick")
    return rounded


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
