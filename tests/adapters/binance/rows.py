"""Rows of replies and events, as Binance writes them."""

from __future__ import annotations

from typing import Any

MADE_AT = 1_800_000_000_000


def order_row(number: int = 7, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A resting limit order, as a question about it is answered."""
    return {
        "symbol": "BTCUSDT",
        "orderId": number,
        "clientOrderId": "a-1",
        "price": "100.00000000",
        "origQty": "2.00000000",
        "executedQty": "0.00000000",
        "status": "NEW",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        "time": MADE_AT,
        "updateTime": MADE_AT,
        **changes,
    }


def placed_row(number: int = 7, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """The same order as the answer to its placing."""
    row = order_row(number, **changes)
    return {**{key: row[key] for key in row if key != "time"}, "transactTime": MADE_AT}


def trade_row(trade: int, number: int = 7, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
    return {
        "symbol": "BTCUSDT",
        "id": trade,
        "orderId": number,
        "price": "100.00000000",
        "qty": "0.50000000",
        "commission": "0.00050000",
        "commissionAsset": "BTC",
        "time": MADE_AT + trade,
        "isBuyer": True,
        **changes,
    }


def report(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A spot executionReport of a first fill."""
    return {
        "e": "executionReport",
        "s": "BTCUSDT",
        "c": "a-1",
        "C": "",
        "i": 7,
        "S": "BUY",
        "o": "LIMIT",
        "q": "2.00000000",
        "p": "100.00000000",
        "x": "TRADE",
        "X": "PARTIALLY_FILLED",
        "z": "0.50000000",
        "l": "0.50000000",
        "L": "100.00000000",
        "n": "0.00050000",
        "N": "BTC",
        "t": 1,
        "T": MADE_AT + 1,
        "O": MADE_AT,
        **changes,
    }


def algo_row(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "algoId": 9,
        "clientAlgoId": "a-2",
        "orderType": "STOP_MARKET",
        "symbol": "BTCUSDT",
        "side": "SELL",
        "quantity": "1.000",
        "price": "0.00",
        "algoStatus": "NEW",
        "createTime": MADE_AT,
        "updateTime": MADE_AT,
        "actualOrderId": "",
        **changes,
    }
