"""Futures orders that are changed, or end by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.simulators.binance.test_futures import RESTING, place
from tests.simulators.binance.test_futures_stream import hear, listening

if TYPE_CHECKING:
    from tests.simulators.binance.trader import Trader

AMEND = "PUT /fapi/v1/order"


async def amend(trader: Trader, number: int, **changed: object) -> Any:  # noqa: ANN401
    terms = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.1", "price": "40000"}
    return (await trader.ask(AMEND, **{**terms, "orderId": number, **changed}))[1]


async def test_an_order_is_amended_and_keeps_its_number(trader: Trader) -> None:
    order = await place(trader, RESTING)
    async with listening(trader) as socket:
        changed = await amend(trader, order["orderId"], price="41000", quantity="0.2")
        told = await hear(socket)
    assert (changed["orderId"], changed["price"]) == (order["orderId"], "41000.00000000")
    assert (told["o"]["x"], told["o"]["q"]) == ("AMENDMENT", "0.20000000")


async def test_an_amended_order_goes_behind_others_of_its_price(trader: Trader) -> None:
    first = await place(trader, RESTING, price="50000")
    second = await place(trader, RESTING, price="50000")
    await amend(trader, first["orderId"], price="50000", quantity="0.2")
    venue = trader.simulator.exchange.futures
    draft = venue.orders[first["orderId"]].draft
    seller = type(draft)(
        symbol="BTCUSDT",
        side="SELL",
        type="MARKET",
        tif="GTC",
        client_id="x",
        quantity=draft.quantity,
    )
    makers = [maker for _, _, maker in venue._offers(seller) if maker is not None]  # noqa: SLF001
    assert [maker.id for maker in makers] == [second["orderId"], first["orderId"]]


async def test_an_amendment_can_fill_and_can_end_an_order(trader: Trader) -> None:
    order = await place(trader, RESTING)
    assert (await amend(trader, order["orderId"], price="50001"))["status"] == "FILLED"
    assert (await amend(trader, order["orderId"], price="50002"))["code"] == -2013
    maker = await place(trader, RESTING, timeInForce="GTX")
    assert (await amend(trader, maker["orderId"], price="50001"))["status"] == "CANCELED"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, -5027),
        ({"side": "SELL"}, -1117),
        ({"price": "41000.05"}, -1111),
        ({"quantity": "8000"}, -2019),
        ({"price": ""}, -1102),
    ],
)
async def test_a_bad_amendment_changes_nothing(
    trader: Trader, changed: dict[str, str], code: int
) -> None:
    order = await place(trader, RESTING)
    assert (await amend(trader, order["orderId"], **changed))["code"] == code
    _, (row,) = await trader.ask("GET /fapi/v1/openOrders")
    assert (row["price"], row["origQty"]) == ("40000.00000000", "0.10000000")


async def test_several_are_amended_at_once(trader: Trader) -> None:
    order = await place(trader, RESTING)
    good = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.1", "price": "41000"}
    batch = [{**good, "orderId": order["orderId"]}, {**good, "orderId": 5}]
    _, rows = await trader.ask("PUT /fapi/v1/batchOrders", batchOrders=orjson.dumps(batch).decode())
    assert (rows[0]["price"], rows[1]["code"]) == ("41000.00000000", -2013)


async def test_a_countdown_cancels_everything_of_its_symbol(trader: Trader) -> None:
    await place(trader, RESTING)
    await place(trader, RESTING, symbol="ETHUSDT", price="1900")
    countdown = "POST /fapi/v1/countdownCancelAll"
    await trader.ask(countdown, symbol="BTCUSDT", countdownTime="5000")
    await trader.simulator.clock.sleep(4)
    await trader.ask(countdown, symbol="BTCUSDT", countdownTime="5000")
    await trader.ask(countdown, symbol="ETHUSDT", countdownTime="1000")
    await trader.ask(countdown, symbol="ETHUSDT", countdownTime="0")
    await trader.simulator.clock.sleep(4.5)
    assert len((await trader.ask("GET /fapi/v1/openOrders"))[1]) == 2
    await trader.simulator.clock.sleep(1)
    _, (left,) = await trader.ask("GET /fapi/v1/openOrders")
    assert left["symbol"] == "ETHUSDT"


async def test_an_order_good_till_a_date_ends_then(trader: Trader) -> None:
    end = trader.simulator.exchange.now_ms() + 700_000
    early = await place(trader, RESTING, timeInForce="GTD", goodTillDate=end - 200_000)
    assert early["code"] == -5040
    await place(trader, RESTING, timeInForce="GTD", goodTillDate=end)
    async with listening(trader) as socket:
        await trader.simulator.clock.sleep(701)
        told = await hear(socket)
    assert (told["o"]["X"], told["o"]["er"]) == ("EXPIRED", "6")
