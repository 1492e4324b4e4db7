"""What a futures account is asked about itself, and its settings."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.simulators.binance.test_futures import MARKET, RESTING, place
from tests.simulators.binance.test_futures_stream import hear, listening

if TYPE_CHECKING:
    from tests.simulators.binance.trader import Trader

MARGIN = "POST /fapi/v1/marginType"
LEVERAGE = "POST /fapi/v1/leverage"


async def test_the_account_adds_up(trader: Trader) -> None:
    await place(trader, MARKET)
    trader.simulator.set_price("BTCUSDT", Decimal(51_000))
    _, account = await trader.ask("GET /fapi/v3/account")
    (usdt,), (held,) = account["assets"], account["positions"]
    assert usdt["walletBalance"] == "999979.99996000"
    assert (held["notional"], held["unrealizedProfit"]) == ("51000.00000000", "999.90000000")
    assert account["totalMarginBalance"] == "1000979.89996000"
    assert (account["totalInitialMargin"], held["maintMargin"]) == (
        "2550.00000000",
        "205.00000000",
    )
    assert account["availableBalance"] == "998429.89996000"


async def test_the_older_answers_show_settings_and_empty_positions(trader: Trader) -> None:
    _, account = await trader.ask("GET /fapi/v2/account")
    assert [(each["symbol"], each["leverage"]) for each in account["positions"]] == [
        ("BTCUSDT", "20"),
        ("ETHUSDT", "20"),
    ]
    _, (risk,) = await trader.ask("GET /fapi/v2/positionRisk", symbol="ETHUSDT")
    assert (risk["positionAmt"], risk["marginType"]) == ("0.00000000", "cross")
    assert await trader.ask("GET /fapi/v3/positionRisk") == (200, [])


async def test_the_mark_price_makes_the_profit(trader: Trader) -> None:
    await place(trader, MARKET)
    trader.simulator.exchange.futures.set_mark("BTCUSDT", Decimal(49_000))
    _, (risk,) = await trader.ask("GET /fapi/v3/positionRisk")
    assert (risk["markPrice"], risk["unRealizedProfit"]) == ("49000.00000000", "-1000.10000000")
    _, premium = await trader.ask("GET /fapi/v1/premiumIndex", symbol="BTCUSDT")
    assert premium["markPrice"] == "49000.00000000"


async def test_leverage_sets_the_margin_and_is_told(trader: Trader) -> None:
    async with listening(trader) as socket:
        _, done = await trader.ask(LEVERAGE, symbol="BTCUSDT", leverage="100")
        told = await hear(socket)
    assert done["maxNotionalValue"] == "250000"
    assert (told["e"], told["ac"]) == ("ACCOUNT_CONFIG_UPDATE", {"s": "BTCUSDT", "l": 100})
    await place(trader, MARKET)
    _, account = await trader.ask("GET /fapi/v3/account")
    assert account["totalInitialMargin"] == "500.00000000"
    assert (await place(trader, MARKET, quantity="6"))["code"] == -2027


async def test_the_margin_type_stands_while_something_is_open(trader: Trader) -> None:
    async def change(wanted: str) -> int:
        code: int = (await trader.ask(MARGIN, symbol="BTCUSDT", marginType=wanted))[1]["code"]
        return code

    assert await change("CROSSED") == -4046
    order = await place(trader, RESTING)
    assert await change("ISOLATED") == -4047
    await trader.ask("DELETE /fapi/v1/order", symbol="BTCUSDT", orderId=order["orderId"])
    await place(trader, MARKET)
    assert await change("ISOLATED") == -4048
    await place(trader, MARKET, side="SELL")
    assert await change("ISOLATED") == 200
    _, (config, _) = await trader.ask("GET /fapi/v1/symbolConfig")
    assert (config["marginType"], config["leverage"]) == ("ISOLATED", 20)


async def test_a_waiting_stop_holds_the_position_mode(trader: Trader) -> None:
    stop = {"algoType": "CONDITIONAL", "type": "STOP_MARKET", "triggerPrice": "45000"}
    terms = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "1", **stop}
    await trader.ask("POST /fapi/v1/algoOrder", **terms)
    _, refused = await trader.ask("POST /fapi/v1/positionSide/dual", dualSidePosition="true")
    assert refused["code"] == -4067


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        ("GET /fapi/v1/commissionRate", {"takerCommissionRate": "0.0004"}),
        ("GET /fapi/v1/accountConfig", {"dualSidePosition": False, "tradeGroupId": -1}),
        ("GET /fapi/v1/leverageBracket", {"symbol": "BTCUSDT"}),
    ],
)
async def test_settings_are_answered(
    trader: Trader, route: str, expected: dict[str, object]
) -> None:
    _, answer = await trader.ask(route, symbol="BTCUSDT")
    assert expected.items() <= answer.items()


async def test_brackets_and_order_limits_come_as_lists(trader: Trader) -> None:
    _, rows = await trader.ask("GET /fapi/v1/leverageBracket")
    assert [row["symbol"] for row in rows] == ["BTCUSDT", "ETHUSDT"]
    floors = [each["notionalFloor"] for each in rows[0]["brackets"]]
    caps = [each["notionalCap"] for each in rows[0]["brackets"]]
    assert floors[1:] == caps[:-1]
    _, limits = await trader.ask("GET /fapi/v1/rateLimit/order")
    assert [(each["intervalNum"], each["limit"]) for each in limits] == [(10, 300), (1, 1200)]
