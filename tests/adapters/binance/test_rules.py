"""What exchangeInfo allows, and what is refused before it is sent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from adapters.binance.hosts import MarketKind
from adapters.binance.rules import Rules, read_allowances, read_symbol, refusal
from adapters.broker import OrderRequest, RefusalCode
from adapters.fields import fields_of
from algorithms.domain import ChildId, OrderType, Side, Symbol, TimeInForce
from tests.support.scripted_binance import EXCHANGE_INFO

ROW = EXCHANGE_INFO["symbols"][0]
SPOT = MarketKind.SPOT


def rules(**changes: object) -> Rules:
    read = read_symbol({**ROW, **changes}, SPOT)
    assert read is not None
    return read


def request(
    quantity: str = "0.001",
    order_type: OrderType = OrderType.LIMIT,
    limit: str | None = "100",
    stop: str | None = None,
) -> OrderRequest:
    return OrderRequest(
        client_id=ChildId("a-1"),
        symbol=Symbol("BTCUSDT"),
        side=Side.BUY,
        order_type=order_type,
        time_in_force=TimeInForce.GTC,
        quantity=Decimal(quantity),
        limit_price=None if limit is None else Decimal(limit),
        stop_price=None if stop is None else Decimal(stop),
    )


def test_a_symbol_has_its_filters_steps() -> None:
    instrument = rules().instrument
    assert instrument.lot == Decimal("0.0001")
    assert instrument.tick_at(Decimal(5)) == Decimal("0.01")
    assert instrument.min_notional == 5
    assert instrument.currency == "USDT"


def test_filters_that_are_switched_off_limit_nothing() -> None:
    free = rules(filters=[{"filterType": "PRICE_FILTER", "tickSize": "0", "maxPrice": "0"}])
    assert refusal(free, request("1000000", limit="9999999.12345678"), SPOT) is None
    assert free.instrument.min_notional is None


def test_the_futures_name_of_the_least_value_is_read_too() -> None:
    row = {**ROW, "filters": [{"filterType": "MIN_NOTIONAL", "notional": "100"}]}
    read = read_symbol(row, MarketKind.FUTURES)
    assert read is not None
    assert read.instrument.min_notional == 100
    assert read.instrument.type == "perpetual"


def test_a_contract_with_another_margin_asset_is_not_traded() -> None:
    assert read_symbol({**ROW, "marginAsset": "BTC"}, MarketKind.FUTURES) is None


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (request("0"), RefusalCode.BAD_QUANTITY),
        (request("-1"), RefusalCode.BAD_QUANTITY),
        (request("0.00015"), RefusalCode.BAD_QUANTITY),
        (request("9000.0001"), RefusalCode.BAD_QUANTITY),
        (request("51", OrderType.MARKET), RefusalCode.BAD_QUANTITY),
        (request(limit=None), RefusalCode.BAD_PRICE),
        (request(limit="100.005"), RefusalCode.BAD_PRICE),
        (request(limit="-1"), RefusalCode.BAD_PRICE),
        (request(limit="1000000.01"), RefusalCode.BAD_PRICE),
        (request(order_type=OrderType.STOP_LIMIT), RefusalCode.BAD_PRICE),
        (request(order_type=OrderType.LOC), RefusalCode.UNSUPPORTED),
        (request(order_type=OrderType.TWAP), RefusalCode.UNSUPPORTED),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(order: OrderRequest, code: RefusalCode) -> None:
    refused = refusal(rules(), order, SPOT)
    assert refused is not None
    assert refused.code is code
    assert refused.message


def test_good_orders_pass() -> None:
    stop_limit = request(order_type=OrderType.STOP_LIMIT, stop="101")
    for order in (request(), request("50", OrderType.MARKET, limit=None), stop_limit):
        assert refusal(rules(), order, SPOT) is None


def test_a_symbol_that_does_not_trade_says_so() -> None:
    refused = refusal(rules(status="CANCEL_ONLY"), request(), SPOT)
    assert refused is not None
    assert refused.code is RefusalCode.MARKET_CLOSED


def test_a_type_the_symbol_does_not_list_is_refused() -> None:
    stop = request(order_type=OrderType.STOP_MARKET, limit=None, stop="99")
    refused = refusal(replace(rules(), order_types=frozenset({"LIMIT"})), stop, SPOT)
    assert refused is not None
    assert refused.code is RefusalCode.UNSUPPORTED


def test_budgets_carry_the_names_of_their_headers() -> None:
    weight, orders = read_allowances(fields_of(EXCHANGE_INFO))
    assert (weight.header, weight.limit, weight.window_s) == ("X-MBX-USED-WEIGHT-1M", 6000, 60)
    assert (orders.header, orders.limit, orders.window_s) == ("X-MBX-ORDER-COUNT-10S", 100, 10)
