"""The USD-M futures exchange: margin and positions, one net number a symbol or two when hedged."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from tests.simulators.binance.errors import ApiError
from tests.simulators.binance.listings import FUTURES_CODES
from tests.simulators.binance.orders import ZERO, Draft, Order, Status, Trade
from tests.simulators.binance.venue import Venue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tests.simulators.binance.listings import Listing

DEFAULT_LEVERAGE = 20


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

    def profit(self, account: str) -> Decimal:
        """Return the profit of open positions at the last prices."""
        return sum(
            (
                (self.last[symbol] - position.entry) * position.amount
                for (owner, symbol, _), position in self.positions.items()
                if owner == account
            ),
            ZERO,
        )

    def margin(self, account: str) -> Decimal:
        """Return what positions and open orders tie up."""
        held = sum(
            (
                abs(position.amount) * self.last[symbol] / self.leverage[account, symbol]
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

    def check_funds(self, account: str, draft: Draft) -> None:
        if (draft.position_side != "BOTH") != (account in self.hedged):
            raise ApiError(-4061, "Order's position side does not match user's setting.")
        held = self.positions[account, draft.symbol, draft.position_side].amount
        sign = 1 if draft.side == "BUY" else -1
        closing = abs(held) if held * sign < 0 else ZERO
        closes = (draft.position_side, draft.side) in {("LONG", "SELL"), ("SHORT", "BUY")}
        if (draft.reduce_only and not closing) or (closes and draft.quantity > closing):
            raise ApiError(-2022, "ReduceOnly Order is rejected.")
        if draft.reduce_only:
            return
        price = draft.price or self.last[draft.symbol]
        opening = max(ZERO, draft.quantity - closing)
        if opening * price / self.leverage[account, draft.symbol] > self.available(account):
            raise ApiError(-2019, "Margin is insufficient.")

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
