"""Booking: one transaction moves a fill into order, position, ledger and history, once.

A fill may be reported by the stream, by polling and again after a reconnect. Its key (the
venue's trade id, or where there is none the order's cumulative quantity) makes repeats harmless.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import ZERO, add, divide, multiply, subtract, to_text, total
from algorithms.domain import FEES, LADDER, ChildState, FillSource, Measure, Side
from algorithms.executions import finest_tick, priced_parts
from algorithms.ledger import (
    Holding,
    average_cost,
    crossing_postings,
    fill_postings,
    pay_in_units,
    sums_to_zero,
    trade,
    transfer,
)
from daemon.notices import raise_notice
from daemon.signals import FillBooked, WorkArrived
from daemon.storage.rows import text_or_none, to_us
from daemon.storage.tx import Table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from adapters.broker import BrokerFill
    from algorithms.domain import AccountName, ChildOrder, ParentOrder
    from algorithms.ledger import Posting
    from daemon.execution.orders import Lots, Orders
    from daemon.ids import IdSource
    from daemon.storage.tx import Position, Tx

FEE_PLACES = 18
"""Digits after the point kept of the part of a fee that belongs to the part of a fill booked."""

LEDGER_EVENTS = Table("ledger_events", ("id", "account", "kind", "note", "at"))
POSTINGS = Table("postings", ("event_id", "line", "account", "book", "asset", "amount"))
FILLS = Table(
    "fills",
    (
        "id",
        "account",
        "trade_key",
        "book",
        "strategy",
        "parent_id",
        "child_id",
        "pair_id",
        "symbol",
        "side",
        "kind",
        "source",
        "quantity",
        "price",
        "fee",
        "fee_asset",
        "average_cost",
        "profit",
        "market_day",
        "at",
        "booked_at",
    ),
)


def trade_key(fill: BrokerFill) -> str:
    """Return what makes a fill the same fill, however often it is reported.

    Order numbers, and at some venues trade ids, restart daily: the market day is part of it.
    """
    identity = fill.trade_id or f"{fill.order_id}#{to_text(fill.cumulative)}"
    return f"{fill.market_day}:{fill.symbol}:{identity}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """What is booked for one order: by the broker, or by crossing with another book."""

    event_id: str
    key: str
    source: FillSource
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_asset: str
    market_day: str
    at: datetime
    child: ChildOrder | None


def post(
    tx: Tx,
    event_id: str,
    account: AccountName,
    kind: str,
    note: str,
    postings: Iterable[Posting],
    at: datetime,
) -> None:
    """Add an event with its postings to the ledger; they must sum to zero."""
    lines = tuple(postings)
    assert sums_to_zero(lines), f"postings of {kind} {event_id} do not sum to zero"
    tx.insert(LEDGER_EVENTS, (event_id, account, kind, note, to_us(at)))
    for number, line in enumerate(lines):
        tx.insert(
            POSTINGS,
            (event_id, number, line.account, line.book, line.asset, to_text(line.amount)),
        )


class Fills:
    """The only code that changes what a book holds because an order filled."""

    def __init__(self, orders: Orders, lots: Lots, ids: IdSource) -> None:
        self._orders = orders
        self._lots = lots
        self._ids = ids

    def book(self, tx: Tx, child: ChildOrder, fill: BrokerFill, now: datetime) -> bool:
        """Book an execution of a child order; return False for one that is booked already.

        A fill of an order that had ended is booked all the same: the broker's evidence counts,
        and people are told.
        """
        if fill.trade_id is None and fill.cumulative_value is not None:
            child = self._orders.child(tx, child.id)
            booked = [self._book(tx, child, part, now) for part in self._increase(tx, child, fill)]
            return any(booked)
        return self._book(tx, child, fill, now)

    def _increase(self, tx: Tx, child: ChildOrder, fill: BrokerFill) -> list[BrokerFill]:
        """Return what a total says that was not booked yet, at the prices that make up its value.

        What was booked may have come in other pieces: from notices, or before a restart.
        """
        quantity = subtract(fill.cumulative, child.filled)
        if quantity <= ZERO:
            return []
        assert fill.cumulative_value is not None  # the caller's to see to
        value = subtract(fill.cumulative_value, child.filled_value)
        parts: tuple[tuple[Decimal, Decimal], ...] = ((quantity, fill.price),)
        if value > ZERO:
            parts = priced_parts(quantity, value, finest_tick(fill.fee_asset))
        fee = _part(fill.fee, quantity, fill.quantity)
        if fill.cumulative_fee is not None:
            charged = self._charged(tx, child, fill.fee_asset)
            fee = max(subtract(fill.cumulative_fee, charged), ZERO)
        cumulative, found = child.filled, []
        for units, price in parts:
            share = _part(fee, units, quantity)
            cumulative = add(cumulative, units)
            found.append(
                replace(fill, cumulative=cumulative, quantity=units, price=price, fee=share)
            )
            fee, quantity = subtract(fee, share), subtract(quantity, units)
        return found

    def _charged(self, tx: Tx, child: ChildOrder, asset: str) -> Decimal:
        """Return the fees that were booked of an order."""
        rows = tx.fetch("fees_of_child", parent_id=child.parent_id, child_id=child.id)
        return total(Decimal(row["fee"]) for row in rows if row["fee_asset"] == asset)

    def _book(self, tx: Tx, child: ChildOrder, fill: BrokerFill, now: datetime) -> bool:
        key = trade_key(fill)
        if tx.fetch_one("fill_by_key", account=child.account, trade_key=key) is not None:
            return False
        child = self._orders.child(tx, child.id)
        quantity, fee = fill.quantity, fill.fee
        if fill.trade_id is None:
            quantity = fill.cumulative - child.filled
            if quantity <= ZERO:
                return False
            fee = _part(fee, quantity, fill.quantity)
        if add(child.filled, quantity) > child.quantity:
            self._refuse(tx, child, key, quantity, now)
            return False
        parent = self._orders.parent(tx, child.parent_id)
        event_id = self._ids.new()
        execution = Execution(
            event_id=event_id,
            key=key,
            source=FillSource.BROKER,
            quantity=quantity,
            price=fill.price,
            fee=fee,
            fee_asset=fill.fee_asset,
            market_day=fill.market_day.isoformat(),
            at=fill.at,
            child=child,
        )
        currency = self._lots.currency(child.account)
        post(
            tx,
            event_id,
            child.account,
            "fill",
            key,
            fill_postings(
                child.account,
                child.book,
                child.symbol,
                currency,
                side=child.side,
                quantity=quantity,
                price=fill.price,
                fee=fee,
                fee_asset=fill.fee_asset,
            ),
            fill.at,
        )
        day = child.market_day or fill.market_day.isoformat()
        number = child.broker_order_id or fill.order_id
        child = child._replace(broker_order_id=number, market_day=day)
        self._apply(tx, parent, execution, currency, now)
        self._advance(tx, parent, child, execution, currency, now)
        return True

    def _refuse(
        self, tx: Tx, child: ChildOrder, key: str, quantity: Decimal, now: datetime
    ) -> None:
        """Tell, once, of a fill that cannot be: more than was ordered.

        If the broker means it all the same, the next comparison puts it to suspense.
        """
        fact = f"not_booked:{child.account}:{key}"
        if tx.fetch_one("fact", name=fact) is not None:
            return
        tx.execute("remember_fact", name=fact, value=to_text(quantity))
        raise_notice(
            tx,
            self._ids.new(),
            "fill_refused",
            now,
            account=child.account,
            book=child.book,
            symbol=child.symbol,
            order=child.id,
            quantity=to_text(quantity),
            left=to_text(subtract(child.quantity, child.filled)),
        )

    def cross(
        self,
        tx: Tx,
        buyer: ParentOrder,
        seller: ParentOrder,
        pair_id: str,
        quantity: Decimal,
        price: Decimal,
        *,
        market_day: str,
        now: datetime,
        repaid: Decimal | None = None,
    ) -> None:
        """Book a netting pair: both sides at one price and quantity, without commission.

        With ``repaid`` one side is the account's LOC ladder, which hands on what it got from the
        broker: that much of the broker's fee, in the currency, the other side pays back to it.
        """
        currency = self._lots.currency(buyer.account)
        post(
            tx,
            pair_id,
            buyer.account,
            "netting",
            f"{buyer.id} {seller.id}",
            crossing_postings(
                buyer.account,
                buyer.book,
                seller.book,
                buyer.symbol,
                currency,
                quantity=quantity,
                price=price,
            )
            + _repayment(buyer, seller, currency, repaid or ZERO),
            now,
        )
        for parent in (seller, buyer):
            fee = repaid or ZERO
            execution = Execution(
                event_id=self._ids.new(),
                key=f"netting:{pair_id}:{parent.side.value}",
                source=FillSource.NETTING if repaid is None else FillSource.LADDER,
                quantity=quantity,
                price=price,
                fee=fee.copy_negate() if fee and parent.book == LADDER else fee,
                fee_asset=currency,
                market_day=market_day,
                at=now,
                child=None,
            )
            self._apply(tx, parent, execution, currency, now, pair_id=pair_id)
            self._orders.store_parent(tx, reduced(parent, execution, currency))

    def _apply(
        self,
        tx: Tx,
        parent: ParentOrder,
        execution: Execution,
        currency: str,
        now: datetime,
        *,
        pair_id: str | None = None,
    ) -> None:
        """Change the book's units and cash, and write the fill's row."""
        units = tx.position(parent.account, parent.book, str(parent.symbol))
        holding = Holding(units.quantity, units.cost)
        holding, profit = trade(holding, parent.side, execution.quantity, execution.price)
        if execution.fee and execution.fee_asset == parent.symbol:
            holding = pay_in_units(holding, execution.fee)
        units.quantity, units.cost = holding.quantity, holding.cost
        units.profit += profit
        value = execution.quantity * execution.price
        cash = tx.position(parent.account, parent.book, currency)
        cash.quantity += value if parent.side is Side.SELL else -value
        self._pay_fee(tx, parent, execution, currency, cash)
        tx.insert(
            FILLS,
            (
                execution.event_id,
                parent.account,
                execution.key,
                parent.book,
                parent.strategy,
                parent.id,
                None if execution.child is None else execution.child.id,
                pair_id,
                parent.symbol,
                parent.side.value,
                parent.kind.value,
                execution.source.value,
                to_text(execution.quantity),
                to_text(execution.price),
                to_text(execution.fee),
                execution.fee_asset,
                text_or_none(average_cost(holding)),
                to_text(profit) if parent.side is Side.SELL else None,
                execution.market_day,
                to_us(execution.at),
                to_us(now),
            ),
        )
        tx.signal(FillBooked(parent.account, execution.source, execution.at, now))
        if parent.book != LADDER:  # of a ladder people are told when its books have theirs
            self._tell(tx, parent, execution, now)

    def _tell(self, tx: Tx, parent: ParentOrder, execution: Execution, now: datetime) -> None:
        raise_notice(
            tx,
            self._ids.new(),
            "sold" if parent.side is Side.SELL else "bought",
            now,
            account=parent.account,
            book=parent.book,
            symbol=parent.symbol,
            quantity=to_text(execution.quantity),
            price=to_text(execution.price),
        )

    def _pay_fee(
        self, tx: Tx, parent: ParentOrder, execution: Execution, currency: str, cash: Position
    ) -> None:
        if not execution.fee or execution.fee_asset == parent.symbol:
            return
        if execution.fee_asset == currency:
            cash.quantity -= execution.fee
        else:
            payer = tx.position(parent.account, FEES, execution.fee_asset)
            payer.quantity -= execution.fee

    def _advance(
        self,
        tx: Tx,
        parent: ParentOrder,
        child: ChildOrder,
        execution: Execution,
        currency: str,
        now: datetime,
    ) -> None:
        """Reduce the parent first: what the child gives back is worked out from the rest."""
        parent = self._orders.store_parent(tx, reduced(parent, execution, currency))
        filled = child.filled + execution.quantity
        if child.state.is_final and filled != child.quantity:
            state = child.state
        elif filled >= child.quantity:
            state = ChildState.FILLED
        elif child.state is ChildState.CANCELLING:
            state = ChildState.CANCELLING
        else:
            state = ChildState.PARTIALLY_FILLED
        if child.state.is_final:
            raise_notice(
                tx,
                self._ids.new(),
                "late_fill",
                now,
                account=child.account,
                book=child.book,
                symbol=child.symbol,
                quantity=to_text(execution.quantity),
                state=child.state.value,
            )
        self._orders.advance(
            tx,
            child._replace(
                filled=filled,
                filled_value=child.filled_value + execution.quantity * execution.price,
                acknowledged_at=child.acknowledged_at or now,
            ),
            now,
            state,
        )
        if child.state.is_final:
            self._orders.recall_excess(tx, parent, now)
        tx.signal(WorkArrived(child.account, child.symbol))


def _part(fee: Decimal, units: Decimal, of: Decimal) -> Decimal:
    """Return what of a fee belongs to so many units of all."""
    return fee if units == of else divide(multiply(fee, units), of, FEE_PLACES)


def _repayment(
    buyer: ParentOrder, seller: ParentOrder, currency: str, fee: Decimal
) -> tuple[Posting, ...]:
    """Postings of a fee that a book pays back to the ladder, which paid it at the broker."""
    if not fee:
        return ()
    book = seller.book if buyer.book == LADDER else buyer.book
    return transfer(buyer.account, book, LADDER, currency, fee)


def reduced(parent: ParentOrder, execution: Execution, currency: str) -> ParentOrder:
    """Return the parent less what was executed for it.

    A cash order is reduced by value and fee, so that all its slices together never spend more
    than was asked.
    """
    done = execution.quantity
    if parent.measure is Measure.CASH:
        done = execution.quantity * execution.price
        if execution.fee_asset == currency:
            done += execution.fee
    return parent._replace(remain=max(parent.remain - done, ZERO))
