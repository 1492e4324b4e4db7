"""The broker's numbers of orders, each of one order of ours."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from algorithms.domain import BrokerOrderId, ChildOrder
    from daemon.storage.tx import Tx

log = logging.getLogger(__name__)


def number_of(tx: Tx, child: ChildOrder, told: BrokerOrderId, day: str) -> BrokerOrderId | None:
    """Return the broker's number of an order, now that one was told for a market day.

    None while another order of ours goes by that number: one of the two was told wrong, and this
    one is found by our own id.
    """
    if child.broker_order_id is not None:
        return child.broker_order_id
    row = tx.fetch_one(
        "child_by_broker_id",
        account=child.account,
        broker_order_id=told,
        symbol=child.symbol,
        market_day=day,
    )
    if row is None or row["id"] == child.id:
        return told
    log.error("%s and %s are both told as number %s", child.id, row["id"], told)
    return None
