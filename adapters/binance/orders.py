"""Orders and executions as Binance tells them, in the words of ``adapters.broker``."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from adapters.binance.fields import decimal, symbol_of, text, time_of
from adapters.binance.routes import ALGO, SIDES
from adapters.binance.rules import LIMITED
from adapters.broker import SELF_TRADE, BrokerFill, BrokerOrder, BrokerOrderState
from adapters.fields import MalformedError
from algorithms.decimals import ZERO
from algorithms.domain import BrokerOrderId, ChildId, OrderType, Symbol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime
    from decimal import Decimal

    from adapters.fields import Fields
    from algorithms.domain import Side

STATES = {
    "NEW": BrokerOrderState.OPEN,
    "PENDING_NEW": BrokerOrderState.OPEN,
    "PARTIALLY_FILLED": BrokerOrderState.PARTIALLY_FILLED,
    "PENDING_CANCEL": BrokerOrderState.OPEN,
    "FILLED": BrokerOrderState.FILLED,
    "CANCELED": BrokerOrderState.CANCELLED,
    "REPLACED": BrokerOrderState.CANCELLED,
    "REJECTED": BrokerOrderState.REJECTED,
    "EXPIRED": BrokerOrderState.EXPIRED,
    "EXPIRED_IN_MATCH": BrokerOrderState.EXPIRED,
}
TYPES = {
    "LIMIT": OrderType.LIMIT,
    "LIMIT_MAKER": OrderType.LIMIT,
    "MARKET": OrderType.MARKET,
    "LIQUIDATION": OrderType.MARKET,
    "STOP_LOSS": OrderType.STOP_MARKET,
    "TAKE_PROFIT_MARKET": OrderType.STOP_MARKET,
    "STOP_MARKET": OrderType.STOP_MARKET,
    "TRAILING_STOP_MARKET": OrderType.STOP_MARKET,
    "STOP_LOSS_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT_LIMIT": OrderType.STOP_LIMIT,
    "TAKE_PROFIT": OrderType.STOP_LIMIT,
    "STOP": OrderType.STOP_LIMIT,
}
SELF_TRADE_CODES = frozenset({"1", "3"})
"""``er`` of futures events: the order ended by self-trade prevention."""
OUR_SIDES = {name: side for side, name in SIDES.items()}
MOST_REMEMBERED = 20_000

ALGO_STATES = {
    "NEW": BrokerOrderState.OPEN,
    "TRIGGERING": BrokerOrderState.OPEN,
    "TRIGGERED": BrokerOrderState.OPEN,
    "FINISHED": BrokerOrderState.OPEN,
    "CANCELED": BrokerOrderState.CANCELLED,
    "REJECTED": BrokerOrderState.REJECTED,
    "EXPIRED": BrokerOrderState.EXPIRED,
}
"""What the algo service says of an order before one is born; triggered is not filled."""


@dataclass(frozen=True, slots=True)
class Known:
    """What not every message about an order repeats.

    ``id`` is the order's name for the core: that of the conditional order it was born from, if
    it was, whose ``order_type`` it keeps too.
    """

    id: BrokerOrderId
    client_id: ChildId | None
    placed_at: datetime
    order_type: OrderType


class Memory:
    """Remembers orders by symbol and the venue's number; the oldest are forgotten."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[Symbol, str], Known] = OrderedDict()
        self._numbers: dict[ChildId, tuple[Symbol, str]] = {}

    def get(self, symbol: Symbol, number: str) -> Known | None:
        return self._known.get((symbol, number))

    def keep(self, symbol: Symbol, number: str, known: Known) -> None:
        """Remember an order. Of two numbers that it was told under, neither is believed any more.

        Raises MalformedError then: one of the two messages was spoiled, and a stranger's trades
        would be taken for this order's.
        """
        here, client_id = (symbol, number), known.client_id
        if client_id is not None:
            before = self._numbers.pop(client_id, here)
            if before != here:
                self._known.pop(before, None)
                raise MalformedError(f"{client_id} is told as {before[1]} and as {number}")
            self._numbers[client_id] = here
        self._known[here] = known
        self._known.move_to_end(here)
        if len(self._known) > MOST_REMEMBERED:
            _, forgotten = self._known.popitem(last=False)
            if forgotten.client_id is not None:
                self._numbers.pop(forgotten.client_id, None)


