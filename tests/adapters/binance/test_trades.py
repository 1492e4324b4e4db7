"""Executions, asked for once and then only what is new."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from adapters.binance.orders import Known, Memory, Reader
from adapters.binance.routes import PAGE, SPOT
from adapters.binance.trades import Trades
from adapters.broker import BrokerUnavailableError
from adapters.fields import from_ms, to_ms
from adapters.sessions import AlwaysOpen
from algorithms.domain import BrokerOrderId, ChildId, OrderType, Symbol
from tests.adapters.binance.rows import MADE_AT, trade_row

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.binance.wire import Call
    from adapters.broker import BrokerFill

BTC = Symbol("BTCUSDT")
BEGIN = from_ms(MADE_AT)
HOUR = timedelta(hours=1)


class Desk:
    """Answers questions about trades out of a list."""

    def __init__(self, *rows: dict[str, Any], placed_at: datetime = BEGIN) -> None:
        self.rows = list(rows)
        self.asked: list[dict[str, str]] = []
        self.is_down = False
        self.placed_at = placed_at
        reader = Reader(Memory(), AlwaysOpen().day_at, str)
        self.reader = reader
        self.trades = Trades(SPOT, reader, self.ask, self.know)

    async def ask(self, call: Call) -> object:
        params = dict(call.params)
        self.asked.append(params)
        if self.is_down:
            raise BrokerUnavailableError("down")
        start, end = int(params.get("startTime", 0)), int(params.get("endTime", 1 << 60))
        assert end - start <= SPOT.longest_span / timedelta(milliseconds=1) or end == 1 << 60
        found = [
            row
            for row in self.rows
            if start <= row["time"] <= end
            and row["id"] >= int(params.get("fromId", 0))
            and params.get("orderId", str(row["orderId"])) == str(row["orderId"])
        ]
        return found[:PAGE]

    async def know(self, symbol: Symbol, number: str) -> Known:
        known = Known(
            BrokerOrderId(number), ChildId(f"a-{number}"), self.placed_at, OrderType.LIMIT
        )
        self.reader.memory.keep(symbol, number, known)
        return known

    async def since(
        self, at: datetime = BEGIN, after: timedelta = HOUR, *, must_ask: bool = True
    ) -> tuple[BrokerFill, ...]:
        now = BEGIN + after
        return await self.trades.since(BTC, at, now, must_ask=now if must_ask else BEGIN - HOUR)


async def test_each_trade_says_what_its_order_had_filled() -> None:
    desk = Desk(trade_row(1), trade_row(2, 8), trade_row(3))
    fills = await desk.since()
    assert [(fill.trade_id, fill.cumulative) for fill in fills] == [
        ("1", Decimal("0.5")),
        ("2", Decimal("0.5")),
        ("3", Decimal("1.0")),
    ]


async def test_the_next_question_is_about_what_is_new() -> None:
    desk = Desk(trade_row(1))
    await desk.since()
    desk.rows.append(trade_row(2, time=MADE_AT + 7_200_000))
    fills = await desk.since(after=3 * HOUR)
    assert [fill.cumulative for fill in fills] == [Decimal("0.5"), Decimal("1.0")]
    assert int(desk.asked[-1]["startTime"]) > to_ms(BEGIN)


async def test_a_quiet_symbol_is_not_asked_about() -> None:
    desk = Desk(trade_row(1))
    await desk.since()
    asked = len(desk.asked)
    assert len(await desk.since(must_ask=False)) == 1
    assert len(desk.asked) == asked


async def test_an_earlier_time_is_looked_at_anew() -> None:
    desk = Desk(trade_row(1), trade_row(0, 6, time=MADE_AT - 1000))
    assert len(await desk.since()) == 1
    assert len(await desk.since(BEGIN - HOUR, must_ask=False)) == 2


async def test_an_order_that_began_earlier_is_read_whole() -> None:
    before = trade_row(1, time=MADE_AT - 5000)
    desk = Desk(before, trade_row(2), placed_at=BEGIN - HOUR)
    (fill,) = await desk.since()
    assert fill.cumulative == Decimal("1.0")


async def test_days_are_asked_for_one_by_one_and_none_twice_after_a_failure() -> None:
    desk = Desk(trade_row(1))
    desk.is_down = True
    with pytest.raises(BrokerUnavailableError):
        await desk.since(after=timedelta(days=3))
    desk.is_down = False
    assert len(await desk.since(after=timedelta(days=3))) == 1
    assert len(desk.asked) == 1 + 4


async def test_a_full_page_has_a_next() -> None:
    desk = Desk(*(trade_row(number) for number in range(1, PAGE + 5)))
    assert len(await desk.since()) == PAGE + 4
    assert desk.asked[-1]["fromId"] == str(PAGE + 1)
