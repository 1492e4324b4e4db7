"""Stories of the spot exchange, told over HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.simulators.binance.trader import Trader


async def balance(trader: Trader, asset: str) -> tuple[Decimal, Decimal]:
    _, account = await trader.ask("GET /api/v3/account")
    row = next(each for each in account["balances"] if each["asset"] == asset)
    return Decimal(row["free"]), Decimal(row["locked"])


async def test_a_market_order_takes_the_ask_and_pays_its_fee_in_what_it_bought(
    trader: Trader,
) -> None:
    order = await trader.buy(type="MARKET", price="", timeInForce="")
    assert order["status"] == "FILLED"
    assert order["fills"][0]["price"] == "50000.01000000"
    assert isinstance(order["orderId"], int)
    assert order["orderId"] > 2**53
    assert await balance(trader, "BTC") == (Decimal("10.0999"), Decimal(0))


async def test_a_resting_order_locks_its_cost_until_it_is_cancelled(trader: Trader) -> None:
    order = await trader.buy(newClientOrderId="mine")
    assert order["status"] == "NEW"
    assert await balance(trader, "USDT") == (Decimal(996_000), Decimal(4_000))
    _, cancelled = await trader.ask(
        "DELETE /api/v3/order", symbol="BTCUSDT", origClientOrderId="mine"
    )
    assert cancelled["origClientOrderId"] == "mine"
    assert cancelled["clientOrderId"] != "mine"
    assert await balance(trader, "USDT") == (Decimal(1_000_000), Decimal(0))


async def test_a_resting_order_fills_when_the_market_comes_to_it(trader: Trader) -> None:
    order = await trader.buy()
    trader.simulator.set_price("BTCUSDT", Decimal(39_999))
    _, now = await trader.ask("GET /api/v3/order", symbol="BTCUSDT", orderId=order["orderId"])
    assert (now["status"], now["cummulativeQuoteQty"]) == ("FILLED", "4000.00000000")
    _, trades = await trader.ask("GET /api/v3/myTrades", symbol="BTCUSDT")
    assert [(each["orderId"], each["isMaker"]) for each in trades] == [(order["orderId"], True)]


async def test_a_thin_market_fills_an_order_in_pieces(trader: Trader) -> None:
    trader.simulator.exchange.spot.depth["BTCUSDT"] = Decimal("0.04")
    order = await trader.buy(price="50000.02")
    assert (order["status"], order["executedQty"]) == ("PARTIALLY_FILLED", "0.08000000")
    assert len(order["fills"]) == 2


async def test_a_stop_waits_for_its_price(trader: Trader) -> None:
    stop = await trader.buy(type="STOP_LOSS_LIMIT", price="52000", stopPrice="51000")
    trader.simulator.set_price("BTCUSDT", Decimal(51_500))
    _, now = await trader.ask("GET /api/v3/order", symbol="BTCUSDT", orderId=stop["orderId"])
    assert (now["status"], now["price"]) == ("FILLED", "52000.00000000")


async def test_what_cannot_be_taken_at_once_expires_with_ioc_and_fok(trader: Trader) -> None:
    trader.simulator.exchange.spot.depth["BTCUSDT"] = Decimal("0.04")
    ioc = await trader.buy(price="50000.01", timeInForce="IOC")
    assert (ioc["status"], ioc["executedQty"]) == ("EXPIRED", "0.04000000")
    fok = await trader.buy(price="50000.01", timeInForce="FOK")
    assert (fok["status"], fok["executedQty"]) == ("EXPIRED", "0.00000000")


@pytest.mark.parametrize(
    ("mode", "maker", "taker"),
    [
        ("NONE", "FILLED", "FILLED"),
        ("EXPIRE_TAKER", "NEW", "EXPIRED_IN_MATCH"),
        ("EXPIRE_MAKER", "EXPIRED_IN_MATCH", "NEW"),
        ("EXPIRE_BOTH", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
        ("DECREMENT", "EXPIRED_IN_MATCH", "EXPIRED_IN_MATCH"),
    ],
)
async def test_the_takers_mode_decides_how_an_account_meets_itself(
    trader: Trader, mode: str, maker: str, taker: str
) -> None:
    resting = await trader.buy(price="50000")
    selling = await trader.buy(side="SELL", price="50000", selfTradePreventionMode=mode)
    _, now = await trader.ask("GET /api/v3/order", symbol="BTCUSDT", orderId=resting["orderId"])
    assert (now["status"], selling["status"]) == (maker, taker)


async def test_an_id_is_unique_among_open_orders_only(trader: Trader) -> None:
    await trader.buy(newClientOrderId="mine")
    assert (await trader.buy(newClientOrderId="mine"))["msg"] == "Duplicate order sent."
    await trader.ask("DELETE /api/v3/order", symbol="BTCUSDT", origClientOrderId="mine")
    assert (await trader.buy(newClientOrderId="mine"))["status"] == "NEW"


@pytest.mark.parametrize(
    ("changed", "code", "text"),
    [
        ({"price": "40000.005"}, -1111, "price"),
        ({"quantity": "0.0001"}, -1111, "quantity"),
        ({"quantity": "9001"}, -1013, "LOT_SIZE"),
        ({"quantity": "0"}, -1013, "LOT_SIZE"),
        ({"price": "1"}, -1013, "PERCENT_PRICE_BY_SIDE"),
        ({"price": "300000"}, -1013, "PERCENT_PRICE_BY_SIDE"),
        ({"price": "2000000"}, -1013, "PRICE_FILTER"),
        ({"price": "-1"}, -1013, "PRICE_FILTER"),
        ({"quantity": "0.001", "price": "10000", "symbol": "ETHUSDT"}, -1013, "PERCENT_PRICE"),
        ({"quantity": "0.002", "price": "2000", "symbol": "ETHUSDT"}, -1013, "NOTIONAL"),
        ({"quantity": "2000", "type": "MARKET", "price": ""}, -1013, "MARKET_LOT_SIZE"),
        ({"quantity": "1000"}, -2010, "insufficient balance"),
        ({"type": "LIMIT_MAKER", "price": "60000"}, -2010, "immediately match"),
        ({"type": "STOP_LOSS_LIMIT", "stopPrice": "45000"}, -2010, "trigger immediately"),
        ({"symbol": "NOSUCH"}, -1121, "symbol"),
        ({"side": "HOLD"}, -1117, "side"),
        ({"type": "MAYBE"}, -1116, "type"),
        ({"timeInForce": "NOW"}, -1115, "timeInForce"),
        ({"timeInForce": ""}, -1102, "timeInForce"),
        ({"price": ""}, -1102, "price"),
        ({"price": "cheap"}, -1100, "price"),
        ({"price": "NaN"}, -1100, "price"),
        ({"type": "MARKET"}, -1106, "price"),
        ({"newClientOrderId": "a b"}, -1100, "newClientOrderId"),
        ({"newClientOrderId": "a" * 37}, -4015, "length"),
        ({"selfTradePreventionMode": "TRANSFER"}, -1013, "self-trade"),
        ({"newOrderRespType": "LONG"}, -1130, "newOrderRespType"),
        ({"strategyId": "alpha"}, -1100, "strategyId"),
    ],
)
async def test_a_bad_order_is_refused_with_its_code(
    trader: Trader, changed: dict[str, str], code: int, text: str
) -> None:
    if "ETHUSDT" in changed.values() and code == -1013 and text == "PERCENT_PRICE":
        changed = {**changed, "price": "10001"}
    refused = await trader.buy(**changed)
    assert refused["code"] == code, refused
    assert text in refused["msg"]
    assert trader.simulator.exchange.spot.open == {}


async def test_cancel_all_knows_symbols_and_not_strategies(trader: Trader) -> None:
    await trader.buy(newClientOrderId="alpha-1")
    await trader.buy(newClientOrderId="beta-1")
    await trader.buy(symbol="ETHUSDT", price="2000", newClientOrderId="alpha-2")
    _, gone = await trader.ask("DELETE /api/v3/openOrders", symbol="BTCUSDT")
    assert [each["origClientOrderId"] for each in gone] == ["alpha-1", "beta-1"]
    _, left = await trader.ask("GET /api/v3/openOrders")
    assert [each["clientOrderId"] for each in left] == ["alpha-2"]
    _, none = await trader.ask("DELETE /api/v3/openOrders", symbol="BTCUSDT")
    assert none["code"] == -2011


async def test_a_replacement_tells_which_half_failed(trader: Trader) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    route = "POST /api/v3/order/cancelReplace"
    terms = {**order, "quantity": "0.1", "price": "40000", "cancelReplaceMode": "ALLOW_FAILURE"}
    status, half = await trader.ask(route, **terms, cancelOrigClientOrderId="nothing")
    assert (status, half["code"]) == (409, -2021)
    assert half["data"]["newOrderResult"] == "SUCCESS"
    terms |= {"cancelReplaceMode": "STOP_ON_FAILURE"}
    status, both = await trader.ask(route, **terms, cancelOrigClientOrderId="nothing")
    assert (status, both["code"]) == (400, -2022)
    assert both["data"]["newOrderResult"] == "NOT_ATTEMPTED"


async def test_a_lagging_query_does_not_know_a_new_order_yet(trader: Trader) -> None:
    trader.simulator.faults.query_lag_s = 0.5
    order = await trader.buy()
    where = {"symbol": "BTCUSDT", "orderId": order["orderId"]}
    assert (await trader.ask("GET /api/v3/order", **where))[1]["code"] == -2013
    trader.simulator.faults.query_lag_s = 0
    assert (await trader.ask("GET /api/v3/order", **where))[1]["status"] == "NEW"
