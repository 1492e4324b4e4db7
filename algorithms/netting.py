"""Netting: the orders of one account and symbol that oppose each other are crossed inside.

Everything here is a calculation on free remainders. Who may take part at all (halts, modes, order
types) and at which price is decided before.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import (
    ZERO,
    floor_divide,
    multiply,
    percent,
    subtract,
    to_text,
    total,
)
from algorithms.domain import Measure, Side
from algorithms.pairing import match_lots

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from algorithms.domain import AccountName, BookName, ParentId, Symbol

RESIDUAL_BELOW_ONE_LOT = "residual_below_one_lot"
"""Reason of a cash buy that ended because what was left of it buys less than one lot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NettingOrder:
    """A parent order as netting sees it.

    ``remain`` and ``free`` are in ``measure``: cash of the account's currency, or units. ``free``
    is ``remain`` less everything the order's own children may still fill; only that is crossed.
    ``limit`` is the order's own price limit, None for a market-like order. ``reserved_cash`` is
    the cash set aside for the free part of a quantity buy; None where cash is not checked.
    """

    id: ParentId
    book: BookName
    account: AccountName
    symbol: Symbol
    side: Side
    measure: Measure
    remain: Decimal
    free: Decimal
    limit: Decimal | None = None
    reserved_cash: Decimal | None = None

    def __post_init__(self) -> None:
        if self.side is Side.SELL and self.measure is Measure.CASH:
            raise ValueError(f"{self.id}: a sell counts units, not cash")
        if not ZERO <= self.free <= self.remain:
            raise ValueError(f"{self.id}: what is free is part of what remains")

    def allows(self, price: Decimal) -> bool:
        """Whether the order's limit lets it trade at ``price``."""
        if self.limit is None:
            return True
        return price <= self.limit if self.side is Side.BUY else price >= self.limit


@dataclass(frozen=True, slots=True)
class Pair:
    """One crossing: ``quantity`` units go from the seller's book to the buyer's at ``price``."""

    buy: NettingOrder
    sell: NettingOrder
    quantity: Decimal
    price: Decimal

    @property
    def value(self) -> Decimal:
        """Cash that goes from the buyer's book to the seller's."""
        return multiply(self.quantity, self.price)


@dataclass(frozen=True, slots=True)
class Remainder:
    """What netting left of an order.

    ``netted`` is in units, ``remain`` in the order's measure. ``cash_returned`` is the rest of a
    cash buy that ended with ``RESIDUAL_BELOW_ONE_LOT``.
    """

    order: NettingOrder
    netted: Decimal
    remain: Decimal
    done: bool
    reason: str | None = None
    cash_returned: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class GroupResult:
    """The pairs of one account and symbol in the order taken, and every order afterwards."""

    pairs: tuple[Pair, ...]
    remaining: tuple[Remainder, ...]


def group_orders(
    orders: Iterable[NettingOrder],
) -> dict[tuple[AccountName, Symbol], list[NettingOrder]]:
    """Sort orders into the groups that may net; groups and orders keep their order."""
    groups: dict[tuple[AccountName, Symbol], list[NettingOrder]] = {}
    for order in orders:
        groups.setdefault((order.account, order.symbol), []).append(order)
    return groups


