"""ccxt's unified structures in the words of ``adapters.broker``."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.broker import BrokerFill, BrokerOrder, BrokerOrderState
from adapters.fields import Fields, MalformedError, fields_of, from_ms, plain
from algorithms.decimals import ZERO, add, total
from algorithms.domain import BrokerOrderId, ChildId, OrderType, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime

    from algorithms.domain import Symbol

MOST_REMEMBERED = 20_000
NUMBER = re.compile(r"-?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,2})?")
TYPES = {OrderType.MARKET: "market", OrderType.LIMIT: "limit"}
OUR_TYPES = {name: order_type for order_type, name in TYPES.items()}
SIDES = {Side.BUY: "buy", Side.SELL: "sell"}
OUR_SIDES = {name: side for side, name in SIDES.items()}
LONGEST_PREFIX = 8

Row = Fields


@dataclass(frozen=True, slots=True)
class Known:
    """What trades do not repeat about their order."""

    client_id: ChildId | None
    placed_at: datetime


class Reader:
    """Reads one account's orders and trades; remembers whose order a number is."""

    def __init__(
        self,
        symbols: Mapping[str, Symbol],
        market_day: Callable[[datetime], date],
        asset: Callable[[str], str],
    ) -> None:
        self._symbols = symbols
        self._market_day = market_day
        self._asset = asset
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._prefix = ""

    def client_id(self, row: Row) -> ChildId | None:
        """Return the id an order was given, without what the exchange puts before ours."""
        told = row.get("clientOrderId")
        return ChildId(told.removeprefix(self._prefix)) if isinstance(told, str) and told else None

    def learn_prefix(self, row: Row, ours: ChildId) -> None:
        """See whether the exchange puts something before our ids, in an order with this one."""
        told = row.get("clientOrderId")
        if isinstance(told, str) and told.endswith(ours):
            prefix = told.removesuffix(ours)
            if prefix and len(prefix) <= LONGEST_PREFIX and not prefix[-1].isalnum():
                self._prefix = prefix

    def known(self, number: str) -> Known | None:
        return self._known.get(number)

    def order(self, value: object) -> BrokerOrder:
        """Read an order. Raises MalformedError."""
        row = fields_of(value)
        number, placed_at = text(row, "id"), time_of(row, "timestamp")
        client_id = self.client_id(row)
        self._known[number] = Known(client_id, placed_at)
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        kind = OUR_TYPES.get(str(row.get("type")), OrderType.STOP_LIMIT)
        quantity, filled = amount(row, "amount"), amount(row, "filled")
        return BrokerOrder(
            id=BrokerOrderId(number),
            client_id=client_id,
            symbol=self.symbol(row),
            side=side_of(row),
            order_type=kind,
            quantity=quantity,
            limit_price=amount(row, "price") if kind is OrderType.LIMIT else None,
            state=_state(text(row, "status"), quantity, filled),
            filled=filled,
            market_day=self._market_day(placed_at),
            placed_at=placed_at,
        )

    def fills(self, rows: Iterable[Row], order_id: str, known: Known) -> tuple[BrokerFill, ...]:
        """Read all trades of one order, oldest first, each with what filled up to it."""
        mine = [row for row in rows if row.get("order") == order_id]
        mine.sort(key=lambda row: (time_of(row, "timestamp"), _rank(text(row, "id"))))
        filled, fills = ZERO, []
        for row in mine:
            at, quantity = time_of(row, "timestamp"), amount(row, "amount")
            filled = add(filled, quantity)
            fee, asset = _fee(row)
            fills.append(
                BrokerFill(
                    order_id=BrokerOrderId(order_id),
                    client_id=known.client_id,
                    symbol=self.symbol(row),
                    side=side_of(row),
                    trade_id=text(row, "id"),
                    cumulative=filled,
                    quantity=quantity,
                    price=amount(row, "price"),
                    fee=fee,
                    fee_asset=self._asset(asset),
                    market_day=self._market_day(at),
                    at=at,
                )
            )
        return tuple(fills)

    def symbol(self, row: Row) -> Symbol:
        name = text(row, "symbol")
        if name not in self._symbols:
            raise MalformedError(f"symbol {name} is not of this account")
        return self._symbols[name]


def text(row: Row, name: str) -> str:
    """Return a field that must be there, as text."""
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedError(f"field {name} is missing")
    return value


def amount(row: Row, name: str) -> Decimal:
    """Return an amount that is there and finite. ccxt is set to pass on the exchange's text."""
    value = row.get(name)
    if not isinstance(value, str) or not NUMBER.fullmatch(value):
        raise MalformedError(f"field {name} is no amount: {value!r}")
    return plain(Decimal(value))


def time_of(row: Row, name: str) -> datetime:
    """Return a time given in milliseconds since the epoch."""
    value = row.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedError(f"field {name} is no time: {value!r}")
    return from_ms(value)


def side_of(row: Row) -> Side:
    """Return whether a row buys or sells."""
    name = text(row, "side")
    if name not in OUR_SIDES:
        raise MalformedError(f"side {name}")
    return OUR_SIDES[name]


def _state(status: str, quantity: Decimal, filled: Decimal) -> BrokerOrderState:
    match status:
        case "open":
            return BrokerOrderState.PARTIALLY_FILLED if filled else BrokerOrderState.OPEN
        case "closed":
            return BrokerOrderState.FILLED if filled >= quantity else BrokerOrderState.EXPIRED
        case "canceled":
            return BrokerOrderState.CANCELLED
        case "expired":
            return BrokerOrderState.EXPIRED
        case "rejected":
            return BrokerOrderState.REJECTED
        case _:
            raise MalformedError(f"order status {status}")


def _fee(row: Row) -> tuple[Decimal, str]:
    """Return what a trade cost. Where the exchange does not tell, comparing holdings will."""
    listed = row.get("fees")
    fees = [fields_of(each) for each in listed] if isinstance(listed, list) else []
    if not fees and isinstance(row.get("fee"), dict):
        fees = [fields_of(row["fee"])]
    charged = [each for each in fees if each.get("cost") is not None and amount(each, "cost")]
    assets = {text(each, "currency") for each in charged}
    if len(assets) > 1:
        raise MalformedError(f"a trade with fees in {', '.join(sorted(assets))}")
    return total(amount(each, "cost") for each in charged) or ZERO, assets.pop() if assets else ""


def _rank(trade_id: str) -> tuple[int, str]:
    """Order trade ids of one millisecond: numbers by their value."""
    return (int(trade_id), "") if trade_id.isdecimal() else (0, trade_id)
