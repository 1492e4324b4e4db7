"""What an order comes to: its size, its prices on the tick, what it sets aside.

All of it follows from the command, the book, what the broker says of the symbol, and the setup in
force. Only closing a part of a position asks what is held. Bots send the same few orders again and
again, so the last results are remembered.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from adapters.ccxt_bridge.fitness import NO_STOPS
from algorithms.decimals import HUNDRED, ONE, ZERO, floor_to, multiply, to_text
from algorithms.domain import (
    Kind,
    Measure,
    OrderType,
    ParentId,
    ParentOrder,
    ParentStatus,
    Side,
)
from algorithms.twap import first_slice_after, span_of
from daemon.config.accounts import BrokerKind
from daemon.lately import Lately
from daemon.storage.rows import EPOCH, OWN_FIELDS, parent_terms_row, span_us

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from algorithms.instruments import Instrument
    from daemon.execution.commands import Place
    from daemon.registry import Book
    from daemon.setup import Setup
    from daemon.storage.tx import SqlValue

NETTABLE = frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.TWAP})
UNLIMITED = frozenset({OrderType.MARKET, OrderType.MOC, OrderType.MOO, OrderType.STOP_MARKET})
"""Order types that trade at any price; a price that comes with one only sizes it."""
REMEMBERED = 1024
SILENT = "unavailable: the broker does not answer"
_AT_ONCE = timedelta()


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


class Refusal(Exception):  # noqa: N818 - a way out of the sizing; the order's sender hears it
    """The order is not taken; the message is ``code: explanation``."""


class AtRisk(Refusal):
    """A limit that people set forbids the order: they are told, not only its sender."""


class Sized(NamedTuple):
    """An order without its identity. ``reserved``: cash of a buy, units of a sell.

    ``price``: what a unit is expected to cost or bring, where that is known.

    It is first worked ``first_after`` its arrival, and must have ended ``span`` after it (None: it
    has no such time). ``terms`` are the fields of ``ParentOrder`` that follow, ``terms_row`` the
    columns.
    """

    side: Side
    quantity: Decimal
    reserved: Decimal
    price: Decimal | None
    first_after: timedelta
    first_after_us: int
    span: timedelta | None
    span_us: int | None
    terms: tuple[object, ...]
    terms_row: tuple[SqlValue, ...]

    def order(self, order_id: ParentId, request_id: str, now: datetime) -> ParentOrder:
        """Make the order of one request."""
        deadline = None if self.span is None else now + self.span
        return tuple.__new__(  # what _make does, at half its cost
            ParentOrder,
            (order_id, request_id, now, now + self.first_after, deadline, *self.terms),
        )

    def row(self, order_id: ParentId, request_id: str, now_us: int) -> tuple[SqlValue, ...]:
        """Make the row of that order, as ``parent_row`` does, without turning times to numbers."""
        deadline_us = None if self.span_us is None else now_us + self.span_us
        return (
            order_id,
            request_id,
            now_us,
            now_us + self.first_after_us,
            deadline_us,
            *self.terms_row,
        )


class _Known(NamedTuple):
    command: Place
    book: Book
    terms: Terms
    setup: Setup
    sized: Sized


class Sizes:
    """Sizes orders, and remembers the last ones."""

    def __init__(self) -> None:
        self._known: Lately[tuple[int, str], _Known] = Lately(REMEMBERED)

    def __len__(self) -> int:
        """How many results are remembered."""
        return len(self._known)

    def of(self, command: Place, book: Book, terms: Terms, setup: Setup, held: Decimal) -> Sized:
        """Size an order; ``held`` is the position. Raises Refusal."""
        key = (id(command), book.name)
        known = self._known.get(key)
        if (
            known is not None
            and known.command is command
            and known.book is book
            and known.setup is setup
            and known.terms == terms
        ):
            return known.sized
        sized = size(command, book, terms, setup, held)
        if not closes(command):
            self._known.put(key, _Known(command, book, terms, setup, sized))
        return sized


def closes(command: Place) -> bool:
    """Whether the order closes a part of the position, so that its size depends on that."""
    return command.percent is not None and command.percent < ZERO


def needs_price(command: Place, book: Book) -> bool:
    """Whether sizing or reserving for this order takes the current price.

    The price that comes with a market order sizes it, but does not bound what it may cost. Neither
    does a buy's stop: where the market stands above it already, the order trades at once.
    """
    if is_limited(command):
        return False
    if closes(command):
        # Closing sells, which reserves no cash; only a short position is bought back.
        return book.account.is_futures
    if command.side is Side.BUY:
        return True
    if command.stop_price is not None:
        return False
    return book.account.is_futures or (command.percent is not None and command.price is None)


def size(command: Place, book: Book, terms: Terms, setup: Setup, held: Decimal) -> Sized:
    """Work out what an order comes to. Raises Refusal when it cannot be had."""
    side = command.side
    if closes(command):
        side = Side.SELL if held >= ZERO else Side.BUY
    instrument = _tradable(command, book, terms, setup)
    limit = _inside(command.price, side, instrument) if is_limited(command) else None
    stop = _at_or_beyond(command.stop_price, side, instrument)
    quantity = _quantity(command, book, instrument, terms, held)
    objection = setup.risk.objection(quantity, limit=limit, stop=stop, price=terms.price)
    if objection is not None:
        raise AtRisk(objection)
    reserve_price, reserved = None, quantity
    if side is Side.BUY:
        reserve_price = _reserve_price(limit, stop, terms, book, setup)
        reserved = multiply(quantity, reserve_price)
    elif book.account.is_futures:
        reserve_price = limit or stop or terms.price  # what a short position counts for
    slices, first_after, span = _schedule(command)
    pattern = ParentOrder(
        id=ParentId(""),
        request_id="",
        created_at=EPOCH,
        due_at=None,
        deadline=None,
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
        cancel_requested_at=None,
        ended_at=None,
    )
    return Sized(
        side=side,
        quantity=quantity,
        reserved=reserved,
        price=limit or stop or terms.price,
        first_after=first_after,
        first_after_us=span_us(first_after),
        span=span,
        span_us=None if span is None else span_us(span),
        terms=pattern[OWN_FIELDS:],
        terms_row=parent_terms_row(pattern),
    )


def _kind(side: Side, command: Place) -> Kind:
    if side is Side.SELL:
        return Kind.SELL
    return Kind.BUY_FORCE if command.by_hand else Kind.BUY


def is_limited(command: Place) -> bool:
    """Whether a price bounds what the order may trade at."""
    return command.price is not None and command.order_type not in UNLIMITED


def _tradable(command: Place, book: Book, terms: Terms, setup: Setup) -> Instrument:
    not_live = setup.risk.not_live(book.account)
    if not_live is not None:
        raise AtRisk(not_live)
    if not book.trades(command.symbol):
        raise Refusal(f"symbol_not_in_book: {book.name} trades {', '.join(sorted(book.symbols))}")
    if terms.instrument is None:
        raise Refusal(terms.problem or SILENT)
    if command.order_type not in terms.order_types and command.order_type is not OrderType.TWAP:
        why = _why(command, book)
        raise Refusal(f"unsupported: {book.account.broker} has no {command.order_type.value}{why}")
    return terms.instrument


def _why(command: Place, book: Book) -> str:
    """Say why a kind of order is not sent where the venue itself may have it."""
    stops = command.order_type in {OrderType.STOP_MARKET, OrderType.STOP_LIMIT}
    return f": {NO_STOPS}" if stops and book.account.broker == BrokerKind.CCXT else ""


def _quantity(
    command: Place, book: Book, instrument: Instrument, terms: Terms, held: Decimal
) -> Decimal:
    """Size the order in units: as asked, or from percent of capital or of the position."""
    if command.quantity is not None:
        if not instrument.is_on_lot(command.quantity):
            raise Refusal(
                f"off_lot: {to_text(command.quantity)} is not a multiple of the lot "
                f"{to_text(instrument.lot)}"
            )
        return command.quantity
    assert command.percent is not None  # one of the two was asked for
    if command.percent < ZERO:
        wanted = abs(held) * -command.percent / HUNDRED
        sized = floor_to(wanted, instrument.lot)
        if not sized:
            raise Refusal(f"nothing_to_close: {book.name} holds {to_text(held)} {command.symbol}")
        return sized
    basis = command.price or _basis(command, terms)
    if basis is None:
        raise Refusal(terms.problem or "unavailable: no price to size the order with")
    budget = book.capital * command.percent / HUNDRED * book.leverage
    lots = budget // (basis * instrument.lot)
    if not lots:
        raise Refusal(
            f"below_one_lot: {to_text(budget)} {book.account.currency} buys less than "
            f"{to_text(instrument.lot)} at {to_text(basis)}"
        )
    return lots * instrument.lot


def _basis(command: Place, terms: Terms) -> Decimal | None:
    """Price an order without limit trades at; a buy above its stop trades at the market."""
    stop, market = command.stop_price, terms.price
    if stop is None or market is None or command.side is Side.SELL:
        return stop or market
    return max(stop, market)


def _reserve_price(
    limit: Decimal | None, stop: Decimal | None, terms: Terms, book: Book, setup: Setup
) -> Decimal:
    """Cash a unit may cost at worst, fee included."""
    if limit is not None:
        worst = limit
    elif terms.price is not None:
        worst = max(stop or ZERO, terms.price) * setup.worst_price
    else:
        raise Refusal(terms.problem or "unavailable: no price to reserve cash with")
    return worst * (ONE + book.account.commission_percent / HUNDRED)


def _schedule(command: Place) -> tuple[int, timedelta, timedelta | None]:
    """Number of slices, how soon the order wants planning, and how soon it must have ended."""
    if command.order_type is not OrderType.TWAP:
        return 1, _AT_ONCE, None
    assert command.slices is not None  # a TWAP is not read without them
    assert command.minutes is not None
    span = span_of(command.minutes)
    return command.slices, first_slice_after(span, command.slices), span


def _inside(price: Decimal | None, side: Side, instrument: Instrument) -> Decimal | None:
    """Round a limit price to the tick that is not worse for the book."""
    return _on_tick(price, instrument, upwards=side is Side.SELL)


def _at_or_beyond(price: Decimal | None, side: Side, instrument: Instrument) -> Decimal | None:
    """Round a stop price to the tick that does not trigger earlier than asked."""
    return _on_tick(price, instrument, upwards=side is Side.BUY)


def _on_tick(price: Decimal | None, instrument: Instrument, *, upwards: bool) -> Decimal | None:
    if price is None or instrument.is_on_tick(price):
        return price
    if upwards:
        return instrument.round_up_to_tick(price)
    rounded = instrument.round_down_to_tick(price)
    if not rounded:
        raise Refusal(f"bad_price: {to_text(price)} is below one tick")
    return rounded
