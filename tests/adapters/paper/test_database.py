from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from adapters.paper import database
from adapters.paper.database import Commit, SupersededError
from adapters.paper.errors import PaperSettingsError
from adapters.sqlite.driver import connect
from algorithms.domain import AccountName, ChildId, OrderType
from tests.support.paper_engine import BUY, NOON, SELL, TQQQ, make_engine, place, request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapters.paper.engine import Engine

MAIN, OTHER = AccountName("main"), AccountName("other")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(tmp_path / "paper.db", read_only=False)) as connection:
        database.prepare(connection)
        for account in (MAIN, OTHER):
            database.create(connection, account, currency="USD", cash=Decimal(10_000), at=NOON)
        yield connection


def commit_of(engine: Engine, serial: int = 1, account: AccountName = MAIN) -> Commit:
    changes = engine.take_changes()
    return Commit(
        account=account,
        serial=serial,
        cash=engine.account.cash,
        played_to=engine.now,
        counters=engine.counters,
        positions=engine.account.positions,
        prices=engine.market.take_unsaved(),
        orders=tuple(changes.orders.values()),
        fills=tuple(changes.fills),
    )


def test_what_a_commit_wrote_is_what_is_read_again(disk: sqlite3.Connection) -> None:
    engine = make_engine()
    place(engine, request("a", BUY, 3))
    open_order = place(engine, request("b", BUY, 1, OrderType.LIMIT, limit="90"))
    commit_of(engine).write(disk)
    stored = database.load(disk, MAIN)
    assert stored.serial == 1
    assert stored.cash == engine.account.cash == Decimal("9699.25")
    assert stored.positions == {TQQQ: 3}
    assert stored.open_orders == (open_order,)
    assert stored.counters == engine.counters
    assert stored.played_to == NOON
    assert {price.symbol: price.last for price in stored.prices}[TQQQ] == 100


def test_an_ended_order_is_no_longer_loaded_but_can_be_looked_up(disk: sqlite3.Connection) -> None:
    engine = make_engine()
    order = place(engine, request("a", BUY, 1, OrderType.LIMIT, limit="90"))
    commit_of(engine).write(disk)
    ended = engine.cancel(order)
    commit_of(engine, 2).write(disk)
    assert database.load(disk, MAIN).open_orders == ()
    assert database.order_of_client(disk, MAIN, ChildId("a")) == ended
    assert database.order_numbered(disk, MAIN, "1", NOON.date()) == ended
    assert database.order_numbered(disk, MAIN, "1", None) == ended
    assert database.order_numbered(disk, MAIN, "1", NOON.date() + timedelta(days=1)) is None
    assert database.order_of_client(disk, OTHER, ChildId("a")) is None


def test_accounts_share_a_file_and_nothing_else(disk: sqlite3.Connection) -> None:
    for account in (MAIN, OTHER):
        engine = make_engine()
        place(engine, request("a", BUY, 3 if account is MAIN else 5))
        commit_of(engine, account=account).write(disk)
    assert database.load(disk, MAIN).positions == {TQQQ: 3}
    assert database.load(disk, OTHER).positions == {TQQQ: 5}
    assert [fill.quantity for fill in database.fills_since(disk, OTHER, NOON)] == [5]


def test_of_two_who_trade_for_one_account_only_the_first_commits(
    disk: sqlite3.Connection,
) -> None:
    first, second = make_engine(), make_engine()
    place(first, request("a"))
    place(second, request("b"))
    commit_of(first).write(disk)
    with pytest.raises(SupersededError):
        commit_of(second).write(disk)
    assert not disk.in_transaction
    assert database.order_of_client(disk, MAIN, ChildId("b")) is None


