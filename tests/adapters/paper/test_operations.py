"""Money, units, splits and prices that come to the paper exchange without an order."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.broker import BrokerOrderState
from adapters.paper import database
from adapters.paper.errors import PaperSettingsError
from adapters.paper.inspection import inspect
from adapters.paper.operations import Adjust, ImpossibleOperationError, MovePrice, SplitUnits
from algorithms.domain import OrderType
from tests.support.paper import PaperMarket, paper_settings
from tests.support.paper_engine import BUY, NOON, SELL, TQQQ, latest, make_engine, place, request

if TYPE_CHECKING:
    from pathlib import Path

D = Decimal


def test_money_and_units_come_and_go() -> None:
    engine = make_engine(cash=1000)
    engine.operate("1", Adjust("USD", D("250.5")), NOON)
    engine.operate("2", Adjust("TQQQ", D(7)), NOON)
    engine.operate("3", Adjust("EUR", D(40)), NOON)
    engine.operate("4", Adjust("TQQQ", D(-2)), NOON)
    assert engine.account.cash == D("1250.5")
    assert engine.account.position(TQQQ) == 5
    assert engine.has_changes


def test_what_open_orders_have_set_aside_cannot_go() -> None:
    engine = make_engine(cash=1000, positions={TQQQ: 5})
    place(engine, request("a", BUY, 8, OrderType.LIMIT, limit="90"))
    place(engine, request("b", SELL, 4, OrderType.LIMIT, limit="110"))
    with pytest.raises(ImpossibleOperationError, match="USD free"):
        engine.operate("1", Adjust("USD", D(-900)), NOON)
    with pytest.raises(ImpossibleOperationError, match="1 TQQQ free"):
        engine.operate("2", Adjust("TQQQ", D(-2)), NOON)
    assert engine.account.position(TQQQ) == 5


def test_a_split_changes_units_and_price_and_ends_orders() -> None:
    engine = make_engine(cash=1000, positions={TQQQ: 5})
    rests = place(engine, request("a", SELL, 4, OrderType.LIMIT, limit="110"))
    engine.operate("1", SplitUnits(TQQQ, 3, 1), NOON)
    assert engine.account.position(TQQQ) == 15
    assert engine.market.touch(TQQQ).last == D("33.33")
    assert engine.market.previous_close(TQQQ) == D("33.33")
    assert latest(engine, rests).state is BrokerOrderState.CANCELLED
    assert engine.account.cash == 1000


def test_a_reverse_split_pays_out_what_makes_no_share() -> None:
    engine = make_engine(cash=1000, positions={TQQQ: 5})
    engine.operate("1", SplitUnits(TQQQ, 1, 2), NOON)
    assert engine.account.position(TQQQ) == 2
    assert engine.market.touch(TQQQ).last == 200
    assert engine.account.cash == 1100  # half a share at 200


def test_only_what_is_traded_can_be_split() -> None:
    engine = make_engine()
    with pytest.raises(ImpossibleOperationError, match="not traded"):
        engine.operate("1", SplitUnits("NVDA", 2, 1), NOON)  # type: ignore[arg-type]


def test_a_price_moves_and_meets_the_orders_that_wait_for_it() -> None:
    engine = make_engine(cash=1000)
    rests = place(engine, request("a", BUY, 8, OrderType.LIMIT, limit="90"))
    engine.operate("1", MovePrice(TQQQ, D("89.5")), NOON)
    assert engine.market.touch(TQQQ).last == D("89.5")
    assert engine.market.previous_close(TQQQ) == 100
    assert latest(engine, rests).state is BrokerOrderState.FILLED


def test_a_price_that_cannot_be_says_which_field_is_wrong() -> None:
    engine = make_engine()
    with pytest.raises(ImpossibleOperationError, match="tick") as refused:
        engine.operate("1", MovePrice(TQQQ, D("89.505")), NOON)
    assert refused.value.about == "price"
    with pytest.raises(ImpossibleOperationError, match="not traded") as refused:
        engine.operate("2", MovePrice("NVDA", D(2)), NOON)  # type: ignore[arg-type]
    assert refused.value.about == "symbol"
    assert engine.market.touch(TQQQ).last == 100


async def test_an_operation_is_done_once_and_outlives_a_restart(tmp_path: Path) -> None:
    async with PaperMarket(paper_settings(tmp_path)) as market:
        first = await market.open()
        assert await first.exchange.operate("k", Adjust("USD", D(5))) is True
        assert await first.exchange.operate("k", Adjust("USD", D(5))) is False
        await first.exchange.operate("t", Adjust("TQQQ", D(3)))
        await first.exchange.operate("s", SplitUnits(TQQQ, 2, 1))
        await first.close()
        again = await market.open()
        assert await again.exchange.operate("k", Adjust("USD", D(5))) is False
        holdings = await again.holdings()
        assert holdings.cash == {"USD": D(10_005)}
        assert holdings.positions == {TQQQ: D(6)}
        assert inspect(market.settings.database, market.settings.account).holdings == {
            "USD": D(10_005),
            "TQQQ": D(6),
        }
        assert (await again.quote(TQQQ)).last == 50


def test_a_file_of_the_version_before_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "paper.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        database.prepare(connection)
        connection.executescript(
            "DROP TABLE operations; DROP TABLE close; PRAGMA user_version = 1;"
        )
        database.prepare(connection)
        for table in ("operations", "close"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)  # noqa: S608
        connection.execute("PRAGMA user_version = 9")
        with pytest.raises(PaperSettingsError, match="version 9"):
            database.prepare(connection)
