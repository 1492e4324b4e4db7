"""Unified calls on USD-M futures."""

from __future__ import annotations

from typing import Any

from tests.simulators.binance.ccxt_client.clients import SWAP, refusal, said

TRIGGER = {"trigger": True}


async def public_calls(exchange: Any) -> None:  # noqa: ANN401
    markets = await exchange.load_markets()
    assert markets[SWAP]["precision"]["price"] == 0.1, markets[SWAP]
    await exchange.load_time_difference()
    assert abs(await exchange.fetch_time() - exchange.milliseconds()) < 5000
    said("load_markets, fetch_time")
    assert (await exchange.fetch_ticker(SWAP))["last"] == 50000
    assert (await exchange.fetch_bids_asks([SWAP]))[SWAP]["bid"] == 49999.9
    assert (await exchange.fetch_order_book(SWAP))["bids"]
    assert len(await exchange.fetch_ohlcv(SWAP, "1m", limit=5)) == 5
    assert (await exchange.fetch_funding_rate(SWAP))["markPrice"] == 50000
    said("fetch_ticker, fetch_bids_asks, fetch_order_book, fetch_ohlcv, fetch_funding_rate")


async def plain_orders(exchange: Any) -> None:  # noqa: ANN401
    bought = await exchange.create_order(SWAP, "market", "buy", 0.5, None, {"clientOrderId": "b1"})
    assert (bought["status"], bought["filled"], bought["average"]) == ("closed", 0.5, None), bought
    asked = await exchange.fetch_order(bought["id"], SWAP)
    assert (asked["average"], asked["clientOrderId"]) == (50000.1, "b1")
    said("create_order market, fetch_order")
    rest = await exchange.create_order(SWAP, "limit", "buy", 0.2, 40000)
    assert (await exchange.fetch_open_order(rest["id"], SWAP))["remaining"] == 0.2
    moved = await exchange.edit_order(rest["id"], SWAP, "limit", "buy", 0.3, 41000)
    assert (moved["id"], moved["amount"]) == (rest["id"], 0.3)
    assert [each["id"] for each in await exchange.fetch_open_orders(SWAP)] == [rest["id"]]
    assert (await exchange.cancel_order(rest["id"], SWAP))["status"] == "canceled"
    await refusal(exchange.cancel_order(rest["id"], SWAP), "-2011")
    said("create_order limit, fetch_open_order, edit_order, fetch_open_orders, cancel_order")
    await exchange.create_order(SWAP, "limit", "buy", 0.2, 40000)
    await exchange.cancel_all_orders(SWAP)
    assert await exchange.fetch_open_orders(SWAP) == []
    assert len(await exchange.fetch_orders(SWAP)) == 3
    assert (await exchange.fetch_my_trades(SWAP))[0]["price"] == 50000.1
    said("cancel_all_orders, fetch_orders, fetch_my_trades")


async def batches(exchange: Any) -> None:  # noqa: ANN401
    terms = {"symbol": SWAP, "type": "limit", "side": "buy", "amount": 0.1}
    placed = await exchange.create_orders(
        [
            {**terms, "price": 40000, "params": {"clientOrderId": "batch-1"}},
            {**terms, "price": 400000},
            {**terms, "price": 41000},
        ]
    )
    assert [each["status"] for each in placed] == ["rejected", "open", "open"]  # it sorts
    _, first, third = placed
    edited = await exchange.edit_orders([{**terms, "id": first["id"], "price": 40500}])
    assert edited[0]["price"] == 40500
    cancelled = await exchange.cancel_orders([first["id"], "77", third["id"]], SWAP)
    assert [each["id"] for each in cancelled] == [first["id"], third["id"]]  # it drops failures
    said("create_orders, edit_orders, cancel_orders")


