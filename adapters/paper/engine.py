"""The exchange in memory: orders and time go in, fills come out.

Nothing here waits, reads a clock or a disk. Whoever asks first plays the market up to the present,
event after event in the order of time, so that the same questions at the same times always give
the same trades, whether the process was running in between or not. What changed is gathered in
``Changes`` for the caller to store.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import BrokerOrderState, RefusalCode, Refused
from adapters.paper.acceptance import form_fault, reserve_price
from adapters.paper.matching import (
    allows,
    auction_piece,
    next_piece,
    stop_is_reached,
    trading_price,
)
from adapters.paper.operations import Adjust, ImpossibleOperationError, MovePrice, SplitUnits
from adapters.paper.orders import CLOSING_TYPES, PaperFill, PaperOrder
from adapters.paper.prices import LONGEST_CATCH_UP
from algorithms.bookkeeping import Ratio
from algorithms.decimals import ZERO, add, divide, exactly, floor_to, multiply, subtract, to_text
from algorithms.domain import Side, Symbol, TimeInForce

if TYPE_CHECKING:
    from datetime import date, datetime

    from adapters.broker import OrderRequest
    from adapters.paper.account import Account
    from adapters.paper.market import Market
    from adapters.paper.operations import Operation
    from adapters.paper.order_book import OrderBook
    from adapters.sessions import Sessions

PIECE_INTERVAL = timedelta(seconds=5)
"""Where orders fill in pieces: the time from one piece to the next."""

CENT = Decimal("0.01")
"""A fraction of a lot that a split leaves is paid out to the full cent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How this exchange works.

    ``sessions``: the market's days and closes. ``keeps_hours``: orders are taken and trade in
    sessions only; else at any time, and sessions only time the closing auctions.
    ``cuts_fills``: orders fill in pieces. ``daily_numbers``: order numbers restart each market
    day, as at brokers without client order ids, instead of counting on.
    """

    seed: int
    sessions: Sessions
    keeps_hours: bool
    cuts_fills: bool
    daily_numbers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What has been given out: order sequences, trade ids, and numbers of ``number_day``."""

    sequence: int = 0
    trade: int = 0
    number_day: date | None = None
    number: int = 0


@dataclass(slots=True)
class Changes:
    """What happened since it was last stored; ``reports`` in the order it happened."""

    orders: dict[int, PaperOrder] = field(default_factory=dict)
    fills: list[PaperFill] = field(default_factory=list)
    reports: list[PaperOrder | PaperFill] = field(default_factory=list)
    operations: dict[str, str] = field(default_factory=dict)
    adjusted: set[Symbol] = field(default_factory=set)


