"""A line of history as people read it: what was bought, what was sold, what came of it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from algorithms.decimals import HUNDRED, divide, multiply, subtract, to_text
from algorithms.domain import Side

if TYPE_CHECKING:
    from daemon.api.columns import Item

PRICE_PLACES = 8
RATE_PLACES = 2


def complete(item: Item) -> None:
    """Make the columns of history of those of a fill or an entry, in place."""
    side, quantity = item.pop("side"), Decimal(str(item.pop("quantity")))
    price = item.pop("price")
    item |= dict.fromkeys(("shares", "buy_price", "sell_price", "rate"))
    if side is None:
        _complete_entry(item, quantity, price)
        return
    value = multiply(quantity, Decimal(str(price)))
    item["total"] = to_text(value)
    if side == Side.BUY:
        item["shares"], item["buy_price"] = to_text(quantity), price
        return
    item["shares"], item["sell_price"] = to_text(quantity.copy_negate()), price
    profit = Decimal(str(item["profit"]))
    cost = subtract(value, profit)
    item["buy_price"] = to_text(divide(cost, quantity, PRICE_PLACES))
    if cost:
        item["rate"] = to_text(divide(multiply(profit, HUNDRED), cost, RATE_PLACES))


def _complete_entry(item: Item, quantity: Decimal, price: object) -> None:
    """Units of a symbol are shares; anything else is cash."""
    if item["symbol"] == item["asset"]:
        item["shares"], item["buy_price"] = to_text(quantity), price
    else:
        item["buy_price"] = price
        item["total"] = item["total"] or to_text(quantity)