def test_a_commit_that_fails_half_way_leaves_nothing(disk: sqlite3.Connection) -> None:
    engine = make_engine()
    place(engine, request("a"))
    commit = commit_of(engine)
    commit.write(disk)
    twice = replace(commit, serial=2, cash=Decimal(0))  # the trade id exists already
    with pytest.raises(sqlite3.IntegrityError):
        twice.write(disk)
    assert database.load(disk, MAIN).cash == commit.cash
    assert database.load(disk, MAIN).serial == 1


def test_look_alikes_agree_in_everything_a_venue_shows(disk: sqlite3.Connection) -> None:
    engine = make_engine(positions={TQQQ: 10})
    wanted = request("a", BUY, 2, OrderType.LIMIT, limit="90")
    alike = [place(engine, replace(wanted, client_id=ChildId(f"x{n}"))) for n in range(2)]
    place(engine, request("b", BUY, 3, OrderType.LIMIT, limit="90"))
    place(engine, request("c", BUY, 2, OrderType.LIMIT, limit="89"))
    place(engine, request("d", SELL, 2, OrderType.LIMIT, limit="190"))
    place(engine, request("e", BUY, 2))
    commit_of(engine).write(disk)
    assert database.orders_like(disk, MAIN, wanted, NOON) == tuple(alike)
    assert database.orders_like(disk, MAIN, wanted, NOON + timedelta(microseconds=1)) == ()


def test_fills_come_with_their_orders_oldest_first(disk: sqlite3.Connection) -> None:
    engine = make_engine(cuts_fills=True)
    order = place(engine, request("a", BUY, 40))
    engine.advance(NOON + timedelta(minutes=1))
    fills = engine.changes.fills
    commit_of(engine).write(disk)
    stored = database.order_of_client(disk, MAIN, ChildId("a"))
    assert stored is not None
    assert stored.filled == 40
    read = database.fills_of(disk, MAIN, stored)
    assert [fill.cumulative for fill in read] == [fill.cumulative for fill in fills]
    assert database.fills_since(disk, MAIN, NOON) == read
    assert database.fills_since(disk, MAIN, fills[1].at) == read[1:]
    assert read[0].order.placed_at == order.placed_at


def test_preparing_twice_is_harmless(disk: sqlite3.Connection) -> None:
    database.prepare(disk)
    database.create(disk, MAIN, currency="KRW", cash=Decimal(1), at=NOON)
    assert database.load(disk, MAIN).currency == "USD"


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "diary.db", read_only=False)) as connection:
        connection.execute("CREATE TABLE diary (entry TEXT)")
        with pytest.raises(PaperSettingsError, match="already holds something else"):
            database.prepare(connection)
        tables = connection.execute("SELECT name FROM sqlite_schema").fetchall()
        assert [name for (name,) in tables] == ["diary"]


def test_a_file_of_a_later_version_is_left_alone(disk: sqlite3.Connection) -> None:
    disk.execute("PRAGMA user_version = 99")
    with pytest.raises(PaperSettingsError, match="version 99, this is 3"):
        database.prepare(disk)


def test_every_lookup_uses_an_index(disk: sqlite3.Connection) -> None:
    """An account that has traded for years must not be read through."""
    seen: list[str] = []
    disk.set_trace_callback(seen.append)
    engine = make_engine()
    order = place(engine, request("a"))
    database.load(disk, MAIN)
    database.order_of_client(disk, MAIN, ChildId("a"))
    database.order_numbered(disk, MAIN, "1", None)
    database.orders_like(disk, MAIN, request("a"), NOON)
    database.fills_of(disk, MAIN, order)
    database.fills_since(disk, MAIN, NOON)
    disk.set_trace_callback(None)
    assert len(seen) == 10
    for statement in seen:
        plan = [row["detail"] for row in disk.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert not [step for step in plan if step.startswith("SCAN")], (statement, plan)
        whole_history = (
            "orders USING PRIMARY KEY (account=?)",
            "fills USING PRIMARY KEY (account=?)",
        )
        assert not [step for step in plan if step.endswith(whole_history)], (statement, plan)
