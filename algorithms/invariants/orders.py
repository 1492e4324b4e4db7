"""Invariants 3 and 4: no order is worked twice or too far, and each belongs to its strategy."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, to_text, total
from algorithms.domain import LADDER, ChildState, Measure, OrderType, Side

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping
    from decimal import Decimal

    from algorithms.domain import AccountName, ChildId, ChildOrder, ParentOrder, Symbol
    from algorithms.invariants.findings import Check
    from algorithms.invariants.ledger import Key, Totals
    from algorithms.invariants.snapshot import BrokerRecord, BrokerView, Family, Fill, Held

Records = dict[tuple["AccountName", str], list["BrokerRecord"]]


class OrderChecks:
    """Goes through all families of orders once.

    ``records`` are the brokers' own orders by account and client id; ``known`` are the accounts
    whose brokers told all of theirs.
    """

    def __init__(
        self,
        views: Iterable[BrokerView],
        totals: Totals,
        orders: Check,
        cancels: Check,
        *,
        splits: Container[tuple[AccountName, Symbol]] = frozenset(),
    ) -> None:
        self._splits = splits
        self._records: Records = defaultdict(list)
        self._known: set[AccountName] = set()
        self._currencies: Mapping[AccountName, str] = totals.currencies
        self._orders = orders
        self._cancels = cancels
        self._reserved: defaultdict[Key, Decimal] = defaultdict(lambda: ZERO)
        for view in views:
            if view.orders is not None:
                self._known.add(view.account)
                for record in view.orders:
                    self._records[view.account, record.client_id].append(record)

    def look_at(self, family: Family) -> None:
        """Check one parent order with all that belongs to it."""
        parent = family.parent
        self._orders.checked += 1 + len(family.children)
        self._cancels.checked += 1 + len(family.children)
        self._add_reserves(family)
        for what in parent_faults(family, self._currencies.get(parent.account, "")):
            self._orders.broken(f"parent {parent.id}", what)
        booked: defaultdict[str | None, list[Fill]] = defaultdict(list)
        for fill in family.fills:
            booked[fill.child_id].append(fill)
        for child in family.children:
            for what in child_faults(family, child, booked.pop(child.id, [])):
                self._orders.broken(f"child {child.id}", what)
            if child.account in self._known:
                for what in record_faults(child, self._records[child.account, child.id]):
                    self._orders.broken(f"child {child.id}", what)
        booked.pop(None, None)
        for stranger in booked:
            self._orders.broken(f"parent {parent.id}", f"has fills of {stranger}, not its child")
        for where, what in cancel_faults(family, self._splits):
            self._cancels.broken(where, what)

    def check_reserves(self, held: Iterable[Held]) -> None:
        """What positions have set aside must be what live orders need, no more and no less."""
        for position in held:
            key = (position.account, position.book, position.asset)
            needed = self._reserved.pop(key, ZERO)
            if position.reserved != needed:
                self._orders.broken(
                    " ".join(key),
                    f"{to_text(position.reserved)} reserved, its orders need {to_text(needed)}",
                )
        for key, needed in sorted(self._reserved.items()):
            if needed:
                self._orders.broken(" ".join(key), f"{to_text(needed)} not reserved")

    def _add_reserves(self, family: Family) -> None:
        parent = family.parent
        asset = str(parent.symbol)
        if parent.side is Side.BUY:
            asset = self._currencies.get(parent.account, "")
        self._reserved[parent.account, parent.book, asset] += parent.reserved + total(
            child.reserved for child in family.children
        )


def parent_faults(family: Family, currency: str) -> Iterator[str]:
    """What is wrong with a parent order's sums."""
    parent = family.parent
    done = total(_measured(fill, parent.measure, currency) for fill in family.fills)
    promised = done if parent.measure is Measure.QUANTITY else _promised_cash(family)
    if promised > parent.total:
        yield f"filled {to_text(promised)} of {to_text(parent.total)} asked"
    elif parent.remain != max(parent.total - done, ZERO):
        yield f"{to_text(parent.remain)} remain of {to_text(parent.total)}, {to_text(done)} filled"
    if parent.measure is Measure.QUANTITY and family.leaves > max(parent.remain, ZERO):
        yield f"{to_text(family.leaves)} still worked, {to_text(parent.remain)} remain"
    if parent.status.is_final and family.live:
        yield f"is {parent.status.value}, and {len(family.live)} of its children live"
    if (parent.ended_at is None) == parent.status.is_final:
        yield f"is {parent.status.value}, and its time of ending says otherwise"
    wanted = _wanted_reserve(family)
    if parent.reserved != wanted:
        yield f"reserves {to_text(parent.reserved)} and needs {to_text(wanted)}"
    for fill in family.fills:
        if (fill.account, fill.book, fill.symbol, fill.side) != (
            parent.account,
            parent.book,
            parent.symbol,
            parent.side,
        ):
            yield f"fill {fill.id} is of another account, book, symbol or side"


