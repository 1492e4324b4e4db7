from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from algorithms.domain import OrderType
from daemon.execution.approvals import NotWaitingError
from daemon.execution.orders import UnknownOrderError
from tests.daemon.jobs.mornings import DAILY, house, morning, new_york, until
from tests.support.books import all_is_well, children, parents, told
from tests.support.world import buy, cancel_all, sell, started

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.world import World

ASKED = house({"bot": DAILY}, more='mode = "approve"')
QUIET = '{ type = "schedule", cash = 1, weekdays = ["sun"] }'
BY_WEBHOOK = house({"bot": QUIET}, more='mode = "approve"')


async def waiting(here: World, *, side: str = "buy") -> str:
    (order,) = parents(here, f"ended_at IS NULL AND side = '{side}'")
    assert order["reason"] == "waits for approval"
    return str(order["id"])


async def test_an_order_of_a_rule_waits_for_a_yes_and_is_then_worked(tmp_path: Path) -> None:
    async with morning(tmp_path, ASKED) as here:
        await until(here, new_york(9, 45))
        assert children(here) == []
        assert await here.reserved("bot", "USD") == 1000
        (wanted,) = told(here, "approval_wanted")
        assert (wanted["total"], wanted["until"]) == ("1000", "2026-11-20T21:00+00:00")

        await here.engine.approvals.approve(await waiting(here))
        await until(here, new_york(10, 30))

        # The slice of 09:40 has had its turn; three are left: 1000/3, 700/2, 400 at 100.50.
        assert [row["quantity"] for row in children(here)] == ["3", "3", "3"]
        assert len(told(here, "order_approved")) == 1
        await all_is_well(here)


async def test_with_no_twap_time_left_it_is_worked_at_once(tmp_path: Path) -> None:
    async with morning(tmp_path, ASKED) as here:
        await until(here, new_york(11))
        await here.engine.approvals.approve(await waiting(here))
        await here.pass_time(5)
        assert [row["quantity"] for row in children(here)] == ["9"]


async def test_a_webhook_order_is_answered_and_waits_too(tmp_path: Path) -> None:
    async with morning(tmp_path, BY_WEBHOOK) as here:
        answer = await here.submit("bot", buy("TQQQ", "3"))
        assert answer.http_status == 202
        assert children(here) == []
        await here.engine.approvals.approve(await waiting(here))
        await here.pass_time(5)
        assert await here.held("bot", "TQQQ") == 3
        await all_is_well(here)


async def test_a_twap_by_webhook_gets_the_slices_whose_time_is_still_to_come(
    tmp_path: Path,
) -> None:
    async with morning(tmp_path, BY_WEBHOOK) as here:
        twap = buy("TQQQ", "4", kind=OrderType.TWAP, slices=4, minutes="40")
        asked = started(here.submit("bot", twap))
        await until(here, new_york(9, 22))
        await here.engine.approvals.approve(await waiting(here))
        await until(here, new_york(9, 45))
        assert [row["quantity"] for row in children(here)] == ["1", "1", "2"]
        await asked


async def test_what_waits_never_nets(tmp_path: Path) -> None:
    text = house({"bot": DAILY, "seller": QUIET})
    text = text.replace('cash = "1000" }', 'cash = "1000" }\nmode = "approve"')
    async with morning(tmp_path, text) as here:
        await here.submit("seller", buy("TQQQ", "5"))
        await until(here, new_york(9, 36))
        later = sell("TQQQ", "5", kind=OrderType.TWAP, slices=1, minutes="120")
        await here.submit("seller", later)
        await here.pass_time(60)
        assert told(here, "pair_crossed") == []

        await here.engine.approvals.approve(await waiting(here))
        await here.pass_time(1)

        (pair,) = told(here, "pair_crossed")
        assert (pair["buyer"], pair["seller"], pair["quantity"]) == ("bot", "seller", "5")
        await all_is_well(here)


async def test_a_no_ends_it_and_frees_its_cash(tmp_path: Path) -> None:
    async with morning(tmp_path, ASKED) as here:
        await until(here, new_york(9, 45))
        order = await waiting(here)
        await here.engine.approvals.reject(order)
        (row,) = parents(here)
        assert (row["status"], row["reason"]) == ("cancelled", "not approved")
        assert await here.reserved("bot", "USD") == 0
        with pytest.raises(NotWaitingError, match="was rejected before"):
            await here.engine.approvals.approve(order)


async def test_at_the_close_its_time_is_over(tmp_path: Path) -> None:
    async with morning(tmp_path, ASKED) as here:
        await until(here, new_york(16, 1))
        (row,) = parents(here)
        assert (row["status"], row["reason"]) == ("expired", "not approved in time")
        with pytest.raises(NotWaitingError):
            await here.engine.approvals.approve(row["id"])


async def test_its_strategy_may_still_cancel_it(tmp_path: Path) -> None:
    async with morning(tmp_path, BY_WEBHOOK) as here:
        asked = started(here.submit("bot", buy("TQQQ", "3")))
        await here.pass_time(1)
        order = await waiting(here)
        await here.submit("bot", cancel_all())
        with pytest.raises(NotWaitingError, match="has ended: cancelled"):
            await here.engine.approvals.approve(order)
        await asked
        await all_is_well(here)


async def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    async with morning(tmp_path, ASKED) as here:
        await until(here, new_york(9, 36))
        clock = here.clock
    async with morning(tmp_path, ASKED, clock=clock, seed=2) as here:
        await until(here, new_york(9, 45))
        await here.engine.approvals.approve(await waiting(here))
        await until(here, new_york(10, 30))
        assert await here.held("bot", "TQQQ") == 9


async def test_only_an_order_that_waits_can_be_decided_on(tmp_path: Path) -> None:
    async with morning(tmp_path, house({"bot": DAILY})) as here:
        await until(here, new_york(9, 36))
        (order,) = parents(here)
        with pytest.raises(NotWaitingError, match="needs no approval"):
            await here.engine.approvals.approve(order["id"])
        with pytest.raises(UnknownOrderError):
            await here.engine.approvals.reject("nothing")
