"""What the futures user stream says, in its one-letter words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulators.binance.orders import ZERO, AlgoEvent, AlgoStatus, ConfigEvent, OrderEvent
from tests.simulators.binance.words import text

if TYPE_CHECKING:
    from tests.simulators.binance.futures import FuturesVenue
    from tests.simulators.binance.orders import BalanceEvent, Event


def futures_events(event: Event, venue: FuturesVenue) -> list[dict[str, object]]:
    """Spell an event; some are told in two messages."""
    stamp = {"E": event.at_ms, "T": event.at_ms}
    match event:
        case OrderEvent(trade=None):
            return [{"e": "ORDER_TRADE_UPDATE", **stamp, "o": _order(event)}]
        case OrderEvent():
            told = {"e": "ORDER_TRADE_UPDATE", **stamp, "o": _order(event)}
            return [{"e": "TRADE_LITE", **stamp, **_lite(event)}, told]
        case AlgoEvent():
            messages: list[dict[str, object]] = [{"e": "ALGO_UPDATE", **stamp, "o": _algo(event)}]
            if event.status is AlgoStatus.REJECTED:
                messages.append(
                    {"e": "CONDITIONAL_ORDER_TRIGGER_REJECT", **stamp, "or": _reject(event)}
                )
            return messages
        case ConfigEvent():
            changed = {"s": event.symbol, "l": event.leverage}
            return [{"e": "ACCOUNT_CONFIG_UPDATE", **stamp, "ac": changed}]
        case _:
            return [_account(event, venue)]


def _lite(event: OrderEvent) -> dict[str, object]:
    """Tell of a fill earlier and poorer; the order's own event says it again."""
    order, draft, trade = event.order, event.order.draft, event.trade
    assert trade is not None  # only fills are told so
    return {
        "s": draft.symbol,
        "q": text(order.quantity),
        "p": text(order.price or ZERO),
        "m": trade.maker,
        "c": draft.client_id,
        "S": draft.side,
        "L": text(trade.price),
        "l": text(trade.quantity),
        "t": trade.id,
        "i": order.id,
    }


def _algo(event: AlgoEvent) -> dict[str, object]:
    order, draft = event.order, event.order.draft
    is_born = event.status in {AlgoStatus.TRIGGERED, AlgoStatus.FINISHED} and order.born
    return {
        "caid": draft.client_id,
        "aid": order.id,
        "at": "CONDITIONAL",
        "o": draft.type,
        "s": draft.symbol,
        "S": draft.side,
        "ps": draft.position_side,
        "f": draft.tif,
        "q": text(draft.quantity),
        "X": event.status.value,
        "ai": str(order.born.id) if is_born and order.born else "",
        "ap": text(event.average),
        "aq": text(event.executed),
        "act": order.born.draft.type if is_born and order.born else "0",
        "tp": text(draft.stop_price or ZERO),
        "p": text(draft.price or ZERO),
        "V": draft.stp,
        "wt": "MARK_PRICE" if order.by_mark_price else "CONTRACT_PRICE",
        "pm": "NONE",
        "cp": draft.close_position,
        "pP": False,
        "R": draft.reduce_only,
        "tt": order.triggered_ms,
        "gtd": draft.good_till_ms,
        "rm": order.failure,
    }


def _reject(event: AlgoEvent) -> dict[str, object]:
    order = event.order
    return {"s": order.draft.symbol, "i": order.id, "r": order.failure}


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
        "ot": draft.orig_type or draft.type,
        "ps": draft.position_side,
        "cp": draft.close_position,
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
            "m": event.why,
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
                    "up": text((venue.mark(symbol) - held.entry) * held.amount),
                    "mt": "cross",
                    "iw": "0",
                    "ps": side,
                }
                for (account, symbol, side), held in venue.positions.items()
                if (account, symbol) == (event.account, event.symbol)
            ],
        },
    }
