from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.broker import BrokerOrderState as State
from adapters.ccxt_bridge.reading import Known, Reader, time_of
from adapters.fields import MalformedError
from adapters.sessions import AlwaysOpen
from algorithms.domain import ChildId, OrderType, Symbol
from tests.support.fake_ccxt import START_MS

ORDER: dict[str, Any] = {
    "id": "7",
    "clientOrderId": "ours",
    "symbol": "BTC/USDT",
    "type": "limit",
    "side": "buy",
    "amount": "2.000",
    "price": "100.50",
    "filled": "0",
    "status": "open",
    "timestamp": START_MS,
}
TRADE: dict[str, Any] = {
    "id": "1",
    "order": "7",
    "symbol": "BTC/USDT",
    "side": "buy",
    "amount": "0.5",
    "price": "100",
    "timestamp": START_MS,
    "fees": [{"cost": "0.000500", "currency": "BTC"}],
}


@pytest.fixture
def reader() -> Reader:
    assets = {"BTC": "BTCUSDT", "": "USDT"}
    symbols = {"BTC/USDT": Symbol("BTCUSDT")}
    return Reader(symbols, AlwaysOpen().day_at, lambda code: assets.get(code, code))


@pytest.mark.parametrize(
    ("status", "filled", "state"),
    [
        ("open", "0", State.OPEN),
        ("open", "1", State.PARTIALLY_FILLED),
        ("closed", "2", State.FILLED),
        ("closed", "1", State.EXPIRED),
        ("canceled", "1", State.CANCELLED),
        ("expired", "0", State.EXPIRED),
        ("rejected", "0", State.REJECTED),
    ],
)
def test_an_order_has_the_state_that_its_fills_allow(
    reader: Reader, status: str, filled: str, state: State
) -> None:
    order = reader.order({**ORDER, "status": status, "filled": filled})
    assert (order.state, order.filled) == (state, Decimal(filled))
    assert (str(order.quantity), str(order.limit_price)) == ("2", "100.5")


def test_a_market_order_has_no_limit_and_an_order_may_have_no_id_of_ours(reader: Reader) -> None:
    order = reader.order({**ORDER, "type": "market", "clientOrderId": None})
    assert (order.order_type, order.limit_price, order.client_id) == (OrderType.MARKET, None, None)


@pytest.mark.parametrize(
    "changed",
    [
        {"id": None},
        {"id": ""},
        {"symbol": "ETH/USDT"},
        {"side": "long"},
        {"status": None},
        {"status": "triggered"},
        {"amount": None},
        {"amount": 2.0},
        {"amount": "NaN"},
        {"amount": "2" * 40},
        {"filled": "a lot"},
        {"timestamp": None},
        {"timestamp": True},
        {"timestamp": 10**20},
    ],
)
def test_an_order_that_does_not_say_what_it_must_is_no_answer(
    reader: Reader, changed: dict[str, object]
) -> None:
    with pytest.raises(MalformedError):
        reader.order({**ORDER, **changed})


def test_trades_of_an_order_are_counted_up_in_their_order(reader: Reader) -> None:
    rows = [
        {**TRADE, "id": "10", "amount": "1"},
        {**TRADE, "id": "9"},
        {**TRADE, "id": "11", "order": "8"},
    ]
    fills = reader.fills(rows, "7", Known(ChildId("ours"), time_of(ORDER, "timestamp")))
    assert [(fill.trade_id, fill.cumulative) for fill in fills] == [
        ("9", Decimal("0.5")),
        ("10", Decimal("1.5")),
    ]
    assert (str(fills[0].fee), fills[0].fee_asset) == ("0.0005", "BTCUSDT")
    assert fills[0].client_id == "ours"


@pytest.mark.parametrize(
    ("fees", "fee", "asset"),
    [
        ({"fees": [], "fee": {"cost": "1", "currency": "USDT"}}, "1", "USDT"),
        ({"fees": [{"cost": None, "currency": None}]}, "0", "USDT"),
        ({"fees": [], "fee": None}, "0", "USDT"),
        (
            {"fees": [{"cost": "1", "currency": "BNB"}, {"cost": "2", "currency": "BNB"}]},
            "3",
            "BNB",
        ),
    ],
)
def test_fees_are_read_as_far_as_they_are_told(
    reader: Reader, fees: dict[str, object], fee: str, asset: str
) -> None:
    (fill,) = reader.fills([{**TRADE, **fees}], "7", Known(None, time_of(ORDER, "timestamp")))
    assert (str(fill.fee), fill.fee_asset) == (fee, asset)


def test_fees_in_two_coins_are_no_answer(reader: Reader) -> None:
    fees = [{"cost": "1", "currency": "BNB"}, {"cost": "2", "currency": "BTC"}]
    with pytest.raises(MalformedError, match="BNB, BTC"):
        reader.fills([{**TRADE, "fees": fees}], "7", Known(None, time_of(ORDER, "timestamp")))
