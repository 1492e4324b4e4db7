"""What the spot user stream says, in its one-letter words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulators.binance.orders import ZERO, BalanceEvent, OrderEvent, Status
from tests.simulators.binance.words import text

if TYPE_CHECKING:
    from tests.simulators.binance.orders import Event
    from tests.simulators.binance.spot import SpotVenue


def spot_event(event: Event, venue: SpotVenue) -> dict[str, object]:
    if isinstance(event, OrderEvent):
        return _execution_report(event)
    assert isinstance(event, BalanceEvent)  # spot has no others
    return {
        "e": "outboundAccountPosition",
        "E": event.at_ms,
        "u": event.at_ms,
        "B": [
            {
                "a": asset,
                "f": text(venue.free(event.account, asset)),
                "l": text(venue.locked(event.account, asset)),
            }
            for asset in event.assets
        ],
    }


def _execution_report(event: OrderEvent) -> dict[str, object]:
    order, trade, draft = event.order, event.trade, event.order.draft
    report: dict[str, object] = {
        "e": "executionReport",
        "E": event.at_ms,
        "s": draft.symbol,
        "c": event.cancel_id or draft.client_id,
        "S": draft.side,
        "o": draft.type,
        "f": draft.tif,
        "q": text(order.quantity),
        "p": text(order.price or ZERO),
        "P": text(draft.stop_price or ZERO),
        "F": text(ZERO),
        "g": -1,
        "C": draft.client_id if event.cancel_id else "",
        "x": event.execution,
        "X": event.status.value,
        "r": "NONE",
        "i": order.id,
        "l": text(trade.quantity if trade else ZERO),
        "z": text(event.executed),
        "L": text(trade.price if trade else ZERO),
        "n": text(trade.fee) if trade else "0",
        "N": trade.fee_asset if trade else None,
        "T": event.at_ms,
        "t": trade.id if trade else -1,
        "I": order.id,
        "w": order.working and event.status.is_open,
        "m": bool(trade and trade.maker),
        "M": False,
        "O": order.created_ms,
        "Z": text(event.quote),
        "Y": text(trade.quote if trade else ZERO),
        "Q": text(draft.quote_quantity or ZERO),
        "W": order.created_ms,
        "V": draft.stp,
    }
    if draft.strategy_id is not None:
        report["j"] = draft.strategy_id
    if draft.strategy_type is not None:
        report["J"] = draft.strategy_type
    if event.status is Status.EXPIRED_IN_MATCH or order.prevented:
        report |= {"v": 1, "A": text(order.open_quantity), "B": text(order.open_quantity)}
    return report
