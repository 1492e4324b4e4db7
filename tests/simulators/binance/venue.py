"""A matching engine: what both venues do alike. Synchronous, without a clock of its own.

The market beside the accounts is the house: it offers ``depth`` at each of ten ticks on both
sides of the last price and renews what is taken at once. Orders of accounts rest before the
house's at the same price and trade with each other, under self-trade prevention.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from tests.simulators.binance.errors import (
    ApiError,
    no_such_order,
    nothing_to_cancel,
    unknown_symbol,
)
from tests.simulators.binance.listings import check_filters
from tests.simulators.binance.orders import (
    ZERO,
    BalanceEvent,
    Draft,
    Order,
    OrderEvent,
    Status,
    Trade,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.simulators.binance.listings import Listing
    from tests.simulators.binance.orders import Event

LEVELS = 10


class Venue(ABC):
    """Orders, trades and prices. ``now_ms`` is the exchange's time, ``tell`` takes its news."""

    codes: ClassVar[dict[str, tuple[int, str]]]
    maker_fee: ClassVar[Decimal]
    taker_fee: ClassVar[Decimal]

    def __init__(self, listings: Iterable[Listing], now_ms: Callable[[], int]) -> None:
        self.listings = {listing.symbol: listing for listing in listings}
        self.last = {name: listing.price for name, listing in self.listings.items()}
        self.depth: dict[str, Decimal] = defaultdict(lambda: Decimal(100))
        self.orders: dict[int, Order] = {}
        self.open: dict[int, Order] = {}
        self.trades: dict[str, list[Trade]] = defaultdict(list)
        """By account, oldest first."""
        self.tape: dict[str, list[Trade]] = defaultdict(list)
        """By symbol: every trade, once for each account in it."""
        self.update_ids: dict[str, int] = defaultdict(lambda: 1)
        """By symbol: the number of the last change of its book."""
        self.outbox: list[Event] = []
        self.now_ms = now_ms
        self._number = 1_000_000_000_000_000_000  # beyond 2^53, as real ids may be
        self._trade_number = 1_000

    def listing(self, symbol: str) -> Listing:
        if symbol not in self.listings:
            raise unknown_symbol()
        return self.listings[symbol]

    def bid(self, symbol: str) -> Decimal:
        return self.last[symbol] - self.listings[symbol].tick

    def ask(self, symbol: str) -> Decimal:
        return self.last[symbol] + self.listings[symbol].tick

    def open_orders(self, account: str, symbol: str | None = None) -> list[Order]:
        return [
            order
            for order in self.open.values()
            if order.account == account and symbol in {None, order.draft.symbol}
        ]

    def levels(self, symbol: str, side: str) -> list[tuple[Decimal, Decimal]]:
        """Price and quantity on one side of the book, the best first, the house's included."""
        best, sign = (self.bid(symbol), -1) if side == "BUY" else (self.ask(symbol), 1)
        tick = self.listings[symbol].tick
        found: dict[Decimal, Decimal] = {
            price: self.depth[symbol]
            for step in range(LEVELS)
            if (price := best + sign * step * tick) > 0
        }
        for order in self.open.values():
            if order.draft.symbol == symbol and order.draft.side == side and order.working:
                price = order.price or ZERO
                found[price] = found.get(price, ZERO) + order.open_quantity
        return sorted(found.items(), reverse=side == "BUY")

    # What accounts ask

    def check(self, account: str, draft: Draft) -> None:
        """Refuse what must not be placed; ``place`` does this itself."""
        listing = self.listing(draft.symbol)
        mine = self.open_orders(account)
        here = sum(order.draft.symbol == draft.symbol for order in mine)
        check_filters(listing, draft, self.last[draft.symbol], self.codes, here)
        if any(order.draft.client_id == draft.client_id for order in mine):
            raise self.duplicate()
        self.check_funds(account, draft)
        if draft.stop_price is not None and self._triggers(draft, draft.stop_price):
            raise ApiError(-2010, "Stop price would trigger immediately.")
        if draft.is_post_only and next(self._offers(draft), None) is not None:
            raise self.would_take()

    def place(self, account: str, draft: Draft) -> Order:
        self.check(account, draft)
        killed = draft.tif == "FOK" and self._reachable(account, draft) < draft.quantity
        if killed:
            self.fill_or_kill_fails()
        now = self.now_ms()
        self._number += 1
        order = Order(
            id=self._number,
            account=account,
            draft=draft,
            quantity=draft.quantity,
            created_ms=now,
            updated_ms=now,
            working=draft.stop_price is None,
            price=draft.price,
            rank=self._number,
        )
        self.orders[order.id] = order
        self.open[order.id] = order
        self._tell(order, "NEW")
        if killed:
            self.end(order, Status.EXPIRED, "EXPIRED")
        elif order.working:
            self._work(order)
        return order

    def find(self, account: str, symbol: str, order_id: int | None, client_id: str | None) -> Order:
        """Return an order by either name; of several with one client id the newest."""
        self.listing(symbol)
        if order_id is not None:
            order = self.orders.get(order_id)
            if order is not None and (order.account, order.draft.symbol) == (account, symbol):
                return order
            raise no_such_order()
        for order in reversed(self.orders.values()):
            if (order.account, order.draft.symbol, order.draft.client_id) == (
                account,
                symbol,
                client_id,
            ):
                return order
        raise no_such_order()

    def cancel(
        self,
        account: str,
        symbol: str,
        order_id: int | None,
        client_id: str | None,
        *,
        cancel_id: str = "",
    ) -> Order:
        try:
            order = self.find(account, symbol, order_id, client_id)
        except ApiError as error:
            if error.code == no_such_order().code:
                raise nothing_to_cancel() from None
            raise
        if not order.status.is_open:
            raise nothing_to_cancel()
        self.end(order, Status.CANCELED, "CANCELED", cancel_id=cancel_id)
        return order

    def end(
        self, order: Order, status: Status, execution: str, *, reason: int = 0, cancel_id: str = ""
    ) -> None:
        """Take an open order out of the book."""
        order.status = status
        order.reason = reason
        order.updated_ms = self.now_ms()
        self.open.pop(order.id, None)
        self._tell(order, execution, cancel_id=cancel_id)

    # What the market does

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Let the house trade at a price: stops go off, and orders it crosses trade."""
        self.last[symbol] = price
        self.trade_resting(symbol)

    def trade_resting(self, symbol: str) -> None:
        """Let the house take from every order at or beyond its touch, ``depth`` from each."""
        for order in [each for each in self.open.values() if each.draft.symbol == symbol]:
            if not order.status.is_open:
                continue
            if not order.working:
                stop = order.draft.stop_price
                if stop is not None and self._triggers(order.draft, stop):
                    order.working = True
                    self._work(order)
                continue
            price = order.price
            if price is None:
                continue
            last = self.last[symbol]
            if price >= last if order.is_buy else price <= last:
                size = self._affordable(order, price, self.depth[symbol])
                self._trade(order, price, size, maker=True)

    # Matching

    def _triggers(self, draft: Draft, stop: Decimal) -> bool:
        rises = (draft.side == "BUY") != draft.type.startswith("TAKE_PROFIT")
        return self.last[draft.symbol] >= stop if rises else self.last[draft.symbol] <= stop

    def _offers(self, draft: Draft) -> Iterator[tuple[Decimal, Decimal, Order | None]]:
        """Yield what an order can take, the best first: price, quantity, whose (None: the house).

        Taken from a snapshot: who takes checks that a resting order still rests.
        """
        other = "SELL" if draft.side == "BUY" else "BUY"
        sign = 1 if draft.side == "BUY" else -1
        house = self.ask(draft.symbol) if sign > 0 else self.bid(draft.symbol)
        tick = sign * self.listings[draft.symbol].tick
        offers: list[tuple[Decimal, int, Decimal, Order | None]] = [
            (
                house + tick * step,
                self._number + 1,
                self.depth[draft.symbol],
                None,
            )
            for step in range(LEVELS)
        ]
        offers.extend(
            (order.price or ZERO, order.rank, order.open_quantity, order)
            for order in self.open.values()
            if (order.draft.symbol, order.draft.side) == (draft.symbol, other) and order.working
        )
        for price, _, quantity, maker in sorted(offers, key=lambda each: (sign * each[0], each[1])):
            if draft.price is not None and sign * price > sign * draft.price:
                return
            yield price, quantity, maker

    def _reachable(self, account: str, draft: Draft) -> Decimal:
        return sum(
            (
                quantity
                for _, quantity, maker in self._offers(draft)
                if maker is None or maker.account != account
            ),
            ZERO,
        )

    def _work(self, order: Order) -> None:
        """Let an order that came into the book take what it can, and end or rest."""
        for price, quantity, maker in list(self._offers(order.draft)):
            if not order.status.is_open:
                return
            if maker is None:
                self._trade(order, price, self._affordable(order, price, quantity), maker=False)
            elif maker.account == order.account and order.draft.stp != "NONE":
                self._prevent(order, maker)
            elif maker.status.is_open:
                size = self._affordable(order, price, min(quantity, maker.open_quantity))
                self._trade(maker, price, size, maker=True)
                self._trade(order, price, size, maker=False)
            if order.draft.quote_quantity is not None and order.status.is_open:
                size = self._affordable(order, price, quantity)
                if size == 0:
                    self.end(order, Status.FILLED, "TRADE")
        if order.status.is_open and (order.price is None or order.draft.tif in {"IOC", "FOK"}):
            self.end(order, Status.EXPIRED, "EXPIRED", reason=9 if order.price is None else 2)

    def _affordable(self, order: Order, price: Decimal, quantity: Decimal) -> Decimal:
        if order.draft.quote_quantity is None:
            return min(quantity, order.open_quantity)
        step = self.listings[order.draft.symbol].step
        left = (order.draft.quote_quantity - order.quote) // (price * step) * step
        return min(quantity, left)

    def _prevent(self, taker: Order, maker: Order) -> None:
        mode = taker.draft.stp
        size = min(taker.open_quantity, maker.open_quantity)
        if mode == "DECREMENT":
            taker.prevented += size
            maker.prevented += size
            hit = [order for order in (maker, taker) if order.open_quantity == 0]
        else:
            hit = {"EXPIRE_TAKER": [taker], "EXPIRE_MAKER": [maker]}.get(mode, [maker, taker])
        for order in hit:
            self.end(order, Status.EXPIRED_IN_MATCH, self.prevention, reason=1)

    prevention: ClassVar[str] = "TRADE_PREVENTION"

    def _trade(self, order: Order, price: Decimal, quantity: Decimal, *, maker: bool) -> None:
        if quantity <= 0:
            return
        self._trade_number += 1
        rate = self.maker_fee if maker else self.taker_fee
        trade = self.settle(order, price, quantity, rate, self._trade_number, maker=maker)
        order.trades.append(trade)
        order.executed += quantity
        order.quote += trade.quote
        order.updated_ms = trade.at_ms
        order.status = Status.PARTIALLY_FILLED
        if order.open_quantity <= 0:
            order.status = Status.FILLED
            self.open.pop(order.id, None)
        self.trades[order.account].append(trade)
        self.tape[order.draft.symbol].append(trade)
        self._tell(order, "TRADE", trade=trade)
        listing = self.listings[order.draft.symbol]
        self.outbox.append(
            BalanceEvent(
                account=order.account,
                assets=self.assets_of(listing),
                symbol=listing.symbol,
                at_ms=trade.at_ms,
            )
        )

    def _tell(
        self, order: Order, execution: str, *, trade: Trade | None = None, cancel_id: str = ""
    ) -> None:
        self.outbox.append(
            OrderEvent(
                account=order.account,
                order=order,
                execution=execution,
                status=order.status,
                executed=order.executed,
                quote=order.quote,
                at_ms=order.updated_ms,
                trade=trade,
                cancel_id=cancel_id,
            )
        )

    # What differs

    @abstractmethod
    def check_funds(self, account: str, draft: Draft) -> None: ...

    @abstractmethod
    def settle(
        self,
        order: Order,
        price: Decimal,
        quantity: Decimal,
        fee: Decimal,
        number: int,
        *,
        maker: bool,
    ) -> Trade:
        """Move money and holdings; return this side of the trade."""

    @abstractmethod
    def assets_of(self, listing: Listing) -> tuple[str, ...]: ...

    @abstractmethod
    def duplicate(self) -> ApiError: ...

    @abstractmethod
    def would_take(self) -> ApiError: ...

    @abstractmethod
    def fill_or_kill_fails(self) -> None:
        """Refuse an order that cannot be filled whole; return to let it expire."""
