"""Unified calls over sockets, on spot."""

from __future__ import annotations

from typing import Any

from tests.simulators.binance.ccxt_client.clients import SPOT, said
from tests.simulators.binance.ccxt_client.watching import watched


async def private_calls(exchange: Any) -> None:  # noqa: ANN401
    await exchange.load_markets()

    async def buy() -> None:
        placed = await exchange.create_order_ws(SPOT, "limit", "buy", 0.001, 50001)
        assert placed["filled"] == 0.001, placed

    assert (await watched(exchange.watch_orders(SPOT), buy))[0]["symbol"] == SPOT
    assert (await watched(exchange.watch_my_trades(SPOT), buy))[0]["amount"] == 0.001
    assert (await watched(exchange.watch_balance(), buy))["BTC"]["free"] > 10
    said("create_order_ws, watch_orders, watch_my_trades, watch_balance")
    rest = await exchange.create_order_ws(SPOT, "limit", "buy", 0.1, 40000)
    assert len(await exchange.fetch_open_orders_ws(SPOT)) == 1
    assert (await exchange.fetch_order_ws(rest["id"], SPOT))["status"] == "open"
    moved = await exchange.edit_order_ws(rest["id"], SPOT, "limit", "buy", 0.1, 41000)
    assert (await exchange.cancel_order_ws(moved["id"], SPOT))["status"] == "canceled"
    await exchange.create_order_ws(SPOT, "limit", "buy", 0.1, 40000)
    await exchange.cancel_all_orders_ws(SPOT)
    assert await exchange.fetch_open_orders_ws(SPOT) == []
    said("fetch_open_orders_ws, fetch_order_ws, edit_order_ws, cancel_order_ws, cancel_all_…")
    assert (await exchange.fetch_balance_ws())["info"]["balances"]  # it reads futures' words only
    assert (await exchange.fetch_my_trades_ws(SPOT))[-1]["amount"] == 0.001
    assert (await exchange.fetch_orders_ws(SPOT))[-1]["status"] == "canceled"
    said("fetch_balance_ws, fetch_my_trades_ws, fetch_orders_ws")
    assert await exchange.fetch_ohlcv_ws(SPOT, "1m", limit=2)
    assert await exchange.fetch_trades_ws(SPOT)
    said("fetch_ohlcv_ws, fetch_trades_ws")


async def market_data(exchange: Any) -> None:  # noqa: ANN401
    await watch_everything(exchange, SPOT)


async def watch_everything(exchange: Any, symbol: str) -> None:  # noqa: ANN401
    """Every public stream, while somebody trades and rests orders."""

    async def trade() -> None:
        await exchange.create_order(symbol, "market", "buy", 0.001)
        rest = await exchange.create_order(symbol, "limit", "buy", 0.001, 49000)
        await exchange.cancel_order(rest["id"], symbol)

    assert (await watched(exchange.watch_trades(symbol), trade))[-1]["amount"] == 0.001
    assert (await watched(exchange.watch_ticker(symbol), trade))["last"] == 50000
    assert symbol in await watched(exchange.watch_tickers([symbol]), trade)
    assert symbol in await watched(exchange.watch_bids_asks([symbol]), trade)
    assert (await watched(exchange.watch_ohlcv(symbol, "1m"), trade))[-1][4] == 50000
    book = await watched(exchange.watch_order_book(symbol), trade)
    assert book["bids"][0][0] < 50000 < book["asks"][0][0]
    said(f"watch_trades, _ticker(s), _bids_asks, _ohlcv, _order_book of {symbol}")
