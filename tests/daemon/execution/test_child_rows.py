from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.domain import BrokerOrderId, ChildId, OrderType
from daemon.execution.child_rows import store_child
from tests.support.books import children
from tests.support.world import buy, world

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from algorithms.domain import ChildOrder
    from daemon.storage.tx import Tx


async def test_a_number_belongs_to_one_order_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(tmp_path) as here:
        for _ in range(2):
            await here.submit("alpha", buy("TQQQ", "1", kind=OrderType.LIMIT, price="90"))
        first, second = children(here)
        engine = here.engine
        day, taken = first["market_day"], BrokerOrderId(first["broker_order_id"])

        async def told(number: str, of: str) -> str | None:
            def work(tx: Tx) -> ChildOrder:
                child = engine.services.orders.child(tx, ChildId(of))
                named = child._replace(broker_order_id=BrokerOrderId(number), market_day=day)
                stored = store_child(tx, named)
                assert engine.services.orders.child(tx, ChildId(of)) == stored
                return stored

            return (await engine.store.write(work)).broker_order_id

        assert await told(taken, first["id"]) == taken
        assert await told("new", second["id"]) == "new"
        assert await told(taken, second["id"]) is None
        assert "which another order has" in caplog.text