class Engine:
    """One account's side of the market, up to ``now``."""

    def __init__(
        self,
        rules: Rules,
        market: Market,
        account: Account,
        book: OrderBook,
        *,
        counters: Counters,
        now: datetime,
    ) -> None:
        self.rules = rules
        self.market = market
        self.account = account
        self.book = book
        self.counters = counters
        self.now = now
        self.changes = Changes()
        self._sessions = rules.sessions
        for symbol in book.trading_symbols():
            market.move(symbol, now)

    @property
    def has_changes(self) -> bool:
        """Whether something waits to be stored."""
        changes = self.changes
        return bool(changes.orders or changes.operations) or self.market.has_news

    def next_event(self) -> datetime | None:
        """Return when something may next happen to an open order; None if nothing will."""
        times = [self.book.next_due()]
        symbols = self.book.trading_symbols()
        if symbols and not self._is_open():
            times.append(self._sessions.next_open(self.now))
        else:
            times.extend(self.market.next_step(symbol) for symbol in symbols)
        return min((at for at in times if at is not None), default=None)

    def advance(self, to: datetime) -> None:
        """Play the market up to a time; time that has passed already is not played again.

        Afterwards nothing is due before now: not even what was when a session ended, whatever the
        clock of the next one says.
        """
        to = max(to, self.now)
        if to - self.now > LONGEST_CATCH_UP:
            for symbol in self.book.trading_symbols():
                self.market.leave_out(symbol, to - LONGEST_CATCH_UP)
        while (at := self.next_event()) is not None and at <= to:
            self._play(at)
        self.now = to

    def meet_prices(self) -> None:
        """Let open orders meet the present prices, which new settings may have changed."""
        if self._is_open():
            for symbol in self.book.trading_symbols():
                self._match(symbol)

    def place(self, request: OrderRequest, at: datetime) -> PaperOrder | Refused:
        """Take an order and let it trade at once as far as it can, or refuse it."""
        self.advance(at)
        refusal = self._objection(request)
        if refusal is not None:
            return refusal
        order = self._new_order(request)
        objection = self.account.objection(order, self._price_of)
        if objection is not None:
            return Refused(*objection)
        self._accept(order)
        self._let_trade(order)
        return self.changes.orders[order.sequence]

    def cancel(self, order: PaperOrder) -> PaperOrder:
        """End an open order, as it stands in the book now."""
        return self._end(order, BrokerOrderState.CANCELLED, "cancelled on request")

    def set_price(self, symbol: Symbol, price: Decimal, at: datetime) -> None:
        """Trade a symbol at a price, as somebody else's order would."""
        self.advance(at)
        self.market.move(symbol, self.now)
        self.market.set_price(symbol, price)
        if self._is_open():
            self._match(symbol)

    def operate(self, key: str, operation: Operation, at: datetime) -> None:
        """Do what no order does. Raises ImpossibleOperationError; then nothing has changed."""
        self.advance(at)
        told = str(operation)
        match operation:
            case Adjust(asset, amount):
                self.account.adjust(asset, amount)
                if asset != self.account.charges.currency:
                    self.changes.adjusted.add(Symbol(asset))
            case SplitUnits(symbol):
                paid = self._split(symbol, Ratio(operation.new, operation.old))
                told += f", paid {to_text(paid)}"
            case MovePrice(symbol, price):
                self._require_trading(symbol)
                if not self.market.instrument(symbol).is_on_tick(price):
                    tick = to_text(self.market.instrument(symbol).tick_at(price))
                    raise ImpossibleOperationError(
                        f"{to_text(price)} is not on the tick of {tick}", "price"
                    )
                self.set_price(symbol, price, at)
        self.changes.operations[key] = told

    def _split(self, symbol: Symbol, ratio: Ratio) -> Decimal:
        """End the symbol's orders, change its units, pay out what makes no lot; return that."""
        self._require_trading(symbol)
        for order in tuple(self.book):
            if order.symbol == symbol:
                self._end(order, BrokerOrderState.CANCELLED, "the symbol was split")
        self.market.move(symbol, self.now)
        before = self.account.position(symbol)
        after = ratio.units(before, self.market.instrument(symbol).lot)
        self.market.split(symbol, ratio)
        with exactly():
            fraction = before * ratio.new - after * ratio.old
            rest = fraction * self.market.touch(symbol).last
        self.account.adjust(symbol, subtract(after, before))
        self.changes.adjusted.add(symbol)
        paid = floor_to(divide(max(rest, ZERO), Decimal(ratio.old), 18), CENT)
        self.account.adjust(self.account.charges.currency, paid)
        return paid

    def _require_trading(self, symbol: Symbol) -> None:
        if not self.market.trades(symbol):
            raise ImpossibleOperationError(f"{symbol} is not traded here", "symbol")

    def take_changes(self) -> Changes:
        changes, self.changes = self.changes, Changes()
        return changes

    def _play(self, at: datetime) -> None:
        """Go through one moment: prices move, orders trade, the close comes."""
        session_before = self._sessions.session_at(self.now)
        self.now = max(at, self.now)
        is_open = self._is_open()
        opening = (
            self.rules.keeps_hours
            and is_open
            and self._sessions.session_at(self.now) != session_before
        )
        for symbol in self.book.trading_symbols():
            moved = self.market.move(symbol, self.now)
            if is_open and (moved or opening):
                self._match(symbol, opening=opening)
        for due in self.book.pop_due(self.now):
            order = self.book.get(due.sequence)
            if order is not None and order.ends_at is not None and order.ends_at <= self.now:
                self._meet_close(order)
            elif order is not None and is_open:
                self._let_trade(order)

    def _is_open(self) -> bool:
        return not self.rules.keeps_hours or self._sessions.session_at(self.now) is not None

    def _price_of(self, symbol: Symbol) -> Decimal:
        self.market.move(symbol, self.now)
        return self.market.touch(symbol).last

    def _objection(self, request: OrderRequest) -> Refused | None:
        symbol = request.symbol
        if not self.market.trades(symbol):
            return Refused(RefusalCode.UNKNOWN_SYMBOL, f"{symbol} is not traded here")
        if not self._is_open():
            return Refused(RefusalCode.MARKET_CLOSED, "the market is closed")
        self.market.move(symbol, self.now)
        fault = form_fault(request, self.market.instrument(symbol), self.market.touch(symbol))
        if fault is not None:
            return fault
        if request.order_type in CLOSING_TYPES and self._sessions.next_close(self.now) is None:
            return Refused(RefusalCode.MARKET_CLOSED, "no closing auction is known")
        if not self.rules.daily_numbers and self.book.of_client(request.client_id) is not None:
            return Refused(RefusalCode.DUPLICATE, f"{request.client_id} is open already")
        return None

    def _new_order(self, request: OrderRequest) -> PaperOrder:
        day = self._sessions.day_at(self.now)
        sequence = number = self.counters.sequence + 1
        if self.rules.daily_numbers:
            number = self.counters.number + 1 if day == self.counters.number_day else 1
        ends = request.order_type in CLOSING_TYPES or request.time_in_force is TimeInForce.DAY
        return PaperOrder(
            sequence=sequence,
            number=str(number),
            client_id=request.client_id,
            symbol=request.symbol,
            side=request.side,
            order_type=request.order_type,
            time_in_force=request.time_in_force,
            quantity=request.quantity,
            limit_price=request.limit_price,
            stop_price=request.stop_price,
            reserve_price=reserve_price(request, self.market.touch(request.symbol)),
            state=BrokerOrderState.OPEN,
            filled=ZERO,
            triggered=False,
            resting=False,
            fills_from=None,
            ends_at=self._sessions.next_close(self.now) if ends else None,
            market_day=day,
            placed_at=self.now,
            reason="",
        )

    def _accept(self, order: PaperOrder) -> None:
        self.counters = replace(
            self.counters,
            sequence=order.sequence,
            number_day=order.market_day,
            number=int(order.number),
        )
        self._record(None, order)
        self.changes.reports.append(order)

    def _match(self, symbol: Symbol, *, opening: bool = False) -> None:
        for order in self.book.trading(symbol):
            self._let_trade(order, opening=opening)

    def _let_trade(self, order: PaperOrder, *, opening: bool = False) -> None:
        """Trade one order as far as it can now; at the opening, resting ones get its price."""
        if order.waits_for_close:
            return
        touch = self.market.touch(order.symbol)
        if order.waits_for_stop:
            assert order.stop_price is not None
            if not stop_is_reached(order.side, order.stop_price, touch.last):
                return
            order = self._record(order, replace(order, triggered=True))
        if order.fills_from is not None and order.fills_from > self.now:
            return
        resting = order.resting and not opening
        price = trading_price(order.side, order.limit_price, touch, resting=resting)
        if price is not None:
            self._execute(order, self._piece(order), price)
        elif not order.resting:
            self._record(order, replace(order, resting=True))

    def _meet_close(self, order: PaperOrder) -> None:
        """Fill what the closing auction fills, and expire the rest."""
        if not order.waits_for_close:
            self._end(order, BrokerOrderState.EXPIRED, "the market day ended")
            return
        close = self._price_of(order.symbol)
        if allows(order.side, order.limit_price, close):
            quantity = order.leaves
            if self.rules.cuts_fills and order.limit_price == close:
                lot = self.market.instrument(order.symbol).lot
                quantity = auction_piece(quantity, lot, self.rules.seed, order.sequence)
            order = self._execute(order, quantity, close)
        if order.is_alive:
            self._end(order, BrokerOrderState.EXPIRED, "not filled in the closing auction")

    def _piece(self, order: PaperOrder) -> Decimal:
        if not self.rules.cuts_fills:
            return order.leaves
        lot = self.market.instrument(order.symbol).lot
        return next_piece(order.quantity, order.filled, lot, self.rules.seed, order.sequence)

    def _execute(self, order: PaperOrder, quantity: Decimal, price: Decimal) -> PaperOrder:
        """Trade ``quantity`` of an order, or what of it can be paid; return the order after."""
        if order.side is Side.BUY and price > order.reserve_price:
            lot = self.market.instrument(order.symbol).lot
            payable = self.account.payable(order, price, lot)
            if payable < quantity:
                order = self._fill(order, payable, price) if payable else order
                return self._end(order, BrokerOrderState.EXPIRED, "the cash ran out")
        return self._fill(order, quantity, price) if quantity else order

    def _fill(self, order: PaperOrder, quantity: Decimal, price: Decimal) -> PaperOrder:
        filled = add(order.filled, quantity)
        is_done = filled == order.quantity
        after = replace(
            order,
            filled=filled,
            state=BrokerOrderState.FILLED if is_done else BrokerOrderState.PARTIALLY_FILLED,
            fills_from=None if is_done else self.now + PIECE_INTERVAL,
        )
        fill = PaperFill(
            trade=self.counters.trade + 1,
            order=after,
            quantity=quantity,
            cumulative=filled,
            price=price,
            fee=self.account.charges.fee(order.side, multiply(quantity, price)),
            at=self.now,
        )
        self.counters = replace(self.counters, trade=fill.trade)
        self.account.settle(fill)
        self._record(order, after)
        self.changes.fills.append(fill)
        self.changes.reports += (fill, after)
        return after

    def _end(self, order: PaperOrder, state: BrokerOrderState, reason: str) -> PaperOrder:
        after = self._record(order, replace(order, state=state, reason=reason, fills_from=None))
        self.changes.reports.append(after)
        return after

    def _record(self, before: PaperOrder | None, after: PaperOrder) -> PaperOrder:
        self.account.follow(before, after)
        self.book.keep(after)
        self.changes.orders[after.sequence] = after
        return after
