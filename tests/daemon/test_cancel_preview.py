"""A preview is found by the code that cancels; the stories are told in api/test_by_hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algorithms.domain import OrderType, Side, StrategyName
from daemon.cancel_preview import cancel_preview
from tests.support.books import parents
from tests.support.loops import in_virtual_time
from tests.support.world import buy, cancel, cancel_all, world

if TYPE_CHECKING:
    from pathlib import Path

ALPHA = StrategyName("alpha")


def test_a_preview_leaves_no_trace_and_a_sold_out_filter_finds_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with world(tmp_path) as day:
            await day.submit("alpha", buy("TQQQ", "1", kind=OrderType.LIMIT, price="90"))
            await day.pass_time(1)
            before = parents(day)
            for command, count in (
                (cancel_all(), 1),
                (cancel_all("SOXL"), 0),
                (cancel_all(side=Side.SELL), 0),
                (cancel("unheard-of"), 0),
            ):
                told = await day.engine.store.read(
                    lambda view, command=command: cancel_preview(  # type: ignore[misc]
                        view, day.engine.cancels, ALPHA, [command]
                    )
                )
                orders = told["orders"]
                assert isinstance(orders, list)
                assert len(orders) == count
                assert all(order["at_broker"] == 1 for order in orders)
            assert parents(day) == before

    in_virtual_time(story())
