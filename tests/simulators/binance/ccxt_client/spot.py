"""Unified calls on spot."""

from __future__ import annotations

from typing import Any

from tests.simulators.binance.ccxt_client.clients import SPOT, SWAP, refusal, said


async def everything_loads(exchange: Any) -> None:  # noqa: ANN401
    """With nothing switched off, and keys."""
    markets = await exchange.load_markets()
    assert {SPOT, SWAP} <= markets.keys()
    said("load_markets, all of it")


async def public_calls(exchange: Any) -> None:  # noqa: ANN401
    markets = await exchange.load_markets()
    assert markets[SPOT]["precision"]["price"] == 0.01, markets[SPOT]
    said("load_markets")
    await exchange.load_time_difference()
    assert abs(await exchange.fetch_time() - exchange.milliseconds()) < 5000
    said("fetch_time")
    assert (await exchange.fetch_ticker(SPOT))["last"] == 50000
    assert (await exchange.fetch_tickers([SPOT]))[SPOT]["bid"] == 49999.99
    said("fetch_ticker")
    book = await exchange.fetch_order_book(SPOT)
    assert book["bids"][0][0] < book["asks"][0][0]
    said("fetch_order_book")
    assert len(await exchange.fetch_ohlcv(SPOT, "1m", limit=5)) == 5
    said("fetch_ohlcv")


async def private_calls(exchange: Any) -> None:  # noqa: ANN401
    bought = await exchange.create_order(SPOT, "market", "buy", 0.5)
    assert (bought["status"], bought["filled"], bought["average"]) == ("closed", 0.5, 50000.01)
    said("create_order market")
    assert (await exchange.fetch_trades(SPOT))[-1]["amount"] == 0.5
    said("fetch_trades")
    resting = await exchange.create_order(
        SPOT, "limit", "buy", 0.2, 40000, {"clientOrderId": "one-1"}
    )
    stop = await exchange.create_order(SPOT, "limit", "sell", 0.2, 44000, {"stopLossPrice": 45000})
    assert {each["id"] for each in await exchange.fetch_open_orders(SPOT)} == {
        resting["id"],
        stop["id"],
    }
    said("create_order limit and stop, fetch_open_orders")
    await exchange.create_order(SPOT, "limit", "buy", 0.2, 40000, {"test": True})
    assert len(await exchange.fetch_open_orders(SPOT)) == 2
    said("create_order test")
    await refusal(
        exchange.create_order(SPOT, "limit", "buy", 1, 40000, {"clientOrderId": "one-1"}),
        "Duplicate order sent.",
    )
    await refusal(
        exchange.create_order(SPOT, "limit", "buy", 1, 60000, {"postOnly": True}),
        "Order would immediately match and take.",
    )
    await refusal(exchange.create_order(SPOT, "limit", "buy", 900, 50000), "insufficient balance")
    moved = await exchange.edit_order(resting["id"], SPOT, "limit", "buy", 0.3, 41000)
    assert (await exchange.fetch_order(moved["id"], SPOT))["price"] == 41000
    said("edit_order, fetch_order")
    assert (await exchange.cancel_order(moved["id"], SPOT))["status"] == "canceled"
    await refusal(exchange.cancel_order(moved["id"], SPOT), "-2011")
    await exchange.cancel_all_orders(SPOT)
    assert await exchange.fetch_open_orders(SPOT) == []
    said("cancel_order, cancel_all_orders")
    assert len(await exchange.fetch_orders(SPOT)) == 4
    assert (await exchange.fetch_my_trades(SPOT))[0]["fee"]["currency"] == "BTC"
    assert (await exchange.fetch_balance())["BTC"]["total"] == 10.4995
    said("fetch_orders, fetch_my_trades, fetch_balance")
    assert (await exchange.fetch_order_trades(bought["id"], SPOT))[0]["amount"] == 0.5
    assert len(await exchange.fetch_closed_orders(SPOT)) == 1
    assert len(await exchange.fetch_canceled_orders(SPOT)) == 3
    said("fetch_order_trades, fetch_closed_orders, fetch_canceled_orders")
