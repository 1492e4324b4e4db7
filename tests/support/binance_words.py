"""How Binance writes the orders of the paper exchange, in replies and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.binance.hosts import MarketKind
from adapters.binance.rules import VENUE_TYPES
from adapters.broker import BrokerOrderState
from algorithms.decimals import to_text
from algorithms.domain import Side

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.broker import BrokerFill, BrokerOrder
    from adapters.clock import Clock
    from adapters.paper.orders import PaperFill, PaperOrder

STATUS = {
    BrokerOrderState.OPEN: "NEW",
    BrokerOrderState.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    BrokerOrderState.FILLED: "FILLED",
    BrokerOrderState.CANCELLED: "CANCELED",
    BrokerOrderState.REJECTED: "REJECTED",
    BrokerOrderState.EXPIRED: "EXPIRED",
}
FIRST_ALGO = 1_000_000


def ms(at: datetime) -> int:
    """Milliseconds, rounded up: what happened after a time is told as after it."""
    return -(-int(at.timestamp() * 1_000_000) // 1000)


class Words:
    """The words of one of Binance's two interfaces."""

    kind: MarketKind
    clock: Clock

    def is_algo(self, order: PaperOrder) -> bool:
        return self.kind is MarketKind.FUTURES and order.waits_for_stop

    def row(self, order: PaperOrder) -> dict[str, Any]:
        return {
            "symbol": order.symbol,
            "orderId": order.sequence,
            "clientOrderId": order.client_id,
            "price": "0.00" if order.limit_price is None else to_text(order.limit_price),
            "origQty": to_text(order.quantity),
            "executedQty": to_text(order.filled),
            "status": STATUS[order.state],
            "type": VENUE_TYPES[self.kind][order.order_type],
            "side": order.side.value.upper(),
            "time": ms(order.placed_at),
        }

    def cancelled_row(self, order: PaperOrder) -> dict[str, Any]:
        row = self.row(order)
        row["transactTime"] = ms(self.clock.now())
        del row["time"]
        if self.kind is MarketKind.SPOT:
            row |= {"origClientOrderId": order.client_id, "clientOrderId": "of-the-cancel"}
        return row

    def algo_row(self, order: PaperOrder) -> dict[str, Any]:
        waits = order.waits_for_stop
        status = "NEW" if waits and order.is_alive else "CANCELED" if waits else "TRIGGERED"
        return {
            "algoId": order.sequence + FIRST_ALGO,
            "clientAlgoId": order.client_id,
            "orderType": VENUE_TYPES[self.kind][order.order_type],
            "symbol": order.symbol,
            "side": order.side.value.upper(),
            "quantity": to_text(order.quantity),
            "price": "0.00" if order.limit_price is None else to_text(order.limit_price),
            "algoStatus": status,
            "createTime": ms(order.placed_at),
            "actualOrderId": "" if waits else str(order.sequence),
        }

    def trade_row(self, fill: PaperFill) -> dict[str, Any]:
        buys = "isBuyer" if self.kind is MarketKind.SPOT else "buyer"
        return {
            "symbol": fill.order.symbol,
            "id": fill.trade,
            "orderId": fill.order.sequence,
            "price": to_text(fill.price),
            "qty": to_text(fill.quantity),
            "commission": to_text(fill.fee),
            "commissionAsset": "USDT",
            "time": ms(fill.at),
            buys: fill.order.side is Side.BUY,
        }

    def executed(self, order: PaperOrder, fill: BrokerFill) -> dict[str, Any]:
        whole = fill.cumulative == order.quantity
        return {
            "s": order.symbol,
            "c": order.client_id,
            "C": "",
            "i": order.sequence,
            "S": order.side.value.upper(),
            "o": VENUE_TYPES[self.kind][order.order_type],
            "q": to_text(order.quantity),
            "p": "0" if order.limit_price is None else to_text(order.limit_price),
            "x": "TRADE",
            "X": "FILLED" if whole else "PARTIALLY_FILLED",
            "z": to_text(fill.cumulative),
            "l": to_text(fill.quantity),
            "L": to_text(fill.price),
            "n": to_text(fill.fee),
            "N": fill.fee_asset,
            "t": int(fill.trade_id or 0),
            "T": ms(fill.at),
        }

    def changed(self, order: BrokerOrder) -> dict[str, Any]:
        status = STATUS[order.state]
        return {
            "s": order.symbol,
            "c": order.client_id,
            "C": "",
            "i": int(order.id),
            "S": order.side.value.upper(),
            "o": VENUE_TYPES[self.kind][order.order_type],
            "q": to_text(order.quantity),
            "p": "0" if order.limit_price is None else to_text(order.limit_price),
            "x": status,
            "X": status,
            "z": to_text(order.filled),
            "T": ms(self.clock.now()),
            "O": ms(order.placed_at),
        }
