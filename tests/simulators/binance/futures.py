"""The USD-M futures exchange: margin and positions, one net number a symbol or two when hedged."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from tests.simulators.binance.algo import AlgoDesk
from tests.simulators.binance.errors import ApiError, no_such_order
from tests.simulators.binance.listings import FUTURES_CODES, check_filters
from tests.simulators.binance.orders import ZERO, BalanceEvent, Draft, Order, Status, Trade
from tests.simulators.binance.venue import Venue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.simulators.binance.listings import Listing

DEFAULT_LEVERAGE = 20


@dataclass(frozen=True, slots=True)
class Bracket:
    """Up to ``cap`` of position value: the highest leverage, and what must stay as margin."""

    floor: int
    cap: int
    leverage: int
    maintenance: Decimal
    less: int
    """Taken off the maintenance margin, so that it does not jump at the floor."""


BRACKETS = (
    Bracket(0, 50_000, 125, Decimal("0.004"), 0),
    Bracket(50_000, 250_000, 100, Decimal("0.005"), 50),
    Bracket(250_000, 3_000_000, 50, Decimal("0.01"), 1_300),
    Bracket(3_000_000, 50_000_000, 20, Decimal("0.025"), 46_300),
)


def most_worth(leverage: int) -> int:
    """Return the highest position value that a leverage allows."""
    return max(each.cap for each in BRACKETS if each.leverage >= leverage)


def maintenance(worth: Decimal) -> Decimal:
    """Return the margin a position of this value must keep."""
    bracket = next((each for each in BRACKETS if worth <= each.cap), BRACKETS[-1])
    return worth * bracket.maintenance - bracket.less


@dataclass(slots=True)
class Position:
    """``amount`` is below zero when short; ``entry`` is the average price it was opened at."""

    amount: Decimal = ZERO
    entry: Decimal = ZERO

    def add(self, signed: Decimal, price: Decimal) -> Decimal:
        """Take a trade in; return the profit realized by what it closed."""
        realized = ZERO
        before = self.amount
        if before * signed < 0:
            closed = min(abs(before), abs(signed))
            realized = (price - self.entry) * closed * (1 if before > 0 else -1)
            if abs(signed) > abs(before):
                self.entry = price
        else:
            self.entry = (self.entry * abs(before) + price * abs(signed)) / abs(before + signed)
        self.amount = before + signed
        if not self.amount:
            self.entry = ZERO
        return realized


@dataclass(frozen=True, slots=True)
class Paid:
    """What one account got (+) or gave (-) as funding."""

    account: str
    symbol: str
    asset: str
    income: Decimal
    at_ms: int
    number: int


class FuturesVenue(Venue):
    codes: ClassVar[dict[str, tuple[int, str]]] = FUTURES_CODES
    maker_fee: ClassVar[Decimal] = Decimal("0.0002")
    taker_fee: ClassVar[Decimal] = Decimal("0.0004")
    prevention: ClassVar[str] = "EXPIRED"

    def __init__(self, listings: Iterable[Listing], now_ms: Callable[[], int]) -> None:
        super().__init__(listings, now_ms)
        self.wallets: dict[str, dict[str, Decimal]] = defaultdict(dict)
        self.positions: dict[tuple[str, str, str], Position] = defaultdict(Position)
        """By account, symbol and position side."""
        self.leverage: dict[tuple[str, str], int] = defaultdict(lambda: DEFAULT_LEVERAGE)
        self.isolated: set[tuple[str, str]] = set()
        self.hedged: set[str] = set()
        """Accounts in hedge mode."""
        self.algos = AlgoDesk(self)
        self.marks: dict[str, Decimal] = {}
        """Mark prices that are not the last price."""
        self.countdowns: dict[tuple[str, str], int] = {}
        """When everything of an account and symbol is cancelled, unless told otherwise before."""
        self.paid: list[Paid] = []
        """Funding, oldest first."""
        self.wake: Callable[[int], None] = lambda _at_ms: None
        """Asks for ``strike`` at a time."""

    def pay_funding(self, symbol: str, rate: Decimal) -> None:
        """Let longs pay shorts a part of their position's value; a negative rate turns it round."""
        now, quote = self.now_ms(), self.listing(symbol).quote
        for (account, held, _), position in list(self.positions.items()):
            if held != symbol or not position.amount:
                continue
            income = -position.amount * self.mark(symbol) * rate
            self.wallets[account][quote] += income
            self.paid.append(Paid(account, symbol, quote, income, now, len(self.paid) + 1))
            self.outbox.append(
                BalanceEvent(
                    account=account, assets=(quote,), symbol="", at_ms=now, why="FUNDING_FEE"
                )
            )

    def mark(self, symbol: str) -> Decimal:
        return self.marks.get(symbol, self.last[symbol])

    def set_mark(self, symbol: str, price: Decimal) -> None:
        """Let the mark price leave the last price."""
        self.marks[symbol] = price
        self.algos.look(symbol)

    def set_price(self, symbol: str, price: Decimal) -> None:
        super().set_price(symbol, price)
        self.algos.look(symbol)

    def strike(self) -> None:
        """Do what is due: end orders whose time is over, and what a countdown cancels."""
        now = self.now_ms()
        for order in list(self.open.values()):
            if 0 < order.draft.good_till_ms <= now:
                self.end(order, Status.EXPIRED, "EXPIRED", reason=6)
        for (account, symbol), due in list(self.countdowns.items()):
            if due <= now:
                del self.countdowns[account, symbol]
                for order in self.open_orders(account, symbol):
                    self.end(order, Status.CANCELED, "CANCELED")

    def count_down(self, account: str, symbol: str, span_ms: int) -> None:
        """Cancel everything of a symbol after a while; 0 takes that back."""
        self.countdowns.pop((account, symbol), None)
        if span_ms:
            self.countdowns[account, symbol] = self.now_ms() + span_ms
            self.wake(self.now_ms() + span_ms)

    def place(self, account: str, draft: Draft) -> Order:
        order = super().place(account, draft)
        if draft.good_till_ms:
            self.wake(draft.good_till_ms)
        return order

    def modify(self, order: Order, quantity: Decimal, price: Decimal) -> None:
        """Change an open limit order, which loses its turn; this may end it."""
        draft = order.draft
        if not order.status.is_open:
            raise no_such_order()
        if draft.type != "LIMIT":
            raise ApiError(-5025, "Only limit order is supported.")
        if (quantity, price) == (order.quantity, order.price):
            raise ApiError(-5027, "No need to modify the order.")
        changed = replace(draft, quantity=quantity, price=price)
        check_filters(self.listing(draft.symbol), changed, self.last[draft.symbol], self.codes, 0)
        del self.open[order.id]
        try:
            self.check_funds(order.account, replace(changed, quantity=quantity - order.executed))
        finally:
            self.open[order.id] = order
        if quantity <= order.executed or (
            draft.is_post_only and next(self._offers(changed), None) is not None
        ):
            self.end(order, Status.CANCELED, "CANCELED")
            return
        self._number += 1
        order.draft, order.quantity, order.price = changed, quantity, price
        order.rank, order.updated_ms = self._number, self.now_ms()
        self._tell(order, "AMENDMENT")
        self._work(order)

    def profit(self, account: str) -> Decimal:
        """Return the profit of open positions at the mark prices."""
        return sum(
            (
                (self.mark(symbol) - position.entry) * position.amount
                for (owner, symbol, _), position in self.positions.items()
                if owner == account
            ),
            ZERO,
        )

    def margin(self, account: str) -> Decimal:
        """Return what positions and open orders tie up."""
        held = sum(
            (
                abs(position.amount) * self.mark(symbol) / self.leverage[account, symbol]
                for (owner, symbol, _), position in self.positions.items()
                if owner == account
            ),
            ZERO,
        )
        return held + sum(
            (
                order.open_quantity * (order.price or ZERO) / self._lever(order)
                for order in self.open_orders(account)
                if not order.draft.reduce_only
            ),
            ZERO,
        )

    def available(self, account: str) -> Decimal:
        wallet = self.wallets[account].get("USDT", ZERO)
        return wallet + self.profit(account) - self.margin(account)

    def check_side(self, account: str, draft: Draft) -> None:
        if draft.is_one_way == (account in self.hedged):
            raise ApiError(-4061, "Order's position side does not match user's setting.")

    def check_funds(self, account: str, draft: Draft) -> None:
        self.check_side(account, draft)
        held = self.positions[account, draft.symbol, draft.position_side].amount
        sign = 1 if draft.side == "BUY" else -1
        closing = abs(held) if held * sign < 0 else ZERO
        closes = (draft.position_side, draft.side) in {("LONG", "SELL"), ("SHORT", "BUY")}
        reduces = draft.reduce_only or draft.close_position
        if (reduces and not closing) or (closes and draft.quantity > closing):
            raise ApiError(-2022, "ReduceOnly Order is rejected.")
        if draft.reduce_only:
            return
        price = draft.price or self.last[draft.symbol]
        opening = max(ZERO, draft.quantity - closing)
        if opening * price / self.leverage[account, draft.symbol] > self.available(account):
            raise ApiError(-2019, "Margin is insufficient.")
        if opening * price > most_worth(self.leverage[account, draft.symbol]):
            raise ApiError(-2027, "Exceeded the maximum allowable position at current leverage.")

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
        draft, listing = order.draft, self.listings[order.draft.symbol]
        position = self.positions[order.account, draft.symbol, draft.position_side]
        realized = position.add(quantity if order.is_buy else -quantity, price)
        charged = price * quantity * fee
        wallet = self.wallets[order.account]
        wallet[listing.quote] = wallet.get(listing.quote, ZERO) + realized - charged
        return Trade(
            id=number,
            order_id=order.id,
            symbol=draft.symbol,
            side=draft.side,
            price=price,
            quantity=quantity,
            fee=charged,
            fee_asset=listing.quote,
            maker=maker,
            at_ms=self.now_ms(),
            position_side=draft.position_side,
            realized=realized,
        )

    def _trade(self, order: Order, price: Decimal, quantity: Decimal, *, maker: bool) -> None:
        super()._trade(order, price, quantity, maker=maker)
        for other in self.open_orders(order.account, order.draft.symbol):
            if other.draft.reduce_only and not self._reducible(other):
                self.end(other, Status.EXPIRED, "EXPIRED", reason=4)

    def _tell(
        self, order: Order, execution: str, *, trade: Trade | None = None, cancel_id: str = ""
    ) -> None:
        super()._tell(order, execution, trade=trade, cancel_id=cancel_id)
        if not order.status.is_open:
            self.algos.ended(order)

    def _affordable(self, order: Order, price: Decimal, quantity: Decimal) -> Decimal:
        size = super()._affordable(order, price, quantity)
        return min(size, self._reducible(order)) if order.draft.reduce_only else size

    def _reducible(self, order: Order) -> Decimal:
        draft = order.draft
        held = self.positions[order.account, draft.symbol, draft.position_side].amount
        return max(ZERO, -held if order.is_buy else held)

    def _lever(self, order: Order) -> int:
        return self.leverage[order.account, order.draft.symbol]

    def assets_of(self, listing: Listing) -> tuple[str, ...]:
        return (listing.quote,)

    def duplicate(self) -> ApiError:
        return ApiError(-4116, "ClientOrderId is duplicated.")

    def would_take(self) -> ApiError:
        return ApiError(-5022, "Post Only order will be rejected.")

    def fill_or_kill_fails(self) -> None:
        raise ApiError(-5021, "The order could not be filled immediately and is rejected.")
