"""What the futures user stream says, in its one-letter words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulators.binance.futures_routes import text
from tests.simulators.binance.orders import ZERO, OrderEvent

if TYPE_CHECKING:
    from tests.simulators.binance.futures import FuturesVenue
    from tests.simulators.binance.orders import BalanceEvent, Event


def futures_event(event: Event, venue: FuturesVenue) -> dict[str, object]:
    if isinstance(event, OrderEvent):
        return {
            "e": "ORDER_TRADE_UPDATE",
            "E": event.at_ms,
            "T": event.at_ms,
            "o": _order(event),
        }
    return _account(event, venue)


def _order(event: OrderEvent) -> dict[str, object]:
    order, draft, trade = event.order, event.order.draft, event.trade
    average = event.quote / event.executed if event.executed else ZERO
    return {
        "s": draft.symbol,
        "c": draft.client_id,
        "S": draft.side,
        "o": draft.type,
        "f": draft.tif,
        "q": text(order.quantity),
        "p": text(order.price or ZERO),
        "ap": text(average),
        "sp": text(ZERO),
        "x": event.execution,
        "X": event.status.value,
        "i": order.id,
        "l": text(trade.quantity if trade else ZERO),
        "z": text(event.executed),
        "L": text(trade.price if trade else ZERO),
        "n": text(trade.fee if trade else ZERO),
        "N": trade.fee_asset if trade else "USDT",
        "T": event.at_ms,
        "t": trade.id if trade else 0,
        "b": "0",
        "a": "0",
        "m": bool(trade and trade.maker),
        "R": draft.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": draft.type,
        "ps": draft.position_side,
        "cp": False,
        "rp": text(trade.realized if trade else ZERO),
        "pP": False,
        "V": draft.stp,
        "pm": "NONE",
        "gtd": draft.good_till_ms,
        "er": str(order.reason),
    }


def _account(event: BalanceEvent, venue: FuturesVenue) -> dict[str, object]:
    wallet = venue.wallets[event.account]
    return {
        "e": "ACCOUNT_UPDATE",
        "E": event.at_ms,
        "T": event.at_ms,
        "a": {
            "m": "ORDER",
            "B": [
                {"a": asset, "wb": text(wallet[asset]), "cw": text(wallet[asset]), "bc": "0"}
                for asset in event.assets
            ],
            "P": [
                {
                    "s": symbol,
                    "pa": text(held.amount),
                    "ep": text(held.entry),
                    "bep": text(held.entry),
                    "cr": "0",
                    "up": text((venue.last[symbol] - held.entry) * held.amount),
                    "mt": "cross",
                    "iw": "0",
                    "ps": side,
                }
                for (account, symbol, side), held in venue.positions.items()
                if (account, symbol) == (event.account, event.symbol)
            ],
        },
    }