async def conditional_orders(exchange: Any) -> None:  # noqa: ANN401
    mine = {"clientOrderId": "a-stop"}
    stop = await exchange.create_order(
        SWAP, "market", "sell", 0.1, None, {"stopLossPrice": 45000, **mine}
    )
    assert (stop["status"], stop["clientOrderId"], stop["triggerPrice"]) == (
        "open",
        "a-stop",
        45000,
    )
    limit = await exchange.create_order(
        SWAP, "limit", "sell", 0.1, 56000, {"takeProfitPrice": 55000}
    )
    trail = await exchange.create_trailing_percent_order(SWAP, "market", "sell", 0.1, None, 1)
    waiting = await exchange.fetch_open_orders(SWAP, params=TRIGGER)
    assert {each["id"] for each in waiting} == {each["id"] for each in (stop, limit, trail)}
    assert await exchange.fetch_open_orders(SWAP) == []
    assert (await exchange.fetch_order(stop["id"], SWAP, TRIGGER))["status"] == "open"
    await exchange.cancel_order(stop["id"], SWAP, TRIGGER)
    ended = {
        each["id"]: each["status"] for each in await exchange.fetch_orders(SWAP, params=TRIGGER)
    }
    assert ended[stop["id"]] == "canceled"
    await exchange.cancel_all_orders(SWAP, TRIGGER)
    assert await exchange.fetch_open_orders(SWAP, params=TRIGGER) == []
    said("conditional orders: create, fetch, fetch_open, fetch_orders, cancel, cancel_all")


async def account_calls(exchange: Any) -> None:  # noqa: ANN401
    assert (await exchange.fetch_balance())["USDT"]["total"] > 900_000
    (held,) = await exchange.fetch_positions([SWAP])
    assert (held["contracts"], held["side"], held["entryPrice"]) == (0.5, "long", 50000.1)
    (risk,) = await exchange.fetch_positions([SWAP], {"method": "account"})
    assert risk["contracts"] == 0.5
    assert (await exchange.fetch_positions_risk([SWAP]))[0]["contracts"] == 0.5
    said("fetch_balance, fetch_positions, fetch_positions_risk")
    await exchange.create_order(SWAP, "market", "sell", 0.5, None, {"reduceOnly": True})
    assert await exchange.fetch_positions([SWAP]) == []
    await exchange.set_leverage(10, SWAP)
    await exchange.set_margin_mode("isolated", SWAP)
    assert (await exchange.fetch_leverage(SWAP))["longLeverage"] == 10
    assert (await exchange.fetch_margin_mode(SWAP))["marginMode"] == "isolated"
    again = exchange.set_margin_mode("isolated", SWAP)
    await refusal(again, "-4046", "MarginModeAlreadySet")
    await exchange.set_margin_mode("cross", SWAP)
    said("set_leverage, set_margin_mode, fetch_leverage, fetch_margin_mode")
    await exchange.set_position_mode(hedged=True)
    assert (await exchange.fetch_position_mode())["hedged"] is True
    await exchange.create_order(SWAP, "market", "buy", 0.1, None, {"positionSide": "LONG"})
    await exchange.create_order(SWAP, "market", "sell", 0.1, None, {"positionSide": "LONG"})
    await exchange.set_position_mode(hedged=False)
    said("set_position_mode, fetch_position_mode")
    assert (await exchange.fetch_trading_fee(SWAP))["taker"] == 0.0004
    assert SWAP in await exchange.fetch_trading_fees()
    assert (await exchange.fetch_leverage_tiers([SWAP]))[SWAP][0]["maxLeverage"] == 125
    said("fetch_trading_fee(s), fetch_leverage_tiers")


async def refusals(exchange: Any) -> None:  # noqa: ANN401
    """With Binance's own addresses each error is of the class it has in production."""
    order = (SWAP, "limit", "buy")
    for terms, code, name in (
        ((*order, 8000, 40000), "-2019", "InsufficientFunds"),
        ((*order, 1, 400000), "-4016", "BadRequest"),
        ((*order, 1, 60000, {"postOnly": True}), "-5022", "OrderNotFillable"),
        ((*order, 1, 40000, {"timeInForce": "FOK"}), "-5021", "OrderNotFillable"),
        ((SWAP, "market", "sell", 1, None, {"reduceOnly": True}), "-2022", "InvalidOrder"),
        (
            (SWAP, "market", "sell", 1, None, {"stopLossPrice": 51000}),
            "-2021",
            "OrderImmediatelyFillable",
        ),
    ):
        await refusal(exchange.create_order(*terms), code, name)
    await exchange.create_order(*order, 0.1, 40000, {"clientOrderId": "twice"})
    twice = exchange.create_order(*order, 0.1, 40000, {"clientOrderId": "twice"})
    await refusal(twice, "-4116", "InvalidOrder")
    await exchange.cancel_all_orders(SWAP)
