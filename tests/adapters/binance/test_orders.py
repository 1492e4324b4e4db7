"""Orders and executions in our words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from adapters.binance.orders import MOST_REMEMBERED, Known, Memory, Reader
from adapters.broker import SELF_TRADE, BrokerOrderState
from adapters.fields import MalformedError, from_ms
from adapters.sessions import AlwaysOpen
from algorithms.domain import BrokerOrderId, ChildId, OrderType, Side, Symbol
from tests.adapters.binance.rows import MADE_AT, algo_row, order_row, placed_row, report, trade_row
from tests.support.world import START

BTC = Symbol("BTCUSDT")


def reader() -> Reader:
    return Reader(Memory(), AlwaysOpen().day_at, lambda asset: {"BTC": "BTCUSDT"}.get(asset, asset))


def test_question_answer_and_event_describe_one_order_alike() -> None:
    read = reader()
    placed = read.order(placed_row())
    assert placed == read.order(order_row())
    assert placed == read.reported_order(report(x="NEW", X="NEW", z="0"))
    assert placed.placed_at == from_ms(MADE_AT)
    assert (placed.id, placed.client_id) == ("7", "a-1")


def test_a_cancel_names_the_order_by_its_original_id() -> None:
    read = reader()
    read.order(placed_row())
    row = placed_row(
        origClientOrderId="a-1",
        clientOrderId="x-of-the-cancel",
        status="CANCELED",
        transactTime=MADE_AT + 99,
    )
    cancelled = read.order(row)
    assert cancelled == read.order(order_row(status="CANCELED"))
    told = read.reported_order(report(c="x-of-the-cancel", C="a-1", x="CANCELED", X="CANCELED"))
    assert told.client_id == "a-1"


def test_of_two_numbers_for_one_order_neither_is_believed() -> None:
    read = reader()
    read.order(order_row(7))
    with pytest.raises(MalformedError, match="a-1 is told as 7 and as 8"):
        read.order(order_row(8))
    assert read.memory.get(BTC, "7") is None
    assert read.memory.get(BTC, "8") is None
    assert read.order(order_row(7)).id == "7"


def test_a_market_order_has_no_limit_price() -> None:
    assert reader().order(order_row(type="MARKET", price="0.0")).limit_price is None


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("NEW", BrokerOrderState.OPEN),
        ("PENDING_NEW", BrokerOrderState.OPEN),
        ("PARTIALLY_FILLED", BrokerOrderState.PARTIALLY_FILLED),
        ("FILLED", BrokerOrderState.FILLED),
        ("CANCELED", BrokerOrderState.CANCELLED),
        ("REJECTED", BrokerOrderState.REJECTED),
        ("EXPIRED", BrokerOrderState.EXPIRED),
        ("EXPIRED_IN_MATCH", BrokerOrderState.EXPIRED),
    ],
)
def test_each_status_has_its_state(status: str, state: BrokerOrderState) -> None:
    assert reader().order(order_row(status=status)).state is state


@pytest.mark.parametrize("name", ["status", "side", "type"])
def test_words_nobody_documented_tell_nothing(name: str) -> None:
    with pytest.raises(MalformedError):
        reader().order({**order_row(), name: "ODD"})


def test_an_end_by_self_trade_prevention_says_so() -> None:
    read = reader()
    assert read.order(order_row(status="EXPIRED_IN_MATCH")).reason == SELF_TRADE
    spot = report(x="TRADE_PREVENTION", X="EXPIRED_IN_MATCH")
    futures = {**report(x="EXPIRED", X="EXPIRED"), "er": "1"}
    for event in (spot, futures):
        assert read.reported_order(event).reason == SELF_TRADE
    assert read.reported_order({**futures, "er": "2"}).reason == ""


def test_a_fill_of_the_stream_is_the_fill_of_the_question() -> None:
    read = reader()
    read.order(placed_row())
    told = read.reported_fill(report())
    known = read.memory.get(BTC, "7")
    assert known is not None
    assert told == read.fill(trade_row(1), known, Decimal(0))
    assert (told.fee, told.fee_asset) == (Decimal("0.0005"), "BTCUSDT")
    assert told.side is Side.BUY


def test_a_futures_trade_names_its_side_otherwise() -> None:
    read = reader()
    row = trade_row(1)
    row["buyer"] = not row.pop("isBuyer")
    known = Known(BrokerOrderId("7"), ChildId("a"), START, OrderType.LIMIT)
    assert read.fill(row, known, Decimal(0)).side is Side.SELL
    del row["buyer"]
    with pytest.raises(MalformedError):
        read.fill(row, known, Decimal(0))


def test_what_a_conditional_order_bears_keeps_its_name() -> None:
    read = reader()
    algo = read.algo(algo_row())
    assert (algo.id, algo.client_id, algo.state) == ("algo-9", "a-2", BrokerOrderState.OPEN)
    read.born(algo, "77")
    born = read.order(
        order_row(77, clientOrderId="other", type="MARKET", status="FILLED", executedQty="1")
    )
    assert (born.id, born.client_id) == ("algo-9", "a-2")
    assert born.order_type is OrderType.STOP_MARKET
    assert born.placed_at == algo.placed_at


def test_a_conditional_order_of_an_odd_status_tells_nothing() -> None:
    with pytest.raises(MalformedError):
        reader().algo(algo_row(algoStatus="ODD"))


def test_the_oldest_orders_are_forgotten() -> None:
    memory = Memory()
    known = Known(BrokerOrderId("7"), None, START, OrderType.LIMIT)
    for number in range(MOST_REMEMBERED + 1):
        memory.keep(BTC, str(number), known)
    assert memory.get(BTC, "0") is None
    assert memory.get(BTC, "1") is known
