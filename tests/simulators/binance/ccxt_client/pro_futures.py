"""Unified calls over sockets, on futures."""

from __future__ import annotations

from typing import Any

from tests.simulators.binance.ccxt_client.clients import SWAP, said
from tests.simulators.binance.ccxt_client.pro_spot import watch_everything
from tests.simulators.binance.ccxt_client.watching import watched


async def private_calls(exchange: Any) -> None:  # noqa: ANN401
    await exchange.load_markets()

    async def buy() -> None:
        await exchange.create_order_ws(SWAP, "limit", "buy", 0.001, 50001)

    assert (await watched(exchange.watch_orders(SWAP), buy))[0]["symbol"] == SWAP
    assert (await watched(exchange.watch_my_trades(SWAP), buy))[0]["amount"] == 0.001
    assert (await watched(exchange.watch_balance(), buy))["USDT"]["total"] > 900_000
    assert (await watched(exchange.watch_positions([SWAP]), buy))[0]["contracts"] > 0
    said("watch_orders, watch_my_trades, watch_balance, watch_positions")
    rest = await exchange.create_order_ws(SWAP, "limit", "buy", 0.1, 40000)
    assert (await exchange.fetch_order_ws(rest["id"], SWAP))["status"] == "open"
    moved = await exchange.edit_order_ws(rest["id"], SWAP, "limit", "buy", 0.1, 41000)
    assert moved["id"] == rest["id"]
    assert (await exchange.cancel_order_ws(rest["id"], SWAP))["status"] == "canceled"
    said("create_order_ws, fetch_order_ws, edit_order_ws, cancel_order_ws")
    trigger = {"stopLossPrice": 45000}
    stop = await exchange.create_order_ws(SWAP, "market", "sell", 0.1, None, trigger)
    await exchange.cancel_order_ws(stop["id"], SWAP, {"trigger": True})
    assert await exchange.fetch_open_orders(SWAP, params={"trigger": True}) == []
    said("create_order_ws and cancel_order_ws, conditional")
    assert (await exchange.fetch_balance_ws())["USDT"]["total"] > 900_000
    assert (await exchange.fetch_positions_ws([SWAP]))[0]["contracts"] > 0
    assert (await exchange.fetch_ticker_ws(SWAP))["bid"] == 49999.9
    assert (await exchange.fetch_order_book_ws(SWAP))["asks"]
    said("fetch_balance_ws, fetch_positions_ws, fetch_ticker_ws, fetch_order_book_ws")


async def market_data(exchange: Any) -> None:  # noqa: ANN401
    await watch_everything(exchange, SWAP)
