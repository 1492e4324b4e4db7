"""Calls everything, prints what went well, and ends with an error at the first that did not.

``python -m tests.simulators.binance.ccxt_client REST SOCKET AUTHORITY KEY SECRET``; AUTHORITY is a
file of what to trust, or empty for plain http.
"""

from __future__ import annotations

import asyncio
import sys

import ccxt.async_support
import ccxt.pro

from tests.simulators.binance.ccxt_client import futures, pro_futures, pro_spot, spot
from tests.simulators.binance.ccxt_client.clients import Place, client

SPOT_ONLY = {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False}
SWAPS_ONLY = {
    "fetchMarkets": {"types": ["linear"]},
    "fetchCurrencies": False,
    "defaultType": "swap",
}


async def main() -> None:
    place = Place(*sys.argv[1:])
    async with client(place, ccxt.async_support.binance) as exchange:
        await spot.everything_loads(exchange)
    async with client(place, ccxt.async_support.binance, **SPOT_ONLY) as exchange:
        await spot.public_calls(exchange)
        await spot.private_calls(exchange)
    async with client(place, ccxt.async_support.binance, **SWAPS_ONLY) as exchange:
        await futures.public_calls(exchange)
        await futures.plain_orders(exchange)
        await futures.batches(exchange)
        await futures.conditional_orders(exchange)
        await futures.account_calls(exchange)
        if place.authority:
            await futures.refusals(exchange)
    async with client(place, ccxt.pro.binance, **SPOT_ONLY) as exchange:
        await pro_spot.private_calls(exchange)
        await pro_spot.market_data(exchange)
    async with client(place, ccxt.pro.binance, **SWAPS_ONLY) as exchange:
        await pro_futures.private_calls(exchange)
        await pro_futures.market_data(exchange)


if __name__ == "__main__":
    asyncio.run(main())
