from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from adapters.paper.inspection import inspect
from adapters.sqlite.driver import connect
from algorithms.domain import AccountName, OrderType
from tests.support.loops import in_virtual_time
from tests.support.world import buy, world

if TYPE_CHECKING:
    from pathlib import Path

MAIN = AccountName("main")


def test_holdings_and_all_orders_are_read_and_nothing_is_written(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            await day.submit("alpha", buy("TQQQ", "10"))
            await day.submit("beta", buy("TQQQ", "2", kind=OrderType.LIMIT, price="50"))
            await day.pass_time(5)

    in_virtual_time(story())
    database = tmp_path / "data" / "paper-main.db"
    before = database.read_bytes()
    view = inspect(database, MAIN)
    assert view.holdings == {"TQQQ": Decimal(10), "USD": Decimal("298997.5")}
    assert view.orders is not None
    assert [(one.is_alive, one.filled) for one in view.orders] == [
        (False, Decimal(10)),
        (True, Decimal(0)),
    ]
    assert {one.client_id.partition("-")[0] for one in view.orders} == {"alpha", "beta"}
    assert database.read_bytes() == before
    assert inspect(database, AccountName("other")).holdings is None


def test_an_exchange_that_was_never_opened_has_nothing(tmp_path: Path) -> None:
    view = inspect(tmp_path / "none.db", MAIN)
    assert (view.holdings, view.orders) == (None, None)
    assert list(tmp_path.iterdir()) == []


def test_an_exchange_whose_tables_were_never_made_has_nothing(tmp_path: Path) -> None:
    connect(tmp_path / "torn.db", read_only=False).close()
    view = inspect(tmp_path / "torn.db", MAIN)
    assert (view.holdings, view.orders) == (None, None)
