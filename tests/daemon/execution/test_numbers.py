from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.domain import BrokerOrderId, ChildId, OrderType
from daemon.execution.numbers import number_of
from tests.support.books import children
from tests.support.world import buy, world

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

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
            def work(tx: Tx) -> BrokerOrderId | None:
                child = engine.services.orders.child(tx, ChildId(of))
                unnamed = child._replace(broker_order_id=None)
                return number_of(tx, unnamed, BrokerOrderId(number), day)

            return await engine.store.write(work)

        assert await told(taken, first["id"]) == taken
        assert await told("new", second["id"]) == "new"
        assert await told(taken, second["id"]) is None
        assert "are both told as number" in caplog.text
