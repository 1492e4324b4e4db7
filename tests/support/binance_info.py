"""Binance's exchangeInfo for one symbol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from algorithms.decimals import to_text

if TYPE_CHECKING:
    from decimal import Decimal

    from algorithms.domain import Symbol


def exchange_info(symbol: Symbol, lot: Decimal) -> dict[str, Any]:
    """One symbol, a cent a tick."""
    return {
        "rateLimits": [
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": 6000,
            },
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
        ],
        "symbols": [
            {
                "symbol": symbol,
                "status": "TRADING",
                "baseAsset": symbol.removesuffix("USDT"),
                "quoteAsset": "USDT",
                "marginAsset": "USDT",
                "orderTypes": [
                    *("LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "STOP", "STOP_MARKET"),
                ],
                "filters": [
                    {
                        "filterType": "PRICE_FILTER",
                        "minPrice": "0.01",
                        "maxPrice": "1000000",
                        "tickSize": "0.01000000",
                    },
                    {
                        "filterType": "LOT_SIZE",
                        "minQty": to_text(lot),
                        "maxQty": "9000000",
                        "stepSize": to_text(lot),
                    },
                ],
            }
        ],
    }
