"""Questions about one account."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.binance.routes import PAGE
from adapters.broker import BrokerUnavailableError, UnknownSymbolError
from adapters.fields import from_ms
from algorithms.domain import Symbol
from tests.adapters.binance.rows import MADE_AT, algo_row, order_row, trade_row
from tests.adapters.binance.test_routes import BTC, LIMIT
from tests.support.scripted_binance import Says

if TYPE_CHECKING:
    from adapters.binance.broker import BinanceBroker
    from tests.support.scripted_binance import ScriptedBinance

BEGIN = from_ms(MADE_AT)
OPEN = "/api/v3/openOrders"
TRADES = "/api/v3/myTrades"
INCOME = "/fapi/v1/income"


async def test_open_orders_are_dear_only_the_first_time(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("GET", OPEN, Says([order_row()]))
    assert [order.id for order in await spot.open_orders()] == ["7"]
    assert [order.id for order in await spot.open_orders()] == ["7"]
    assert [seen.params.get("symbol") for seen in venue.asked("GET", OPEN)] == [None, "BTCUSDT"]
    await asyncio.sleep(601)
    await spot.open_orders()
    assert "symbol" not in venue.asked("GET", OPEN)[-1].params


async def test_trades_of_what_is_held_are_followed(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("GET", TRADES, Says([trade_row(1)]))
    venue.says("GET", "/api/v3/order", Says(order_row()))
    (fill,) = await spot.fills_since(BEGIN)
    assert (fill.client_id, fill.symbol) == ("a-1", "BTCUSDT")


async def test_a_quiet_symbol_costs_nothing_until_something_moves(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("GET", TRADES, Says([]))
    await asyncio.sleep(120)
    for _ in range(3):
        await spot.fills_since(BEGIN)
        await asyncio.sleep(90)
    quiet = len(venue.asked("GET", TRADES))
    await spot.fills_since(BEGIN)
    assert len(venue.asked("GET", TRADES)) == quiet
    venue.says("POST", "/api/v3/order", Says({"code": -2010, "msg": "x"}, status=400))
    await spot.place(LIMIT)
    await spot.fills_since(BEGIN)
    assert len(venue.asked("GET", TRADES)) == quiet + 1


async def test_a_symbol_in_another_currency_is_not_for_this_account(
    spot: BinanceBroker,
) -> None:
    with pytest.raises(UnknownSymbolError, match="not traded"):
        await spot.instrument(Symbol("ETHBTC"))


async def test_an_answer_that_is_no_answer_says_so(
    spot: BinanceBroker, venue: ScriptedBinance
) -> None:
    venue.says("GET", OPEN, Says({"not": "a list"}))
    with pytest.raises(BrokerUnavailableError):
        await spot.open_orders()
    venue.says("GET", "/api/v3/ticker/24hr", Says({"code": -1121, "msg": "x"}, status=400))
    with pytest.raises(UnknownSymbolError):
        await spot.quote(BTC)


async def test_a_quote_has_what_the_ticker_has(spot: BinanceBroker, venue: ScriptedBinance) -> None:
    row = {"lastPrice": "100.10", "bidPrice": "100.00", "askPrice": "0.00", "openPrice": "90"}
    venue.says("GET", "/api/v3/ticker/24hr", Says(row))
    quote = await spot.quote(BTC)
    assert (str(quote.last), str(quote.bid), quote.ask) == ("100.1", "100", None)
    assert quote.previous_close == 90


async def test_futures_orders_born_of_conditional_ones_are_listed_under_their_name(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    went_off = algo_row(algoStatus="TRIGGERED", actualOrderId="77")
    venue.says("GET", "/fapi/v1/openOrders", Says([order_row(77), order_row(78)]))
    venue.says("GET", "/fapi/v1/openAlgoOrders", Says([algo_row(algoId=10)]))
    venue.says("GET", "/fapi/v1/allAlgoOrders", Says([went_off]))
    listed = {order.id for order in await futures.open_orders()}
    assert listed == {"algo-9", "78", "algo-10"}


def payment(number: int, at_ms: int, **more: str) -> dict[str, object]:
    paid = {"symbol": "BTCUSDT", "incomeType": "FUNDING_FEE", "income": "-0.37500000"}
    return {**paid, "asset": "USDT", "time": at_ms, "tranId": number, **more}


async def test_funding_is_read_page_by_page_and_only_in_the_currency(
    futures: BinanceBroker, venue: ScriptedBinance
) -> None:
    first = [payment(number, MADE_AT + number) for number in range(PAGE)]
    last = [payment(PAGE - 1, MADE_AT + PAGE - 1), payment(PAGE, MADE_AT + PAGE)]
    venue.says("GET", INCOME, Says(first), Says([*last, payment(1, MADE_AT, asset="BNB")]))
    paid = await futures.funding_since(BEGIN)
    assert len(paid) == PAGE + 1
    assert (paid[0].amount, paid[0].symbol, paid[0].at) == (Decimal("-0.375"), BTC, BEGIN)
    asked = [seen.params["startTime"] for seen in venue.asked("GET", INCOME)]
    assert asked == [str(MADE_AT), str(MADE_AT + PAGE - 1)]


async def test_there_is_no_funding_on_spot(spot: BinanceBroker, venue: ScriptedBinance) -> None:
    assert await spot.funding_since(BEGIN) == ()
    assert not venue.asked("GET", INCOME)
