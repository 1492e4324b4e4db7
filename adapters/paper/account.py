"""Cash and units of one paper account, and what of them open orders have set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.broker import RefusalCode
from adapters.paper.operations import ImpossibleOperationError
from algorithms.decimals import EXACT, ZERO, add, exactly, multiply, subtract, to_text
from algorithms.domain import Side, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from decimal import Decimal

    from adapters.paper.charges import Charges
    from adapters.paper.orders import PaperFill, PaperOrder


class Account:
    """A cash account: no borrowing, no short sales.

    A buy sets aside its leaves at its reserve price with commission, a sell its leaves.
    """

    def __init__(
        self,
        charges: Charges,
        *,
        cash: Decimal,
        positions: Mapping[Symbol, Decimal],
        open_orders: Iterable[PaperOrder] = (),
    ) -> None:
        self.charges = charges
        self.cash = cash
        self.positions = {symbol: units for symbol, units in positions.items() if units}
        self._reserved_cash = ZERO
        self._asked: dict[tuple[Symbol, Side], Decimal] = {}
        for order in open_orders:
            self.follow(None, order)

    @property
    def free_cash(self) -> Decimal:
        """Cash that no open order has set aside."""
        return subtract(self.cash, self._reserved_cash)

    def position(self, symbol: Symbol) -> Decimal:
        return self.positions.get(symbol, ZERO)

    def asked(self, symbol: Symbol, side: Side) -> Decimal:
        """Units that open orders of this side may still trade."""
        return self._asked.get((symbol, side), ZERO)

    def reserve(self, order: PaperOrder) -> Decimal:
        """Return the cash an order sets aside."""
        if order.side is Side.SELL:
            return ZERO
        return self.charges.with_commission(multiply(order.leaves, order.reserve_price))

    def follow(self, before: PaperOrder | None, after: PaperOrder) -> None:
        """Set aside what an order now needs, in place of what it needed before."""
        if before is not None and before.is_alive:
            self._set_aside(before, EXACT.minus(self.reserve(before)), EXACT.minus(before.leaves))
        if after.is_alive:
            self._set_aside(after, self.reserve(after), after.leaves)

    def settle(self, fill: PaperFill) -> None:
        """Exchange units for cash, and pay the fee."""
        symbol, value = fill.order.symbol, multiply(fill.quantity, fill.price)
        if fill.order.side is Side.BUY:
            self.positions[symbol] = add(self.position(symbol), fill.quantity)
            self.cash = subtract(subtract(self.cash, value), fill.fee)
        else:
            self.positions[symbol] = subtract(self.position(symbol), fill.quantity)
            self.cash = subtract(add(self.cash, value), fill.fee)

    def adjust(self, asset: str, amount: Decimal) -> None:
        """Let money or units come or go without an order.

        Raises ImpossibleOperationError when less than what should go is free.
        """
        symbol = Symbol(asset)
        is_cash = asset == self.charges.currency
        free = (
            self.free_cash
            if is_cash
            else subtract(self.position(symbol), self.asked(symbol, Side.SELL))
        )
        if amount < ZERO and add(free, amount) < ZERO:
            raise ImpossibleOperationError(f"{to_text(free)} {asset} free", "amount")
        if is_cash:
            self.cash = add(self.cash, amount)
        else:
            self.positions[symbol] = add(self.position(symbol), amount)

    def objection(
        self, order: PaperOrder, price_of: Callable[[Symbol], Decimal]
    ) -> tuple[RefusalCode, str] | None:
        """Say why the account cannot bear a new order; None if it can."""
        del price_of
        if order.side is Side.SELL:
            free = subtract(self.position(order.symbol), self.asked(order.symbol, Side.SELL))
            if order.quantity <= free:
                return None
            return RefusalCode.INSUFFICIENT_HOLDINGS, (
                f"{to_text(order.quantity)} {order.symbol} to sell, {to_text(free)} free"
            )
        need = self.reserve(order)
        if need <= self.free_cash:
            return None
        return RefusalCode.INSUFFICIENT_FUNDS, (
            f"{to_text(need)} {self.charges.currency} needed, {to_text(self.free_cash)} free"
        )

    def payable(self, order: PaperOrder, price: Decimal, lot: Decimal) -> Decimal:
        """Return how much of a buy can be paid at ``price``, its own reserve included."""
        cash = add(self.free_cash, self.reserve(order))
        return min(order.leaves, self.charges.affordable(cash, price, lot))

    def _set_aside(self, order: PaperOrder, cash: Decimal, units: Decimal) -> None:
        self._reserved_cash = add(self._reserved_cash, cash)
        key = order.symbol, order.side
        self._asked[key] = add(self._asked.get(key, ZERO), units)


class MarginAccount(Account):
    """A futures account, in one-way position mode: short positions and negative cash are allowed.

    Bought contracts are paid and sold ones credited like shares, so equity is cash plus
    positions at the last price. A new order must leave the worst case, every open order on one
    side of each symbol filled, within ``leverage`` times equity; one that only reduces a
    position is always allowed.
    """

    def __init__(
        self,
        charges: Charges,
        *,
        cash: Decimal,
        positions: Mapping[Symbol, Decimal],
        open_orders: Iterable[PaperOrder] = (),
        leverage: Decimal,
    ) -> None:
        super().__init__(charges, cash=cash, positions=positions, open_orders=open_orders)
        self._leverage = leverage

    def objection(
        self, order: PaperOrder, price_of: Callable[[Symbol], Decimal]
    ) -> tuple[RefusalCode, str] | None:
        held = self.position(order.symbol)
        worst = self._worst_case(order.symbol, order)
        if worst <= abs(held):
            return None
        symbols = {order.symbol, *self.positions, *(symbol for symbol, _ in self._asked)}
        with exactly():
            equity = self.cash + sum(
                (units * price_of(symbol) for symbol, units in self.positions.items()), ZERO
            )
            exposure = sum(
                (self._worst_case(symbol, order) * price_of(symbol) for symbol in symbols),
                ZERO,
            )
            limit = max(equity * self._leverage, ZERO)
        if exposure <= limit:
            return None
        return RefusalCode.INSUFFICIENT_FUNDS, (
            f"an exposure of {to_text(exposure)} {self.charges.currency}, {to_text(limit)} allowed"
        )

    def payable(self, order: PaperOrder, price: Decimal, lot: Decimal) -> Decimal:
        del price, lot
        return order.leaves

    def _worst_case(self, symbol: Symbol, new: PaperOrder) -> Decimal:
        """Return the largest position, long or short, that open orders and ``new`` may make."""
        buys, sells = self.asked(symbol, Side.BUY), self.asked(symbol, Side.SELL)
        if symbol == new.symbol and new.side is Side.BUY:
            buys = add(buys, new.quantity)
        elif symbol == new.symbol:
            sells = add(sells, new.quantity)
        held = self.position(symbol)
        return max(EXACT.abs(add(held, buys)), EXACT.abs(subtract(held, sells)))
