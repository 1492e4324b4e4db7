"""The unmodified ccxt and ccxt.pro clients call the simulator, and check what they read.

Run by an interpreter that has ccxt: ``python ccxt_calls.py REST WS_API KEY SECRET``. ccxt pins
versions of half of our own dependencies, so it lives in an environment of its own. Prints each
call that went well; ends with an error at the first that did not.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import ccxt.async_support
import ccxt.pro

from adapters.tasks import TaskSupervisor

SYMBOL = "BTC/USDT"


def client(kind: Any, urls: dict[str, str], key: str, secret: str) -> Any:  # noqa: ANN401
    exchange = kind(
        {
            "apiKey": key,
            "secret": secret,
            "enableRateLimit": False,
            "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False},
        }
    )
    for name, path in (("public", "api/v3"), ("private", "api/v3"), ("sapi", "sapi/v1")):
        exchange.urls["api"][name] = f"{urls['rest']}/{path}"
    if "ws" in exchange.urls["api"]:
        exchange.urls["api"]["ws"]["ws-api"]["spot"] = urls["ws_api"]
    return exchange


def said(call: str) -> None:
    sys.stdout.write(f"{call}\n")
    sys.stdout.flush()


async def refusal(call: Any, text: str) -> None:  # noqa: ANN401
    """Expect an error with this text; its class depends on the URL, which is not the real one."""
    told = "no refusal"
    try:
        await call
    except ccxt.async_support.BaseError as error:
        told = str(error)
    assert text in told, told
    said(f"refused: {text}")


async def public_calls(exchange: Any) -> None:  # noqa: ANN401
    markets = await exchange.load_markets()
    assert markets[SYMBOL]["precision"]["price"] == 0.01, markets[SYMBOL]
    said("load_markets")
    await exchange.load_time_difference()
    assert abs(await exchange.fetch_time() - exchange.milliseconds()) < 5000
    said("fetch_time")
    assert (await exchange.fetch_ticker(SYMBOL))["last"] == 50000
    assert (await exchange.fetch_tickers([SYMBOL]))[SYMBOL]["bid"] == 49999.99
    said("fetch_ticker")
    book = await exchange.fetch_order_book(SYMBOL)
    assert book["bids"][0][0] < book["asks"][0][0]
    said("fetch_order_book")
    assert len(await exchange.fetch_ohlcv(SYMBOL, "1m", limit=5)) == 5
    said("fetch_ohlcv")


async def private_calls(exchange: Any) -> None:  # noqa: ANN401
    bought = await exchange.create_order(SYMBOL, "market", "buy", 0.5)
    assert (bought["status"], bought["filled"], bought["average"]) == ("closed", 0.5, 50000.01)
    said("create_order market")
    assert (await exchange.fetch_trades(SYMBOL))[-1]["amount"] == 0.5
    said("fetch_trades")
    resting = await exchange.create_order(
        SYMBOL, "limit", "buy", 0.2, 40000, {"clientOrderId": "one-1"}
    )
    stop = await exchange.create_order(
        SYMBOL, "limit", "sell", 0.2, 44000, {"stopLossPrice": 45000}
    )
    assert {each["id"] for each in await exchange.fetch_open_orders(SYMBOL)} == {
        resting["id"],
        stop["id"],
    }
    said("create_order limit and stop, fetch_open_orders")
    await refusal(
        exchange.create_order(SYMBOL, "limit", "buy", 1, 40000, {"clientOrderId": "one-1"}),
        "Duplicate order sent.",
    )
    await refusal(
        exchange.create_order(SYMBOL, "limit", "buy", 1, 60000, {"postOnly": True}),
        "Order would immediately match and take.",
    )
    await refusal(exchange.create_order(SYMBOL, "limit", "buy", 900, 50000), "insufficient balance")
    moved = await exchange.edit_order(resting["id"], SYMBOL, "limit", "buy", 0.3, 41000)
    assert (await exchange.fetch_order(moved["id"], SYMBOL))["price"] == 41000
    said("edit_order, fetch_order")
    assert (await exchange.cancel_order(moved["id"], SYMBOL))["status"] == "canceled"
    await refusal(exchange.cancel_order(moved["id"], SYMBOL), "-2011")
    await exchange.cancel_all_orders(SYMBOL)
    assert await exchange.fetch_open_orders(SYMBOL) == []
    said("cancel_order, cancel_all_orders")
    assert len(await exchange.fetch_orders(SYMBOL)) == 4
    assert (await exchange.fetch_my_trades(SYMBOL))[0]["fee"]["currency"] == "BTC"
    assert (await exchange.fetch_balance())["BTC"]["total"] == 10.4995
    said("fetch_orders, fetch_my_trades, fetch_balance")


async def pro_calls(exchange: Any) -> None:  # noqa: ANN401
    await exchange.load_markets()
    tasks = TaskSupervisor()
    watching = tasks.spawn(exchange.watch_orders(SYMBOL), name="orders")
    trades = tasks.spawn(exchange.watch_my_trades(SYMBOL), name="trades")
    await asyncio.sleep(1.5)
    placed = await exchange.create_order_ws(SYMBOL, "limit", "buy", 0.1, 50001)
    assert placed["filled"] == 0.1, placed
    said("create_order_ws")
    seen = await asyncio.wait_for(watching, 5)
    assert seen[0]["id"] == placed["id"], (seen, placed)
    assert (await asyncio.wait_for(trades, 5))[0]["order"] == placed["id"]
    said("watch_orders, watch_my_trades")
    assert (await exchange.fetch_balance())["BTC"]["free"] > 10
    rest = await exchange.create_order_ws(SYMBOL, "limit", "buy", 0.1, 40000)
    assert len(await exchange.fetch_open_orders_ws(SYMBOL)) == 1
    assert (await exchange.cancel_order_ws(rest["id"], SYMBOL))["status"] == "canceled"
    said("fetch_open_orders_ws, cancel_order_ws")


async def main() -> None:
    rest, ws_api, key, secret = sys.argv[1:]
    urls = {"rest": rest, "ws_api": ws_api}
    secret = secret.replace("\\n", "\n")
    for kind, calls in (
        (ccxt.async_support.binance, (public_calls, private_calls)),
        (ccxt.pro.binance, (pro_calls,)),
    ):
        exchange = client(kind, urls, key, secret)
        try:
            for call in calls:
                await call(exchange)
        finally:
            await exchange.close()


if __name__ == "__main__":
    asyncio.run(main())
