"""Stories of conditional futures orders: they wait apart, and have plain orders born."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tests.simulators.binance.test_futures_stream import hear, listening

if TYPE_CHECKING:
    from tests.simulators.binance.trader import Trader

ALGO = "/fapi/v1/algoOrder"
STOP: dict[str, object] = {
    "algoType": "CONDITIONAL",
    "symbol": "BTCUSDT",
    "side": "SELL",
    "type": "STOP_MARKET",
    "quantity": "1",
    "triggerPrice": "45000",
    "clientAlgoId": "a-stop",
}
LIMIT = {"type": "STOP", "timeInForce": "GTC", "price": "44000"}
BUY: dict[str, object] = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}


async def place(trader: Trader, **changed: object) -> Any:  # noqa: ANN401
    terms = {**STOP, **changed}
    given = {name: value for name, value in terms.items() if value is not None}
    return (await trader.ask(f"POST {ALGO}", **given))[1]


async def asked(trader: Trader) -> Any:  # noqa: ANN401
    return (await trader.ask(f"GET {ALGO}", clientAlgoId="a-stop"))[1]


def move(trader: Trader, price: int) -> None:
    trader.simulator.set_price("BTCUSDT", Decimal(price))


async def test_a_waiting_stop_is_no_plain_order(trader: Trader) -> None:
    """Plain reads and cancels do not see it; its own do."""
    order = await place(trader)
    assert (order["algoStatus"], "actualOrderId" in order) == ("NEW", False)
    assert await trader.ask("GET /fapi/v1/openOrders") == (200, [])
    await trader.ask("DELETE /fapi/v1/allOpenOrders", symbol="BTCUSDT")
    _, (row,) = await trader.ask("GET /fapi/v1/openAlgoOrders")
    assert (row["algoId"], row["clientAlgoId"]) == (order["algoId"], "a-stop")
    _, done = await trader.ask(f"DELETE {ALGO}", algoId=order["algoId"])
    assert (done["code"], done["msg"]) == ("200", "success")
    _, again = await trader.ask(f"DELETE {ALGO}", clientAlgoId="a-stop")
    assert again["code"] == -2011
    assert await trader.ask("GET /fapi/v1/openAlgoOrders", symbol="BTCUSDT") == (200, [])
    _, (row,) = await trader.ask("GET /fapi/v1/allAlgoOrders", symbol="BTCUSDT")
    assert row["algoStatus"] == "CANCELED"


async def test_a_stop_that_goes_off_bears_an_order_of_its_own(trader: Trader) -> None:
    await trader.ask("POST /fapi/v1/order", **BUY)
    await place(trader)
    move(trader, 45_001)
    assert (await asked(trader))["algoStatus"] == "NEW"
    move(trader, 45_000)
    row = await asked(trader)
    assert (row["algoStatus"], row["actualQty"]) == ("FINISHED", "1.00000000")
    _, born = await trader.ask("GET /fapi/v1/order", symbol="BTCUSDT", orderId=row["actualOrderId"])
    assert (born["type"], born["origType"], born["status"]) == ("MARKET", "STOP_MARKET", "FILLED")
    assert born["clientOrderId"] != "a-stop"


async def test_a_born_limit_order_rests_and_is_cancelled_as_a_plain_one(trader: Trader) -> None:
    await place(trader, **LIMIT)
    trader.simulator.exchange.futures.depth["BTCUSDT"] = Decimal("0.01")
    move(trader, 45_000)
    row = await asked(trader)
    assert row["algoStatus"] == "TRIGGERED"
    assert (await trader.ask(f"DELETE {ALGO}", clientAlgoId="a-stop"))[1]["code"] == -2011
    await trader.ask("DELETE /fapi/v1/order", symbol="BTCUSDT", orderId=row["actualOrderId"])
    row = await asked(trader)
    assert (row["algoStatus"], row["actualQty"]) == ("FINISHED", "0.10000000")


@pytest.mark.parametrize("late", [False, True])
async def test_the_stream_tells_what_was_born_of_what(trader: Trader, late: bool) -> None:  # noqa: FBT001
    trader.simulator.exchange.futures.algos.tells_births_late = late
    async with listening(trader) as socket:
        await place(trader)
        move(trader, 45_000)
        told = [await hear(socket) for _ in range(8)]
    algo = [each["o"] for each in told if each["e"] == "ALGO_UPDATE"]
    assert [each["X"] for each in algo] == ["NEW", "TRIGGERING", "TRIGGERED", "FINISHED"]
    assert [each["ai"] != "" for each in algo] == [False, False, True, True]
    assert (algo[3]["aq"], algo[3]["ap"]) == ("1.00000000", "44999.90000000")
    kinds = [each["e"] for each in told]
    plain = ["ORDER_TRADE_UPDATE", "TRADE_LITE", "ORDER_TRADE_UPDATE", "ACCOUNT_UPDATE"]
    births = [kind for kind in kinds[2:7] if kind != "ALGO_UPDATE"]
    assert births == plain
    assert kinds.index("ORDER_TRADE_UPDATE") == (2 if late else 3)


async def test_margin_is_judged_when_it_goes_off(trader: Trader) -> None:
    """The venue took it; the strategy learns later that it came to nothing."""
    async with listening(trader) as socket:
        assert (await place(trader, quantity="900"))["algoStatus"] == "NEW"
        move(trader, 45_000)
        told = [await hear(socket) for _ in range(4)]
    assert [each["e"] for each in told[2:]] == ["ALGO_UPDATE", "CONDITIONAL_ORDER_TRIGGER_REJECT"]
    assert (told[2]["o"]["X"], told[2]["o"]["rm"]) == ("REJECTED", "Margin is insufficient.")
    assert (await asked(trader))["failureReason"] == "Margin is insufficient."


async def test_closing_a_position_takes_all_of_it(trader: Trader) -> None:
    await trader.ask("POST /fapi/v1/order", **BUY)
    closing = {"quantity": None, "closePosition": "true"}
    await place(trader, **closing)
    assert (await place(trader, **closing, clientAlgoId="b"))["code"] == -4130
    await trader.ask("POST /fapi/v1/order", **BUY)
    move(trader, 44_000)
    assert await trader.ask("GET /fapi/v3/positionRisk") == (200, [])
    await place(trader, **closing, triggerPrice="43000", clientAlgoId="c")
    move(trader, 42_000)
    _, row = await trader.ask(f"GET {ALGO}", clientAlgoId="c")
    assert row["failureReason"] == "ReduceOnly Order is rejected."


async def test_a_trailing_stop_follows_the_price_once_activated(trader: Trader) -> None:
    trailing = {"type": "TRAILING_STOP_MARKET", "triggerPrice": None, "callbackRate": "1"}
    await trader.ask("POST /fapi/v1/order", **BUY)
    await place(trader, **trailing, activatePrice="52000")
    for price in (40_000, 51_999, 53_000, 52_471):
        move(trader, price)
        assert (await asked(trader))["algoStatus"] == "NEW"
    move(trader, 52_470)
    assert (await asked(trader))["algoStatus"] == "FINISHED"


async def test_the_mark_price_sets_off_only_who_asked_for_it(trader: Trader) -> None:
    await place(trader)
    await place(trader, workingType="MARK_PRICE", clientAlgoId="marked")
    trader.simulator.exchange.futures.set_mark("BTCUSDT", Decimal(44_000))
    assert (await asked(trader))["algoStatus"] == "NEW"
    _, row = await trader.ask(f"GET {ALGO}", clientAlgoId="marked")
    assert row["algoStatus"] == "FINISHED"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"algoType": "VP"}, -1130),
        ({"type": "LIMIT"}, -1116),
        ({"triggerPrice": None}, -1102),
        ({"triggerPrice": "51000"}, -2021),
        ({"type": "TAKE_PROFIT_MARKET"}, -2021),
        ({"triggerPrice": "45000.05"}, -4014),
        ({"quantity": "0.0001"}, -1111),
        ({"closePosition": "true"}, -4137),
        ({**LIMIT, "closePosition": "true", "quantity": None}, -4136),
        ({"closePosition": "true", "quantity": None, "reduceOnly": "true"}, -1106),
        ({"type": "TRAILING_STOP_MARKET", "callbackRate": "11"}, -2007),
        ({"positionSide": "LONG"}, -4061),
        ({"clientAlgoId": "x" * 37}, -4015),
    ],
)
async def test_a_bad_conditional_order_is_refused(
    trader: Trader, changed: dict[str, object], code: int
) -> None:
    assert (await place(trader, **changed))["code"] == code


async def test_an_open_id_is_taken_and_ten_of_a_symbol_are_enough(trader: Trader) -> None:
    await place(trader)
    assert (await place(trader))["code"] == -4116
    for number in range(9):
        assert "code" not in await place(trader, clientAlgoId=f"n{number}")
    assert (await place(trader, clientAlgoId="eleventh"))["code"] == -4045
    await trader.ask("DELETE /fapi/v1/algoOpenOrders", symbol="BTCUSDT")
    assert (await place(trader))["algoStatus"] == "NEW"


async def test_queries_lag_as_those_of_plain_orders(trader: Trader) -> None:
    trader.simulator.faults.query_lag_s = 2
    await place(trader)
    assert (await asked(trader))["code"] == -2013
    await trader.simulator.clock.sleep(2)
    assert (await asked(trader))["algoStatus"] == "NEW"
    assert (await trader.ask(f"GET {ALGO}"))[1]["code"] == -1102