def child_faults(family: Family, child: ChildOrder, fills: Iterable[Fill]) -> Iterator[str]:
    """What is wrong between a child, its parent and its fills."""
    parent = family.parent
    if (child.account, child.book, child.symbol, child.side, child.strategy) != (
        parent.account,
        parent.book,
        parent.symbol,
        parent.side,
        parent.strategy,
    ):
        yield "is of another account, book, symbol, side or strategy than its parent"
    fills = tuple(fills)
    filled = total(fill.quantity for fill in fills)
    if child.filled != filled:
        yield f"says {to_text(child.filled)} filled, its fills {to_text(filled)}"
    if child.filled_value != total(fill.quantity * fill.price for fill in fills):
        yield "its value is not that of its fills"
    if child.filled > child.quantity:
        yield f"filled {to_text(child.filled)} of {to_text(child.quantity)}"
    if child.state is ChildState.FILLED and child.filled < child.quantity:
        yield f"is filled with {to_text(child.filled)} of {to_text(child.quantity)}"
    if child.state is ChildState.PLANNED and (child.sent_at is not None or filled):
        yield "is planned, and was sent"
    if (child.ended_at is None) == child.state.is_final:
        yield f"is {child.state.value}, and its time of ending says otherwise"
    needed = ZERO if child.state.is_final else child.leaves
    if child.side is Side.BUY:
        needed *= child.reserve_price or ZERO
    if child.reserved != needed:
        yield f"reserves {to_text(child.reserved)} and needs {to_text(needed)}"


def record_faults(child: ChildOrder, records: list[BrokerRecord]) -> Iterator[str]:
    """What is wrong between a child and the orders the broker took under its id."""
    if len(records) > 1:
        yield f"was sent {len(records)} times: {', '.join(one.number for one in records)}"
    if records and child.state is ChildState.PLANNED:
        yield "is at the broker before it was stored as sent"
    if child.filled and not records:
        yield "has fills, and the broker has no such order"
    at_broker = total(record.filled for record in records)
    if child.filled > at_broker and records:
        yield f"has {to_text(child.filled)} booked, the broker filled {to_text(at_broker)}"
    if child.state.is_final and any(record.is_alive for record in records):
        yield f"is {child.state.value}, and alive at the broker"
    if child.state.is_final and child.filled < at_broker:
        yield f"is {child.state.value}, {to_text(at_broker - child.filled)} filled besides"


def cancel_faults(
    family: Family, splits: Container[tuple[AccountName, Symbol]] = frozenset()
) -> Iterator[tuple[str, str]]:
    """Where an order was to be cancelled by somebody who may not, or by nobody."""
    parent = family.parent
    where = f"parent {parent.id}"
    for cancel in family.cancels:
        if cancel.strategy != parent.strategy:
            yield (
                where,
                f"of {parent.strategy}, cancelled by {cancel.strategy} ({cancel.request_id})",
            )
    if parent.cancel_requested_at is not None and not family.cancels and parent.book != LADDER:
        yield where, "is to be cancelled, and no request asked for it"
    for child in family.children:
        where = f"child {child.id}"
        if child.cancel_requested_at is not None and parent.cancel_requested_at is None:
            yield where, "is to be cancelled, and its parent is not"
        limited = child.cancel_at is not None and parent.order_type is not OrderType.TWAP
        if limited and (child.account, child.symbol) not in splits:
            yield where, f"of a {parent.order_type.value} order has a slice's time limit"
        wanted = child.cancel_requested_at is not None or child.cancel_at is not None
        if child.state is ChildState.CANCELLING and not wanted:
            yield where, "is being cancelled, and nobody wanted it"
        if child.state is ChildState.CANCELLED and not wanted and not child.reason:
            yield where, "was cancelled, and nothing says why"


def _measured(fill: Fill, measure: Measure, currency: str) -> Decimal:
    """What of its parent a fill has done: units, or cash with the fee paid in it."""
    if measure is Measure.QUANTITY:
        return fill.quantity
    value = fill.quantity * fill.price
    return value + fill.fee if fill.fee_asset == currency else value


def _promised_cash(family: Family) -> Decimal:
    """What the fills of an order for cash came to at the prices that it keeps to.

    What a broker takes as a fee is the broker's to say, and so is the price of a market order
    beyond what was set aside for it. A slice at the market is cut by a price that it does not keep
    to at all: of it nothing is counted.
    """
    children: Mapping[ChildId | None, ChildOrder] = {one.id: one for one in family.children}
    return total(
        fill.quantity * _own_price(family.parent, children.get(fill.child_id), fill.price)
        for fill in family.fills
    )


def _own_price(parent: ParentOrder, child: ChildOrder | None, price: Decimal) -> Decimal:
    """Return the price of a fill of a cash order, as far as its order promised it."""
    if child is None or child.reserve_price is None:
        return price
    if child.order_type is OrderType.MARKET and parent.order_type is OrderType.TWAP:
        return ZERO
    return min(price, child.reserve_price)


def _wanted_reserve(family: Family) -> Decimal:
    """What a parent must set aside for the part that no live child works."""
    parent = family.parent
    if parent.status.is_final or parent.cancel_requested_at is not None:
        return ZERO
    if parent.measure is Measure.CASH:
        return max(parent.remain - total(child.reserved for child in family.live), ZERO)
    free = max(parent.remain - family.leaves, ZERO)
    return free if parent.side is Side.SELL else free * (parent.reserve_price or ZERO)
