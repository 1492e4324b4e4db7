from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.paper.faults import Fault
from algorithms.domain import AccountName, OrderType
from daemon.execution.stale import StaleOrders
from tests.daemon.jobs.mornings import house, morning, new_york, until
from tests.support.books import all_is_well, parents, told
from tests.support.world import buy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.world import World

MAIN = AccountName("main")
QUIET = '{ type = "schedule", cash = 1, weekdays = ["sun"] }'


async def end(here: World, *, keep_running: bool = False) -> set[str]:
    services = here.engine.services
    stale = StaleOrders(services.clock, services.persistence, services.orders, services.ids)
    return {
        str(book)
        for book in await stale.end(
            MAIN,
            here.clock.now(),
            keep_running=keep_running,
            day_of=lambda at: at.date(),
        )
    }


async def test_a_twap_in_the_middle_of_its_time_is_ended_with_its_fills(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": QUIET})) as here:
        await here.submit("bot", buy("TQQQ", "4", kind=OrderType.TWAP, slices=2, minutes="60"))
        await until(here, new_york(9, 30))
        assert await end(here) == set()
        (order,) = parents(here)
        assert (order["status"], order["remain"]) == ("expired", "2")
        assert told(here, "stale_order")[0]["remain"] == "2"
        await all_is_well(here)


async def test_where_there_is_no_night_a_running_schedule_goes_on(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": QUIET})) as here:
        await here.submit("bot", buy("TQQQ", "4", kind=OrderType.TWAP, slices=2, minutes="60"))
        await until(here, new_york(9, 30))
        assert await end(here, keep_running=True) == set()
        assert parents(here)[0]["status"] == "working"


async def test_limit_orders_of_webhooks_are_left_alone(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": QUIET})) as here:
        await here.submit("bot", buy("TQQQ", "4", kind=OrderType.LIMIT, price="90"))
        await here.pass_time(10)
        assert await end(here) == set()
        assert parents(here)[0]["status"] == "working"


async def test_an_end_that_is_not_confirmed_keeps_its_book_waiting(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": QUIET})) as here:
        await here.submit("bot", buy("TQQQ", "4", kind=OrderType.TWAP, slices=2, minutes="60"))
        for _ in range(40):
            here.exchange().faults.script("place", Fault.ANSWER_LOST_BEFORE)
            here.exchange().faults.script("find", Fault.SERVER_ERROR_BEFORE)
        await until(here, new_york(9, 16))
        assert await end(here) == {"bot"}
        assert len(told(here, "stale_order_stuck")) == 1
        assert parents(here)[0]["status"] == "working"
