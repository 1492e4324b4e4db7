from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adapters.paper import Fault
from algorithms.domain import OrderType
from daemon.execution.halts import Scope
from tests.support.houses import house
from tests.support.world import buy, cancel, cancel_all, sell, world

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.world import Told, World

LIMIT = OrderType.LIMIT
LOW = buy("TQQQ", "1", kind=LIMIT, price="90")
PAIR = house({"a": ("alpha", "main"), "b": ("beta", "main")}, commission="0")


async def final(day: World, strategy: str, told: Told) -> Told:
    found = await day.status(strategy, told.body["id"])
    assert found is not None
    return found


async def test_orders_that_cross_inside_the_house_are_done_without_the_broker(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, PAIR) as day:
        await day.submit("alpha", buy("TQQQ", "10"))
        await day.pass_time(1)
        placed = len(await day.rows("all_children"))
        told = await asyncio.gather(
            day.submit("alpha", sell("TQQQ", "10")), day.submit("beta", buy("TQQQ", "10"))
        )
        assert [one.body["message"] for one in told] == ["1 order accepted"] * 2
        assert len(await day.rows("all_children")) == placed


async def test_an_order_that_its_strategy_cancels_before_it_was_placed_has_failed(
    tmp_path: Path,
) -> None:
    text = house({"a": ("alpha", "main")}, paper={"main": "client_order_ids = false"})
    async with world(tmp_path, text) as day:
        await day.submit("alpha", buy("SOXL", "1"))
        # Orders of one symbol leave one by one here, and the first one's answer is lost.
        day.exchange().faults.script("place", Fault.RESET_BEFORE)
        first, second = await asyncio.gather(
            day.submit("alpha", LOW), day.submit("alpha", buy("TQQQ", "2", kind=LIMIT, price="80"))
        )
        assert {first.http_status, second.http_status} == {202}
        assert (await day.submit("alpha", cancel_all())).http_status in {200, 202}
        await day.pass_time(30)
        assert (await final(day, "alpha", second)).body["status"] == "failed"
        assert await day.resting() == {}
        assert await day.rows("unfinished_requests") == []


async def test_an_order_held_up_by_a_halt_has_no_outcome_until_it_is_too_old(
    tmp_path: Path,
) -> None:
    text = house({"a": ("alpha", "main")}, paper={"main": "client_order_ids = false"})
    async with world(tmp_path, text) as day:
        await day.submit("alpha", buy("SOXL", "1"))
        broker = day.exchange()
        broker.faults.script("place", Fault.RESET_BEFORE)
        for _ in range(8):
            broker.faults.script("find", Fault.RESET_BEFORE)
        # The second order waits until the fate of the first is known.
        _, told = await asyncio.gather(
            day.submit("alpha", LOW), day.submit("alpha", buy("TQQQ", "2", kind=LIMIT, price="80"))
        )
        assert told.http_status == 202
        await day.engine.halts.halt(Scope.ALL, "", "lunch", day.clock.now())
        await day.pass_time(120)
        assert (await final(day, "alpha", told)).body["success"] is False
        assert await day.rows("unfinished_requests") == []
        assert await day.resting() == {}


async def test_a_request_has_one_answer_whatever_happens_to_its_orders_later(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, PAIR) as day:
        told = await day.submit("alpha", LOW)
        await day.submit("alpha", cancel_all())
        await day.pass_time(10)
        assert (await final(day, "alpha", told)).body == told.body
        rows = [row for row in await day.rows("all_requests") if not row["has_answer"]]
        assert rows == []


async def test_all_parts_of_an_answer_survive_the_wait_for_the_others(tmp_path: Path) -> None:
    async with world(tmp_path, PAIR) as day:
        (first,) = (await day.submit("alpha", LOW)).body["results"][0]["orders"]
        await day.submit("alpha", cancel_all())
        await day.submit("alpha", LOW)
        day.exchange().faults.script("cancel", Fault.DELAY, delay_s=0.5)
        told = await day.submit("alpha", cancel_all(), cancel(first["id"]), sell("TQQQ", "1"), LOW)
        outcomes = [
            (one["outcome"], one["id"] is not None)
            for result in told.body["results"]
            for one in result["orders"]
        ]
        assert outcomes == [
            ("ended_before", True),
            ("failed", False),
            ("cancelled", True),
            ("accepted", True),
        ]
        assert told.http_status == 207


async def test_an_order_that_became_too_old_is_not_crossed_late(tmp_path: Path) -> None:
    async with world(tmp_path, PAIR) as day:
        await day.submit("beta", buy("TQQQ", "5"))
        broker = day.exchange()
        broker.faults.script("place", Fault.RESET_BEFORE)
        for _ in range(100):
            broker.faults.script("find", Fault.RESET_BEFORE)
        # The second order waits for the fate of the first, and nobody tells it.
        assert (await day.submit("alpha", LOW)).http_status == 202
        stuck = await day.submit("alpha", buy("TQQQ", "5"))
        assert stuck.http_status == 202
        await day.pass_time(59)
        sold = await day.submit("beta", sell("TQQQ", "5"))
        assert sold.http_status == 200
        await day.pass_time(10)
        assert await day.rows("all_pairs") == []
        assert (await final(day, "alpha", stuck)).body["status"] == "dropped"


async def test_a_request_is_settled_though_one_of_its_orders_never_tells(tmp_path: Path) -> None:
    """A TWAP is done when it is stored; nothing of it moves until its first slice."""
    async with world(tmp_path, PAIR) as day:
        slow = buy("TQQQ", "2", kind=OrderType.TWAP, slices=2, minutes="60")
        day.exchange().faults.script("place", Fault.DELAY, delay_s=0.5)
        told = await day.submit("alpha", slow, LOW, slow, LOW)
        assert (told.http_status, told.body["message"]) == (200, "4 orders accepted")
