"""Accounts that begin, end and connect anew while the daemon works."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from adapters.virtual_time import VirtualTimeLoop
from algorithms.domain import AccountName
from tests.support.books import MAIN, all_is_well, paper
from tests.support.world import THREE_BOOKS, buy, started, world

if TYPE_CHECKING:
    from pathlib import Path

loop_factory = VirtualTimeLoop

OTHER = """
[accounts.other]
market = "24/7"
currency = "USD"
[accounts.other.paper]
prices = { TQQQ = "100" }
"""


async def test_a_renewed_account_goes_on_with_another_connection(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        fleet, old = here.engine.fleet, paper(here)
        order = started(here.submit("alpha", buy("TQQQ", "10")))
        await fleet.renew(MAIN)
        assert (await order).body["success"]
        assert paper(here) is not old
        await here.pass_time(5)
        assert fleet.accounts[MAIN].problem is None
        assert await here.held("a", "TQQQ") == 10
        await all_is_well(here)


async def test_an_ended_account_leaves_nothing_running(tmp_path: Path) -> None:
    async with world(tmp_path, THREE_BOOKS + OTHER) as here:
        fleet, other = here.engine.fleet, AccountName("other")
        runtime = fleet.accounts[other]
        await fleet.end(other)
        assert fleet.accounts.keys() == {MAIN}
        assert runtime.problem == "it is being stopped"
        await runtime.reconcile()
        await here.pass_time(120)
        assert here.engine.services.brokers.keys() == {MAIN}


async def test_accounts_are_compared_in_the_period_said_last(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        seen: list[float] = []
        broker, ask = paper(here), paper(here).holdings

        async def holdings() -> object:
            seen.append(here.clock.monotonic())
            return await ask()

        broker.holdings = holdings  # type: ignore[method-assign, assignment]
        begun = here.clock.monotonic()
        here.engine.fleet.compare_every(timedelta(seconds=7))
        await here.pass_time(22)
        assert [round(at - begun) for at in seen] == [7, 14, 21]