def net_group(
    orders: Sequence[NettingOrder],
    price: Decimal,
    lot: Decimal,
    held: Mapping[BookName, Decimal] | None = None,
) -> GroupResult:
    """Cross the orders of one account and symbol at one price.

    ``orders`` stand in order of creation, ``lot`` is in units. ``held`` says how many units each
    book holds free for these sells, which share them oldest first; a book that is not named holds
    none. None: holdings are not checked. Raises ``ValueError`` for orders of several groups and
    for a price or lot that is not above zero.
    """
    if len({(order.account, order.symbol) for order in orders}) > 1:
        raise ValueError("only orders of one account and symbol net")
    if price <= ZERO or lot <= ZERO:
        raise ValueError(f"no netting at price {to_text(price)} in lots of {to_text(lot)}")
    lot_value = multiply(price, lot)
    buys = [at for at, o in enumerate(orders) if o.side is Side.BUY and o.allows(price)]
    sells = [at for at, o in enumerate(orders) if o.side is Side.SELL and o.allows(price)]
    matched = match_lots(
        [_buy_lots(orders[at], lot_value, lot) for at in buys],
        _sell_lots([orders[at] for at in sells], lot, held),
        [orders[at].book for at in buys],
        [orders[at].book for at in sells],
    )
    netted = [0] * len(orders)
    pairs = []
    for buy, sell, lots in matched:
        buyer, seller = buys[buy], sells[sell]
        netted[buyer] += lots
        netted[seller] += lots
        pairs.append(Pair(orders[buyer], orders[seller], multiply(lot, Decimal(lots)), price))
    remaining = (
        _remainder(order, multiply(lot, Decimal(lots)), price, lot_value)
        for order, lots in zip(orders, netted, strict=True)
    )
    return GroupResult(tuple(pairs), tuple(remaining))


def _buy_lots(order: NettingOrder, lot_value: Decimal, lot: Decimal) -> int:
    """Lots a buy can take: what its free cash pays for, or its free units if paid for."""
    if order.measure is Measure.CASH:
        return floor_divide(order.free, lot_value)
    wanted = floor_divide(order.free, lot)
    if order.reserved_cash is None:
        return wanted
    return min(wanted, max(0, floor_divide(order.reserved_cash, lot_value)))


def _sell_lots(
    sells: Sequence[NettingOrder], lot: Decimal, held: Mapping[BookName, Decimal] | None
) -> list[int]:
    """Lots each sell can give: its free units, as far as its book holds them."""
    wanted = [floor_divide(order.free, lot) for order in sells]
    if held is None:
        return wanted
    stock = {book: max(0, floor_divide(units, lot)) for book, units in held.items()}
    granted = []
    for order, lots in zip(sells, wanted, strict=True):
        there = min(lots, stock.get(order.book, 0))
        stock[order.book] = stock.get(order.book, 0) - there
        granted.append(there)
    return granted


def _remainder(
    order: NettingOrder, netted: Decimal, price: Decimal, lot_value: Decimal
) -> Remainder:
    """Reduce an order by what was netted and see whether that ends it."""
    if not netted:
        return Remainder(order, ZERO, order.remain, done=False)
    spent = multiply(netted, price) if order.measure is Measure.CASH else netted
    remain = subtract(order.remain, spent)
    if not remain:
        return Remainder(order, netted, ZERO, done=True)
    # Cash that a child may still spend is not left over: the order lives until its fate is known.
    idle = order.free == order.remain
    if order.measure is Measure.CASH and idle and remain < lot_value:
        return Remainder(
            order,
            netted,
            ZERO,
            done=True,
            reason=RESIDUAL_BELOW_ONE_LOT,
            cash_returned=remain,
        )
    return Remainder(order, netted, remain, done=False)


@dataclass(frozen=True, slots=True)
class Savings:
    """What crossing spared an account.

    ``broker_orders`` counts the orders that ended by netting: each would have been sent to the
    broker once more, at least. A pair that ends both its orders saves two, one that leaves a
    remainder to be worked saves one. ``value`` is the cash crossed, each pair counted once;
    ``commission`` is what the broker would have charged for it on both sides.
    """

    broker_orders: int
    value: Decimal
    commission: Decimal


def savings(results: Iterable[GroupResult], commission_percent: Decimal) -> Savings:
    """Add up what the groups of one account saved at its commission rate."""
    results = tuple(results)
    value = total(pair.value for result in results for pair in result.pairs)
    return Savings(
        broker_orders=sum(left.done for result in results for left in result.remaining),
        value=value,
        commission=percent(multiply(value, Decimal(2)), commission_percent),
    )
