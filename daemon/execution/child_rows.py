"""Storing what changes in a child order, so that each number of the broker's is one order's."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from algorithms.decimals import to_text
from daemon.storage.rows import us_or_none

if TYPE_CHECKING:
    from algorithms.domain import ChildOrder
    from daemon.storage.tx import Tx

log = logging.getLogger(__name__)


def store_child(tx: Tx, child: ChildOrder) -> ChildOrder:
    """Store what changes in a child order; return it as it is stored.

    It is stored without the broker's number while another order of ours goes by that one: one of
    the two was told wrong, and this one is found by our own id. The database knows by itself, so
    that the many orders with a number of their own need no question.
    """
    if _update(tx, child):
        return child
    log.error("%s is told as number %s, which another order has", child.id, child.broker_order_id)
    unnamed = child._replace(broker_order_id=None)
    if not _update(tx, unnamed):
        raise RuntimeError(f"the database does not take {unnamed}")
    return unnamed


def _update(tx: Tx, child: ChildOrder) -> int:
    return tx.execute(
        "update_child_order",
        id=child.id,
        reserved=to_text(child.reserved),
        state=child.state.value,
        reason=child.reason,
        filled=to_text(child.filled),
        filled_value=to_text(child.filled_value),
        broker_order_id=child.broker_order_id,
        fingerprint=child.fingerprint,
        market_day=child.market_day,
        sent_at=us_or_none(child.sent_at),
        acknowledged_at=us_or_none(child.acknowledged_at),
        cancel_at=us_or_none(child.cancel_at),
        cancel_requested_at=us_or_none(child.cancel_requested_at),
        ended_at=us_or_none(child.ended_at),
    )
