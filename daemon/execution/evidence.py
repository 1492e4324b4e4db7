"""What a broker says about an order, taken into our books.

Only the broker's evidence ends an order, and an end is believed only together with all its fills:
an order reported cancelled with four units filled stays alive here until those four are booked.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from adapters.broker import SELF_TRADE, BrokerOrderState
from algorithms.decimals import to_text
from algorithms.domain import TAKEN_CHILDREN, ChildState
from daemon.execution.child_rows import store_child
from daemon.notices import raise_notice
from daemon.signals import WorkArrived

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from adapters.broker import BrokerFill, BrokerOrder
    from algorithms.domain import ChildId, ChildOrder
    from daemon.execution.fills import Fills
    from daemon.execution.orders import Orders
    from daemon.ids import IdSource
    from daemon.storage.tx import Tx

log = logging.getLogger(__name__)

ENDS = {
    BrokerOrderState.FILLED: ChildState.FILLED,
    BrokerOrderState.CANCELLED: ChildState.CANCELLED,
    BrokerOrderState.REJECTED: ChildState.REJECTED,
    BrokerOrderState.EXPIRED: ChildState.EXPIRED,
}
NEVER_ARRIVED = "not_placed: the broker never received it"
LOST = "lost: the broker shows it no more"
ENDED = "by_broker: the broker ended it"


class Evidence:
    """Applies a broker's reports to child orders."""

    def __init__(self, orders: Orders, fills: Fills, ids: IdSource) -> None:
        self._orders = orders
        self._fills = fills
        self._ids = ids

    def found(
        self,
        tx: Tx,
        child_id: ChildId,
        order: BrokerOrder,
        fills: Iterable[BrokerFill],
        now: datetime,
    ) -> ChildOrder:
        """Take in that the order is, or was, at the broker; return the child as it now is."""
        child = self._orders.child(tx, child_id)
        was_unknown = child.state is ChildState.UNKNOWN
        for fill in fills:
            self._fills.book(tx, child, fill, now)
        child = self._acknowledge(tx, self._orders.child(tx, child_id), order, now)
        if order.state.is_final and not child.state.is_final and child.filled >= order.filled:
            was_wanted = child.cancel_requested_at is not None or child.cancel_at is not None
            ended = "" if was_wanted or order.state is BrokerOrderState.FILLED else ENDED
            reason = order.reason or ended
            child = self._orders.advance(tx, child, now, ENDS[order.state], reason)
            if order.reason == SELF_TRADE:
                self._tell_self_trade(tx, child, now)
        if was_unknown and child.state is not ChildState.UNKNOWN:
            self._tell_resolved(tx, child, now)
        return child

    def absent(self, tx: Tx, child_id: ChildId, now: datetime) -> ChildOrder:
        """Take in proof that the order never reached the broker, or a person's word on it."""
        child = self._orders.child(tx, child_id)
        if child.state in {ChildState.SENDING, ChildState.UNKNOWN}:
            reason = NEVER_ARRIVED if child.acknowledged_at is None else LOST
            child = self._orders.advance(tx, child, now, ChildState.REJECTED, reason)
            self._tell_resolved(tx, child, now)
        return child

    def refused(self, tx: Tx, child_id: ChildId, reason: str, now: datetime) -> None:
        """Take in the broker's refusal to accept the order."""
        child = self._orders.child(tx, child_id)
        if child.state is not ChildState.SENDING:
            return
        self._tell(tx, "order_rejected", child, now, reason=reason)
        self._orders.advance(tx, child, now, ChildState.REJECTED, reason)

    def postponed(
        self, tx: Tx, child_id: ChildId, reason: str, now: datetime, wait_s: float
    ) -> None:
        """Take in that the venue judged nothing and wants to be left alone for a while."""
        child = self._orders.child(tx, child_id)
        if child.state is not ChildState.SENDING:
            return
        self._tell(
            tx, "order_waits", child, now, order=child.id, seconds=f"{wait_s:.1f}", reason=reason
        )
        unsent = child._replace(sent_at=None, fingerprint=None)
        self._orders.advance(tx, unsent, now, ChildState.PLANNED, reason)

    def not_sent(self, tx: Tx, child: ChildOrder, reason: str, now: datetime) -> None:
        """Take in that a planned order may not be sent; people are told why."""
        self._tell(tx, "order_refused", child, now, reason=reason)
        self._orders.advance(tx, child, now, ChildState.REJECTED, reason)

    def unanswered(self, tx: Tx, child_id: ChildId, reason: str, now: datetime) -> None:
        """Take in that nothing is known of an order that was, or may have been, sent."""
        child = self._orders.child(tx, child_id)
        if child.state is not ChildState.SENDING:
            return
        self._orders.advance(tx, child, now, ChildState.UNKNOWN, reason)
        tx.signal(WorkArrived(child.account, child.symbol))
        self._tell(tx, "order_unknown", child, now, order=child.id, reason=reason)

    def lost(self, tx: Tx, child_id: ChildId, now: datetime) -> None:
        """Take in that the broker had taken an order and does not show it any more."""
        child = self._orders.child(tx, child_id)
        if child.state not in TAKEN_CHILDREN:
            return
        self._orders.advance(tx, child, now, ChildState.UNKNOWN, LOST)
        tx.signal(WorkArrived(child.account, child.symbol))
        self._tell(tx, "order_lost", child, now, order=child.id)

    def renumbered(self, tx: Tx, child_id: ChildId, order: BrokerOrder) -> None:
        """Take in that the number told of an order was another's: it was found by what it is."""
        child = self._orders.child(tx, child_id)
        if child.broker_order_id not in {None, order.id}:
            log.warning("%s is number %s, not %s", child.id, order.id, child.broker_order_id)
            store_child(tx, child._replace(broker_order_id=order.id))

    def _acknowledge(
        self, tx: Tx, child: ChildOrder, order: BrokerOrder, now: datetime
    ) -> ChildOrder:
        """Remember the broker's number, and that the order is no longer on its way."""
        day = child.market_day or order.market_day.isoformat()
        known = child._replace(
            broker_order_id=child.broker_order_id or order.id,
            market_day=day,
            acknowledged_at=child.acknowledged_at or now,
        )
        state = child.state
        if state in {ChildState.SENDING, ChildState.UNKNOWN}:
            state = ChildState.PARTIALLY_FILLED if child.filled else ChildState.OPEN
        if known == child and state is child.state:
            return child
        return self._orders.advance(
            tx, known, now, state, "" if state is child.state else "accepted"
        )

    def _tell_self_trade(self, tx: Tx, child: ChildOrder, now: datetime) -> None:
        """Tell that an order ended which nobody cancelled: another one of the account met it."""
        self._tell(
            tx,
            "order_self_trade",
            child,
            now,
            order=child.id,
            filled=to_text(child.filled),
            quantity=to_text(child.quantity),
        )

    def _tell_resolved(self, tx: Tx, child: ChildOrder, now: datetime) -> None:
        self._tell(tx, "order_resolved", child, now, order=child.id, state=child.state.value)

    def _tell(self, tx: Tx, code: str, child: ChildOrder, now: datetime, **params: str) -> None:
        raise_notice(
            tx,
            self._ids.new(),
            code,
            now,
            account=child.account,
            book=child.book,
            symbol=child.symbol,
            **params,
        )
