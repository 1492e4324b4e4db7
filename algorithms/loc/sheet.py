"""The sheet: what a person reads, one row for each way the close can come out.

Rows are alternatives. Their quantities are outcomes and must not be sent together: all rows of
one buy 500@100 against sells 100@95, 150@97 and 200@98, sent at once, would buy 1,200 units at a
close of 94, not 500.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from algorithms.decimals import EXACT, ZERO
from algorithms.domain import Side
from algorithms.loc.curve import curve, stretches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from algorithms.instruments import TickTable
    from algorithms.loc.curve import LocOrder, Stretch


class RowKind(StrEnum):
    """What the account ends up with, in the words of the sheet."""

    SELL_ALL = "sell_all"
    """Every sell: the close is above every buy."""
    BUY = "buy"
    """The one buy less its sells, at the buy's price."""
    SELL = "sell"
    """The sells less the one buy, at the highest sell's price."""
    NET_BUY = "net_buy"
    NET_SELL = "net_sell"
    NETTED = "netted"
    """Buys and sells are equal: nothing is left."""
    BUY_ALL = "buy_all"
    """Every buy: the close is below every sell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One outcome. ``price`` None: market-on-close. ``quantity`` in units, zero if netted.

    ``stretch`` is the range of closing prices and what is bought and sold in it. ``is_netted`` is
    true for the range between the highest sell and the one buy, ``has_several_buys`` for all rows
    of a sheet whose buys stand at several prices.
    """

    kind: RowKind
    price: Decimal | None
    quantity: Decimal
    stretch: Stretch
    label: str = ""
    is_netted: bool = False
    has_several_buys: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows from the top. ``apart`` are sells above every buy, which nothing opposes."""

    rows: tuple[Row, ...]
    apart: tuple[LocOrder, ...]


def sheet(orders: Sequence[LocOrder], ticks: TickTable) -> Sheet:
    """Say what becomes of the account at every close. Prices must be valid ones.

    Ranges in which nothing trades have no row.
    """
    prices = {order.price for order in orders if order.side is Side.BUY}
    highest = max((price for price in prices if price is not None), default=ZERO)

    def opposed(order: LocOrder) -> bool:
        if order.side is Side.BUY or None in prices:
            return True
        return bool(prices) and (order.price is None or order.price <= highest)

    apart = tuple(order for order in orders if not opposed(order))
    nettable = [order for order in orders if opposed(order)]
    return Sheet(tuple(_rows(nettable, ticks)), apart)


def _rows(orders: Sequence[LocOrder], ticks: TickTable) -> list[Row]:
    buys = {order.price for order in orders if order.side is Side.BUY}
    labels: dict[Decimal | None, dict[str, None]] = {}
    for order in orders:
        if order.side is Side.SELL:
            labels.setdefault(order.price, {})[order.label] = None
    traded = [
        stretch
        for stretch in stretches(curve(orders), ticks)
        if stretch.range.bought or stretch.range.sold
    ]
    rows = []
    for stretch in reversed(traded):
        if len(buys) == 1 and stretch.highest in buys and stretch.range.bought:
            label = "+".join(filter(None, labels.get(stretch.range.low, ())))
            rows.append(_at_the_buy(stretch, label, has_sells=bool(labels)))
        else:
            lowest = stretch is traded[0]
            rows.append(_row(stretch, lowest=lowest, has_several_buys=len(buys) > 1))
    return rows


def _at_the_buy(stretch: Stretch, label: str, *, has_sells: bool) -> Row:
    """The netted order: between the highest sell and the one buy."""
    net = stretch.range.net
    if net < ZERO:
        kind, price = RowKind.SELL, stretch.range.low
    else:
        kind, price = (RowKind.BUY if net else RowKind.NETTED), stretch.range.high
        label = ""
    return Row(
        kind=kind,
        price=price,
        quantity=EXACT.abs(net),
        stretch=stretch,
        label=label,
        is_netted=has_sells,
    )


def _row(stretch: Stretch, *, lowest: bool, has_several_buys: bool) -> Row:
    """Any other range. Its price is its lower end; where that is open, a buy's is the upper."""
    bought, sold = stretch.range.bought, stretch.range.sold
    net, price = stretch.range.net, stretch.lowest
    if not bought:
        kind = RowKind.SELL_ALL
    elif lowest and not sold:
        kind, price = RowKind.BUY_ALL, stretch.highest
    elif not net:
        kind = RowKind.NETTED
    else:
        kind = RowKind.NET_BUY if net > ZERO else RowKind.NET_SELL
        price = stretch.highest if price is None and net > ZERO else price
    return Row(
        kind=kind,
        price=price,
        quantity=EXACT.abs(net),
        stretch=stretch,
        has_several_buys=has_several_buys,
    )