class Reader:
    """Reads one account's orders and executions."""

    def __init__(
        self, memory: Memory, market_day: Callable[[datetime], date], asset: Callable[[str], str]
    ) -> None:
        self.memory = memory
        self._market_day = market_day
        self._asset = asset

    def order(self, row: Fields, otherwise_placed_at: datetime | None = None) -> BrokerOrder:
        """Read an order of a reply. A cancel's reply names the order by its original id.

        Replies to cancels do not tell when the order was placed; ``otherwise_placed_at`` does,
        if it is not remembered.
        """
        placed_at = time_of(row, "time") if "time" in row else otherwise_placed_at
        return self._order(
            symbol=symbol_of(row),
            number=text(row, "orderId"),
            client_id=ChildId(text(row, "origClientOrderId", "clientOrderId")),
            side=side_of(text(row, "side")),
            order_type=_type(text(row, "origType", "type")),
            quantity=decimal(row, "origQty"),
            price=decimal(row, "price"),
            status=text(row, "status"),
            filled=decimal(row, "executedQty"),
            placed_at=placed_at or time_of(row, "transactTime", "updateTime"),
            is_sure="time" in row,
        )

    def reported_order(self, event: Fields) -> BrokerOrder:
        """Read the order of an executionReport, or of the ``o`` of an ORDER_TRADE_UPDATE."""
        original = event.get("C")
        order = self._order(
            symbol=symbol_of(event, "s"),
            number=text(event, "i"),
            client_id=ChildId(
                original if isinstance(original, str) and original else text(event, "c")
            ),
            side=side_of(text(event, "S")),
            order_type=_type(text(event, "ot", "o")),
            quantity=decimal(event, "q"),
            price=decimal(event, "p"),
            status=text(event, "X"),
            filled=decimal(event, "z"),
            placed_at=time_of(event, "O", "T"),
        )
        if order.state is BrokerOrderState.EXPIRED and _was_self_trade(event):
            return replace(order, reason=SELF_TRADE)
        return order

    def reported_fill(self, event: Fields) -> BrokerFill:
        """Read the execution of such an event."""
        order = self.reported_order(event)
        at = time_of(event, "T")
        fee_asset = event.get("N")
        return BrokerFill(
            order_id=order.id,
            client_id=order.client_id,
            symbol=order.symbol,
            side=order.side,
            trade_id=text(event, "t"),
            cumulative=order.filled,
            quantity=decimal(event, "l"),
            price=decimal(event, "L"),
            fee=decimal(event, "n") if isinstance(fee_asset, str) else ZERO,
            fee_asset=self._asset(fee_asset if isinstance(fee_asset, str) else ""),
            market_day=self._market_day(at),
            at=at,
        )

    def fill(self, row: Fields, known: Known, filled_before: Decimal) -> BrokerFill:
        """Read a trade of a reply; it tells neither our id nor what filled before."""
        at, quantity = time_of(row, "time"), decimal(row, "qty")
        buys = row.get("isBuyer", row.get("buyer"))
        if not isinstance(buys, bool):
            raise MalformedError("field isBuyer is missing")
        return BrokerFill(
            order_id=known.id,
            client_id=known.client_id,
            symbol=symbol_of(row),
            side=OUR_SIDES["BUY" if buys else "SELL"],
            trade_id=text(row, "id"),
            cumulative=filled_before + quantity,
            quantity=quantity,
            price=decimal(row, "price"),
            fee=decimal(row, "commission"),
            fee_asset=self._asset(text(row, "commissionAsset")),
            market_day=self._market_day(at),
            at=at,
        )

    def algo(self, row: Fields) -> BrokerOrder:
        """Read a conditional order that has borne no order (yet)."""
        placed_at = time_of(row, "createTime", "bookTime", "updateTime")
        order_type = _type(text(row, "orderType", "type"))
        price = decimal(row, "price") if "price" in row else ZERO
        status = text(row, "algoStatus")
        if status not in ALGO_STATES:
            raise MalformedError(f"algo status {status}")
        return BrokerOrder(
            id=BrokerOrderId(ALGO + text(row, "algoId")),
            client_id=ChildId(text(row, "clientAlgoId")),
            symbol=symbol_of(row),
            side=side_of(text(row, "side")),
            order_type=order_type,
            quantity=decimal(row, "quantity"),
            limit_price=price if order_type in LIMITED else None,
            state=ALGO_STATES[status],
            filled=ZERO,
            market_day=self._market_day(placed_at),
            placed_at=placed_at,
        )

    def born(self, algo: BrokerOrder, number: str) -> None:
        """Remember which order a conditional one has borne: its fills belong to that."""
        self.memory.keep(
            algo.symbol, number, Known(algo.id, algo.client_id, algo.placed_at, algo.order_type)
        )

    def _order(
        self,
        *,
        symbol: Symbol,
        number: str,
        client_id: ChildId,
        side: Side,
        order_type: OrderType,
        quantity: Decimal,
        price: Decimal,
        status: str,
        filled: Decimal,
        placed_at: datetime,
        is_sure: bool = False,
    ) -> BrokerOrder:
        known = self.memory.get(symbol, number)
        if known is None or (is_sure and known.id == number):
            known = Known(BrokerOrderId(number), client_id, placed_at, order_type)
            self.memory.keep(symbol, number, known)
        if status not in STATES:
            raise MalformedError(f"order status {status}")
        return BrokerOrder(
            id=known.id,
            client_id=known.client_id,
            symbol=symbol,
            side=side,
            order_type=known.order_type,
            quantity=quantity,
            limit_price=price if known.order_type in LIMITED else None,
            state=STATES[status],
            filled=filled,
            market_day=self._market_day(known.placed_at),
            placed_at=known.placed_at,
            reason=SELF_TRADE if status == "EXPIRED_IN_MATCH" else "",
        )


def side_of(name: str) -> Side:
    """Read a side. Raises MalformedError for anything but BUY and SELL."""
    if name not in OUR_SIDES:
        raise MalformedError(f"side {name}")
    return OUR_SIDES[name]


def _type(name: str) -> OrderType:
    if name not in TYPES:
        raise MalformedError(f"order type {name}")
    return TYPES[name]


def _was_self_trade(event: Fields) -> bool:
    """Whether self-trade prevention ended the order, by either interface's signs."""
    return event.get("x") == "TRADE_PREVENTION" or (
        "er" in event and str(event["er"]) in SELF_TRADE_CODES
    )
