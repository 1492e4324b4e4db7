"""Stories of the futures exchange, told over HTTP."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.simulators.binance.futures import Position

if TYPE_CHECKING:
    from tests.simulators.binance.trader import Trader

PLACE = "POST /fapi/v1/order"
LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
RESTING: dict[str, object] = {**LIMIT, "quantity": "0.1", "price": "40000"}
MARKET: dict[str, object] = {
    "symbol": "BTCUSDT",
    "side": "BUY",
    "type": "MARKET",
    "quantity": "1",
    "newOrderRespType": "RESULT",
}


async def held(trader: Trader) -> list[tuple[str, str]]:
    _, rows = await trader.ask("GET /fapi/v3/positionRisk")
    return [(row["positionSide"], row["positionAmt"]) for row in rows]


async def place(trader: Trader, terms: dict[str, object], **more: object) -> Any:  # noqa: ANN401
    return (await trader.ask(PLACE, **{**terms, **more}))[1]


async def test_a_placing_reply_has_no_average_price_and_a_query_has(trader: Trader) -> None:
    order = await place(trader, MARKET)
    assert (order["status"], order["cumQty"]) == ("FILLED", "1.00000000")
    assert not {"avgPrice", "cumQuote"} & order.keys()
    _, asked = await trader.ask("GET /fapi/v1/order", symbol="BTCUSDT", orderId=order["orderId"])
    assert (asked["avgPrice"], asked["cumQuote"]) == ("50000.10000000", "50000.10000000")
    assert (await place(trader, MARKET, newOrderRespType="ACK"))["status"] == "NEW"


async def test_closing_a_position_realizes_its_profit(trader: Trader) -> None:
    await place(trader, MARKET)
    assert await held(trader) == [("BOTH", "1.00000000")]
    trader.simulator.set_price("BTCUSDT", Decimal(51_000))
    await place(trader, MARKET, side="SELL", reduceOnly="true", quantity="2")
    assert await held(trader) == []
    _, trades = await trader.ask("GET /fapi/v1/userTrades", symbol="BTCUSDT")
    assert trades[-1]["realizedPnl"] == "999.80000000"
    _, (usdt,) = await trader.ask("GET /fapi/v3/balance")
    assert Decimal(usdt["balance"]) == Decimal(1_000_000) + Decimal("999.8") - sum(
        Decimal(each["commission"]) for each in trades
    )


def test_a_position_turned_around_begins_at_the_new_price() -> None:
    position = Position()
    position.add(Decimal(1), Decimal(100))
    position.add(Decimal(1), Decimal(200))
    assert position.entry == 150
    assert position.add(Decimal(-3), Decimal(160)) == 20
    assert (position.amount, position.entry) == (Decimal(-1), Decimal(160))


async def test_a_reduce_only_order_goes_when_there_is_nothing_left_to_reduce(
    trader: Trader,
) -> None:
    assert (await place(trader, MARKET, reduceOnly="true"))["code"] == -2022
    await place(trader, MARKET)
    terms = {**RESTING, "side": "SELL", "price": "60000", "quantity": "1", "reduceOnly": "true"}
    exit_order = await place(trader, terms)
    await place(trader, MARKET, side="SELL")
    order = trader.simulator.exchange.futures.orders[exit_order["orderId"]]
    assert (order.status.value, order.reason) == ("EXPIRED", 4)


async def test_batches_answer_in_order_and_only_the_bad_elements_fail(trader: Trader) -> None:
    good = {name: str(value) for name, value in RESTING.items()}
    batch = [{**good, "newClientOrderId": "a"}, {**good, "price": "40000.05"}]
    status, rows = await trader.ask(
        "POST /fapi/v1/batchOrders", batchOrders=orjson.dumps(batch).decode()
    )
    assert (status, rows[0]["clientOrderId"], rows[1]["code"]) == (200, "a", -1111)
    status, rows = await trader.ask(
        "DELETE /fapi/v1/batchOrders", symbol="BTCUSDT", origclientorderidlist='["no","a"]'
    )
    assert (status, rows[0]["code"], rows[1]["status"]) == (200, -2011, "CANCELED")


@pytest.mark.parametrize(
    ("route", "params", "code"),
    [
        ("POST /fapi/v1/batchOrders", {"batchOrders": orjson.dumps([{}] * 6).decode()}, -4082),
        ("POST /fapi/v1/batchOrders", {"batchOrders": "[1]"}, -1100),
        ("POST /fapi/v1/batchOrders", {"batchOrders": "["}, -1100),
        (
            "DELETE /fapi/v1/batchOrders",
            {"symbol": "BTCUSDT", "orderIdList": str(list(range(11)))},
            -4032,
        ),
        ("POST /fapi/v1/leverage", {"symbol": "BTCUSDT", "leverage": "126"}, -4028),
        ("POST /fapi/v1/positionSide/dual", {"dualSidePosition": "false"}, -4059),
        ("GET /fapi/v1/openOrder", {"symbol": "BTCUSDT", "orderId": "1"}, -2013),
    ],
)
async def test_a_bad_call_is_refused(
    trader: Trader, route: str, params: dict[str, str], code: int
) -> None:
    assert (await trader.ask(route, **params))[1]["code"] == code


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"type": "STOP_MARKET"}, -4120),
        ({"positionSide": "LONG"}, -4061),
        ({"selfTradePreventionMode": "DECREMENT"}, -5039),
        ({"timeInForce": "GTX", "price": "60000"}, -5022),
        ({"timeInForce": "FOK", "price": "40000"}, -5021),
        ({"quantity": "8000"}, -2019),
        ({"quantity": "9001"}, -4005),
        ({"quantity": "0"}, -4003),
        ({"quantity": "0.001", "price": "10000", "symbol": "ETHUSDT"}, -4024),
        ({"quantity": "0.001", "price": "2000", "symbol": "ETHUSDT"}, -4164),
        ({"price": "300000"}, -4016),
        ({"price": "1"}, -4024),
        ({"price": "2000000"}, -4002),
        ({"price": "0"}, -4014),
    ],
)
async def test_a_bad_order_is_refused_with_the_code_of_futures(
    trader: Trader, changed: dict[str, str], code: int
) -> None:
    if changed.get("price") == "10000":
        changed = {**changed, "price": "100"}
    assert (await place(trader, RESTING, **changed))["code"] == code


async def test_hedge_mode_keeps_long_and_short_apart(trader: Trader) -> None:
    mode = "POST /fapi/v1/positionSide/dual"
    assert (await trader.ask(mode, dualSidePosition="true"))[1]["code"] == 200
    assert (await place(trader, MARKET))["code"] == -4061
    await place(trader, MARKET, positionSide="LONG")
    await place(trader, MARKET, side="SELL", positionSide="SHORT")
    assert await held(trader) == [("LONG", "1.00000000"), ("SHORT", "-1.00000000")]
    refused = await place(trader, MARKET, side="SELL", positionSide="LONG", reduceOnly="true")
    assert refused["code"] == -1106
    assert (await trader.ask(mode, dualSidePosition="false"))[1]["code"] == -4068
    await place(trader, RESTING, positionSide="LONG")
    assert (await trader.ask(mode, dualSidePosition="false"))[1]["code"] == -4067


async def test_cancel_all_says_so_and_leaves_other_symbols(trader: Trader) -> None:
    await place(trader, RESTING, newClientOrderId="mine")
    assert (await place(trader, RESTING, newClientOrderId="mine"))["code"] == -4116
    await place(trader, RESTING, symbol="ETHUSDT", price="1900")
    _, done = await trader.ask("DELETE /fapi/v1/allOpenOrders", symbol="BTCUSDT")
    assert done["code"] == 200
    _, left = await trader.ask("GET /fapi/v1/openOrders")
    assert [each["symbol"] for each in left] == ["ETHUSDT"]


async def test_exchange_info_calls_the_least_worth_notional(trader: Trader) -> None:
    _, info = await trader.raw("GET", "/fapi/v1/exchangeInfo")
    filters = {each["filterType"]: each for each in info["symbols"][0]["filters"]}
    assert filters["MIN_NOTIONAL"]["notional"] == "5"
    assert trader.headers["X-MBX-USED-WEIGHT-1M"] == "1"
